// response_reader.h: reads the one response of a connection: its head and, when its status is 200,
// its body.
//
// Shape:   a state machine without a socket. Take is given what came, End that no more will.
// Threads: one.
// Bounds:  the head, the body, and all bytes with the framing of chunks: twice the body's.
// Errors:  INVALID_ARGUMENT: another status, a redirect too; an encoded body; more bytes than
//          bounded; malformed, or with its end missing. Nothing of the answer is repeated but its
//          status. After an error the reader is not used again.
// Source:  RFC 9112.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace tocsin::http {

class ResponseReader {
 public:
  struct Bounds {
    size_t head;
    size_t body;
  };

  explicit ResponseReader(const Bounds& bounds);
  ~ResponseReader();

  absl::Status Take(std::string_view bytes);
  absl::Status End();
  bool done() const;
  // Once done.
  std::string body() &&;

 private:
  struct Parser;
  absl::Status CheckHead() const;

  const size_t most_bytes_;
  size_t taken_ = 0;
  std::string kept_;  // what the parser has not taken yet
  std::unique_ptr<Parser> parser_;
};

}  // namespace tocsin::http
