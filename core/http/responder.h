// responder.h: what a handler does with a request: answers it, now or later; streams; or takes the
// connection over.
//
// Shape:   exactly one outcome a request. A responder that goes away without one answers 500, so a
//          handler that throws or forgets still answers. After the handler's time (limits.h) the
//          connection answers 503 by itself, and what the responder then does is passed over; so it
//          is when the client has gone.
// Threads: Respond, and dropping it, on any thread, as long as the IoThread is there. Stream and
//          TakeOver inside the handler only.
// Owns:    a weak hold on the connection.
//
// A stream, in full:
//
//   void Events(HttpRequest& request, Responder responder) {     // a route's handler
//     HttpResponse head{.status = 200, .content_type = "text/event-stream"};
//     std::move(responder).Stream(std::move(head), [&](ResponseStream& out) {
//       return std::make_unique<EventStream>(worker, out, …);    // a StreamOwner
//     });
//   }
//
// The owner lives as long as the stream: when the client has gone, a send failed, or the stream has
// ended, it is destroyed in a turn of its own, never from inside a call to `out`. What it sends in
// its constructor leaves together with the head. In answer to HEAD no owner is made.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <utility>

#include "absl/functional/function_ref.h"
#include "core/http/byte_stream.h"
#include "core/http/connection_limits.h"
#include "core/http/message.h"

namespace tocsin::http {

class IoThread;

// The sending side of a streamed response: chunked on HTTP/1.1, ended by closing on 1.0. All calls
// on the connection's thread.
class ResponseStream {
 public:
  using Parts = std::span<const std::string_view>;

  virtual ~ResponseStream() = default;
  // Sends the bulk, as OutStream has it: at most one batch is in flight. True when it has left
  // already; else StreamOwner::OnBatchSent follows, unless the stream ends. The parts are one after
  // the other on the wire, in one gathered write, and gone when this returns.
  virtual bool SendBatch(Parts parts) = 0;
  bool SendBatch(std::string_view bytes) { return SendBatch(Parts(&bytes, 1)); }
  // Sends beside the batch, in the order of the calls. Bound it: see BytesWaiting.
  virtual void Send(std::string_view bytes) = 0;
  // The last of it. What was sent still leaves, for as long as the client takes it.
  virtual void End() = 0;
  // At once; a client of HTTP/1.1 sees that the response was cut.
  virtual void Abort() = 0;
  // Bytes that the client's side has acknowledged; looked up only while a batch is in flight.
  virtual uint64_t BytesTaken() = 0;
  // Bytes given to Send that still wait.
  virtual size_t BytesWaiting() const = 0;
};

// Who fills a stream.
class StreamOwner {
 public:
  virtual ~StreamOwner() = default;
  // The batch that SendBatch did not send at once has left.
  virtual void OnBatchSent() = 0;
  // A few times a second: heartbeats, deadlines. There is no other timer on an idle stream.
  virtual void Tick() = 0;
  // The program goes: say so, as the protocol has it, and End. `slot`: when the client may return.
  virtual void Drain(absl::Duration slot) = 0;
  // As Connection::OnSourceChange.
  virtual void OnSourceChange() {}
  // Before it is destroyed, where the client has gone or stopped taking what is sent.
  virtual void OnClientGone() {}
  // Beside what `out` holds.
  virtual size_t MemoryBytes() const { return 0; }
};

// A connection that has left HTTP, with nothing of it sent: the handler answers the upgrade.
struct TakenOver {
  std::unique_ptr<ByteStream> stream;
  ConnectionLimits::Ticket ticket;
};

using MakeStreamOwner = absl::FunctionRef<std::unique_ptr<StreamOwner>(ResponseStream&)>;

// The connection, as a responder sees it. A connection has one request at a time, each request has
// one responder, and after a handler that took too long the connection ends: so an outcome is
// either that of the request in hand or comes too late and is ignored.
class Exchange {
 public:
  virtual ~Exchange() = default;
  virtual void Respond(HttpResponse response) = 0;
  virtual void Stream(HttpResponse head, MakeStreamOwner make) = 0;
  virtual TakenOver TakeOver() = 0;
};

class Responder {
 public:
  Responder(IoThread& io, std::weak_ptr<Exchange> exchange)
      : io_(&io), exchange_(std::move(exchange)) {}
  Responder(Responder&& other) noexcept
      : io_(std::exchange(other.io_, nullptr)), exchange_(std::move(other.exchange_)) {}
  Responder& operator=(Responder&&) = delete;
  ~Responder();

  // The status, its fields and the whole body.
  void Respond(HttpResponse response) &&;
  // `head` without a body.
  void Stream(HttpResponse head, MakeStreamOwner make) &&;
  // Only for a request that nothing followed (HttpRequest::followed).
  TakenOver TakeOver() &&;

 private:
  IoThread* io_;  // null: the outcome is known
  std::weak_ptr<Exchange> exchange_;
};

}  // namespace tocsin::http
