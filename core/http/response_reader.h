// response_reader.h: reads the one response of a connection: its head and, when its status is 200,
// its body.
//
// Shape:   a state machine without a socket. Take is given what came, End that no more will.
// Threads: one.
// Bounds:  the head, the body, and all bytes with the framing of chunks: twice the body's.
// Errors:  INVALID_ARGUMENT: another status, a redirect too; an encoded body; more bytes than
//          bounded; malformed, with trailers, or with its end missing. Nothing of the answer is repeated but its
//          status. After an error the reader is not used again.
// Source:  RFC 9112.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "core/http/body_reader.h"

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
  // Where the body ends: known once the head is whole.
  enum class Framing : uint8_t { kUnknown, kTold, kToTheEnd };

  absl::Status CheckHead() const;
  void BeginBody();
  absl::Status TakeBody(std::string_view bytes);

  const size_t most_bytes_;
  const size_t most_body_bytes_;
  size_t taken_ = 0;
  std::string kept_;  // what the parser of the head has not taken yet
  std::unique_ptr<Parser> parser_;
  Framing framing_ = Framing::kUnknown;
  BodyReader told_;         // by a length, or in chunks
  std::string to_the_end_;  // of the connection
  bool ended_ = false;
};

}  // namespace tocsin::http
