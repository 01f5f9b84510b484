// tls_server.h: begins the encrypted connections of a server.
//
// Shape:   ServeTls does the handshake, and then serves HTTP as over a plain socket. A client that
//          speaks HTTP without encryption is told so, in HTTP. TlsServer holds what new handshakes
//          use; connections that have begun keep what they began with.
// Bounds:  handshakes under way: handshake_places.h.
// Threads: ServeTls on the IoThread; TlsServer on any.
// Errors:  a handshake that fails or takes longer than limits::kTlsHandshakeTimeout ends the
//          connection and is told to `on_failure`.
// Source:  docs/protocol.md, section 8.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "core/base/mutex.h"
#include "core/http/byte_stream.h"
#include "core/http/connection_limits.h"
#include "core/http/handshake_places.h"
#include "core/http/io_thread.h"
#include "core/http/message.h"
#include "core/http/service.h"
#include "core/tls/server_context.h"

namespace tocsin::http {

class TlsServer {
 public:
  // Tickets are made from new keys after this time, so that a key that gets known gives little away.
  static constexpr absl::Duration kTicketKeysTime = absl::Hours(12);

  using OnFailure = std::function<void()>;  // called on the IoThreads

  static absl::StatusOr<std::unique_ptr<TlsServer>> Make(const tls::Certificate& certificate,
                                                         Clock& clock, OnFailure on_failure);
  // From now on. On an error what is in use stays.
  absl::Status Use(const tls::Certificate& certificate);
  std::shared_ptr<SSL_CTX> context();

  void OnHandshakeFailed() { on_failure_(); }
  HandshakePlaces& handshakes() { return handshakes_; }

 private:
  TlsServer(Clock& clock, OnFailure on_failure)
      : clock_(clock), on_failure_(std::move(on_failure)) {}
  absl::Status UseLocked(const tls::Certificate& certificate) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  Clock& clock_;
  const OnFailure on_failure_;
  HandshakePlaces handshakes_;
  Mutex mutex_;
  std::optional<tls::Certificate> certificate_ ABSL_GUARDED_BY(mutex_);
  std::shared_ptr<SSL_CTX> context_ ABSL_GUARDED_BY(mutex_);
  tls::TicketKeys ticket_keys_ ABSL_GUARDED_BY(mutex_);
  std::optional<absl::Duration> keys_made_ ABSL_GUARDED_BY(mutex_);
};

// Serves one connection. `refusal` as for ServeHttp. `server` outlives the connection.
void ServeTls(IoThread& io, Service& service, TlsServer& server, std::unique_ptr<ByteStream> stream,
              ConnectionLimits::Ticket ticket, std::optional<HttpResponse> refusal = std::nullopt);

}  // namespace tocsin::http
