// responder.h: how a handler answers a request: with a response, now or later; with a stream; or by
// taking the connection over.
//
// Shape:   a request has exactly one outcome. A responder that is destroyed without one answers
//          500, so a handler that throws still answers. If the handler takes too long (limits.h),
//          the connection answers 503 itself, and the responder then does nothing; nor does it when
//          the client has gone.
// Threads: Respond and the destructor on any thread, while the IoThread exists. Stream and TakeOver
//          inside the handler only.
// Owns:    a weak reference to the connection.
//
// A handler that streams:
//
//   void Events(HttpRequest& request, Responder responder) {     // a route's handler
//     HttpResponse head{.status = 200, .content_type = "text/event-stream"};
//     std::move(responder).Stream(std::move(head), [&](ResponseStream& out) {
//       return std::make_unique<EventStream>(worker, out, …);    // a StreamOwner
//     });
//   }
//
// The owner lives as long as the stream. When the client has gone, a send has failed, or the stream
// has ended, the owner is destroyed in a turn of its own, never from inside a call to `out`. What
// its constructor sends leaves together with the head. No owner is made for a HEAD request.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
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
  // Sends a batch (see OutStream); at most one is in flight. True when it has left already; else
  // StreamOwner::OnBatchSent follows, unless the stream ends. The parts go on the wire one after
  // the other, in one gathered write, and need not live longer than the call.
  virtual bool SendBatch(Parts parts) = 0;
  bool SendBatch(std::string_view bytes) { return SendBatch(Parts(&bytes, 1)); }
  // Sends beside the batch, in the order of the calls. The caller bounds it, by BytesWaiting.
  virtual void Send(std::string_view bytes) = 0;
  // Ends the response. What was sent before still leaves, as long as the client takes it.
  virtual void End() = 0;
  // Closes the connection at once. A client of HTTP/1.1 sees that the response is not complete.
  virtual void Abort() = 0;
  // The number of bytes that the client's side has acknowledged. Only kept up to date while
  // something waits to be sent.
  virtual uint64_t BytesTaken() = 0;
  // Bytes given to Send that still wait.
  virtual size_t BytesWaiting() const = 0;
  // As ByteStream has it.
  virtual std::string PeerAddress() const { return ""; }
};

// The object that a handler makes to write a stream.
class StreamOwner {
 public:
  virtual ~StreamOwner() = default;
  // The batch that SendBatch did not send at once has left.
  virtual void OnBatchSent() = 0;
  // Called a few times a second, for heartbeats and deadlines. An idle stream has no other timer.
  virtual void Tick() = 0;
  // The program goes down: tells the client so, in the stream's protocol, and calls End. The client
  // may come back after `slot`.
  virtual void Drain(absl::Duration slot) = 0;
  // See Connection::OnSourceChange.
  virtual void OnSourceChange() {}
  // The client has gone, or takes nothing any more. The owner is destroyed next.
  virtual void OnClientGone() {}
  // Without what `out` holds.
  virtual size_t MemoryBytes() const { return 0; }
};

// A connection that has left HTTP. Nothing has been sent: the new owner answers the upgrade.
struct TakenOver {
  std::unique_ptr<ByteStream> stream;
  ConnectionLimits::Ticket ticket;  // knows the client's address
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

  // Answers with a whole response.
  void Respond(HttpResponse response) &&;
  // Answers with a stream; the body of `head` is not used.
  void Stream(HttpResponse head, MakeStreamOwner make) &&;
  // Takes the connection over. Only for a request that no bytes followed (HttpRequest::followed).
  TakenOver TakeOver() &&;

 private:
  IoThread* io_;  // null once the request has its outcome
  std::weak_ptr<Exchange> exchange_;
};

}  // namespace tocsin::http
