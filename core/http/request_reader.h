// request_reader.h: reads a connection's requests, one after the other: head, route, and body.
//
// Shape:   a state machine without a socket: Take is given bytes and says what to do next. Bytes
//          that follow a whole request are kept until the next one is begun.
// Threads: the connection's.
// Owns:    the request, its share of the room for bodies, and the bytes that wait.
// Errors:  a request that cannot be served is a Step with its answer. Where its end in the bytes is
//          not certain, that answer is the connection's last.
// Source:  RFC 9112, section 2; the deadlines are in core/event/limits.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "core/base/clock.h"
#include "core/http/body_reader.h"
#include "core/http/connection_limits.h"
#include "core/http/message.h"
#include "core/http/service.h"

namespace tocsin::http {

class RequestReader {
 public:
  struct Step {
    enum class Kind : uint8_t {
      kNeedsBytes,
      kContinue,  // the client waits for "100 Continue" before it sends the body
      kRequest,   // request() is whole, and route() serves it
      kAnswer,    // `answer` is due; no handler is asked
    };
    Kind kind = Kind::kNeedsBytes;
    std::optional<HttpResponse> answer = {};
    bool last = false;  // the connection ends after the answer
  };

  // `refusal`, if there is one, answers the first request. The connection's `ticket` is counted for
  // the client of each request, where a trusted proxy sends those of several.
  RequestReader(Service& service, Clock& clock, std::optional<HttpResponse> refusal,
                ConnectionLimits::Ticket* ticket = nullptr);

  // Not between kRequest or kAnswer and the call of BeginNext.
  Step Take(std::string_view bytes);
  // The request has been answered. What was kept is then to be taken: see has_bytes.
  void BeginNext();
  Step TakeKept();

  // Past one of the deadlines: for the head, the body, a silence within the body, or, between
  // requests, for the next one to begin.
  bool TimedOut() const;
  // What a client is told whose request came too slowly; nothing when none has begun.
  std::optional<HttpResponse> AnswerTooLate() const;

  HttpRequest& request() { return request_; }
  const Route& route() const { return *route_; }
  // Gives the body's share of the room back.
  void ReleaseBody();
  // Drops the bytes that are kept.
  void DropBytes() { std::string().swap(kept_); }

  bool has_bytes() const { return !kept_.empty(); }
  // No byte of the next request has come.
  bool idle() const { return !in_body_ && kept_.empty(); }
  absl::Duration idle_since() const { return idle_since_; }
  size_t heap_bytes() const;

 private:
  Step OnHead(std::string_view head, std::string_view rest);
  // Who asks. An error: they may not.
  absl::Status FindClient();
  Step TakeBody(std::string_view bytes);
  void SetDeadline(absl::Duration time) { deadline_ = clock_.Monotonic() + time; }

  Service& service_;
  Clock& clock_;
  std::optional<HttpResponse> refusal_;
  ConnectionLimits::Ticket* const ticket_;
  const IpAddress peer_;
  HttpRequest request_;
  const Route* route_ = nullptr;
  BodyReader body_;
  BodyShare share_;
  std::string kept_;  // a head that is not whole, or what follows the request
  absl::Duration deadline_;
  absl::Duration heard_;  // the last part of the body
  absl::Duration idle_since_;
  bool in_body_ = false;
  bool between_requests_ = false;  // one has been answered, and no byte of the next has come
  bool continued_ = false;         // the client has been told to send the body
};

}  // namespace tocsin::http
