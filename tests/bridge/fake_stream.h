// fake_stream.h: the client's end of a streamed response: a string.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "core/http/responder.h"

namespace tocsin::bridge::testing {

class FakeStream : public http::ResponseStream {
 public:
  bool SendBatch(Parts parts) override {
    EXPECT_FALSE(in_flight);
    EXPECT_FALSE(ended) << "sent after the end";
    size_t size = 0;
    for (std::string_view part : parts) {
      bytes += part;
      size += part.size();
    }
    EXPECT_GT(size, 0u) << "an empty chunk would be the last one";
    in_flight = !sends_at_once;
    return sends_at_once;
  }
  void Send(std::string_view part) override {
    EXPECT_FALSE(ended) << "sent after the end";
    bytes += part;
  }
  void End() override { ended = true; }
  void Abort() override { aborted = true; }
  uint64_t BytesTaken() override { return taken; }
  size_t BytesWaiting() const override { return 0; }

  std::string bytes;
  bool sends_at_once = true;
  bool in_flight = false;
  bool ended = false;
  bool aborted = false;
  uint64_t taken = 0;
};

}  // namespace tocsin::bridge::testing
