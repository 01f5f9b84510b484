// body_reader.h: a request's body out of the bytes behind its head: by length, or chunked.
//
// Shape:   a state machine without a socket. Take appends what belongs to the body and answers how
//          many of the bytes it used; what is left over is the next request's.
// Threads: one.
// Owns:    the body so far, at most `max_bytes`.
// Errors:  a Refusal (400 for wrong framing and for trailers, 413 for a body beyond its bound),
//          after which nothing is taken. Where a chunked body ends is then not known: close.
// Source:  RFC 9112, sections 6 and 7. Extensions of chunks are passed over, as it asks, but a
//          chunk's line is at most kMaxChunkLine bytes long.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "core/http/message.h"
#include "core/http/request_checks.h"

namespace tocsin::http {

inline constexpr size_t kMaxChunkLine = 256;

class BodyReader {
 public:
  BodyReader() = default;
  // For a body framed as the request's head says. A length beyond the bound is refused by the first
  // Take, whatever it is given.
  BodyReader(const HttpRequest& request, size_t max_bytes);

  size_t Take(std::string_view bytes);
  bool done() const { return state_ == State::kDone; }
  const std::optional<Refusal>& refusal() const { return refusal_; }

  size_t size() const { return body_.size(); }
  size_t heap_bytes() const { return body_.capacity() + line_.capacity(); }
  std::string Release() { return std::move(body_); }

 private:
  enum class State : uint8_t { kSize, kData, kDataEnd, kLastLine, kDone };

  size_t TakeData(std::string_view bytes);
  size_t TakeLine(std::string_view bytes);
  void OnLine();
  void OnChunkSize();
  void CheckBound();
  void Refuse(int status, std::string detail);

  size_t max_bytes_ = 0;
  bool chunked_ = false;
  State state_ = State::kDone;
  uint64_t left_ = 0;  // of the chunk, or of the whole
  std::string body_;
  std::string line_;  // of a chunk's framing, not whole yet
  std::optional<Refusal> refusal_;
};

}  // namespace tocsin::http
