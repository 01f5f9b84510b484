// opening_connection.h: a connection before HTTP, while something else must come first: a proxy's
// header, or a TLS handshake.
//
// Shape:   a derived class makes its Step with what has come, and waits for more; when all is there
//          it takes stream, ticket and refusal by Leave and hands them on. TimedOut is called once
//          the time is over.
// Threads: the IoThread's.
// Owns:    stream and ticket until Leave.
// Errors:  a stream that ends or fails ends the connection, as does an exception of a step.
#pragma once

#include <memory>
#include <optional>

#include "core/http/byte_stream.h"
#include "core/http/connection_limits.h"
#include "core/http/io_thread.h"
#include "core/http/message.h"

namespace tocsin::http {

// What a connection has before it speaks HTTP. `refusal` as for ServeHttp.
struct Opening {
  std::unique_ptr<ByteStream> stream;
  ConnectionLimits::Ticket ticket;
  std::optional<HttpResponse> refusal;
};

class OpeningConnection : public Connection {
 public:
  void Start();

  void Tick() override;
  void Drain(absl::Duration) override { Finish(); }
  void Abort() override { Finish(); }

 protected:
  // `what` names it in a log.
  OpeningConnection(IoThread& io, const char* what, Opening opening, absl::Duration time);

  virtual void Step() = 0;
  virtual void TimedOut() = 0;
  // Called before the connection leaves the thread's list, however it ends.
  virtual void OnLeave() {}

  IoThread& io() { return io_; }
  ByteStream& stream() { return *opening_.stream; }
  void ReplaceStream(std::unique_ptr<ByteStream> stream) { opening_.stream = std::move(stream); }
  std::unique_ptr<ByteStream> TakeStream() { return std::move(opening_.stream); }
  ConnectionLimits::Ticket& ticket() { return opening_.ticket; }
  std::optional<HttpResponse>& refusal() { return opening_.refusal; }
  size_t StreamBytes() const { return opening_.stream ? opening_.stream->MemoryBytes() : 0; }

  // Makes the next step when the stream is ready.
  void Wait(Readiness readiness);
  // Off the thread's list; what it had is the caller's. The caller holds shared_from_this().
  Opening Leave();
  // Closes the connection.
  void Finish();

 private:
  void GuardedStep();

  IoThread& io_;
  const char* const what_;
  Opening opening_;
  const absl::Duration deadline_;
  bool open_ = true;
};

}  // namespace tocsin::http
