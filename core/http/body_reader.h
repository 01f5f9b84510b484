// body_reader.h: reads a request's body, by its length or chunked, from the bytes after the head.
//
// Shape:   a state machine without a socket. Take appends the bytes that belong to the body and
//          returns how many it used; the bytes after them belong to the next request.
// Threads: one.
// Owns:    the body so far, at most `max_bytes`.
// Errors:  a Refusal: 400 for wrong framing and for trailers, 413 for a body beyond its bound. Then
//          the end of the body is not known, so the connection must close.
// Source:  RFC 9112, sections 6 and 7. Chunk extensions are ignored, as it asks, but a chunk's line
//          may have at most kMaxChunkLine bytes.
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
  // The request's head says how the body is framed. The first call of Take refuses a length beyond
  // the bound, even if it is given no bytes.
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
  uint64_t left_ = 0;  // bytes of the chunk, or of the whole body, that are still to come
  std::string body_;
  std::string line_;  // an unfinished line of the chunks' framing
  std::optional<Refusal> refusal_;
};

}  // namespace tocsin::http
