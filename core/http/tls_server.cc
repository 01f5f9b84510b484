#include "core/http/tls_server.h"

#include <array>
#include <string>
#include <utility>

#include "core/base/log.h"
#include "core/base/status_macros.h"
#include "core/http/last_words.h"
#include "core/http/server_connection.h"
#include "core/http/tls_stream.h"

namespace tocsin::http {
namespace {

class TlsHandshake final : public Connection {
 public:
  TlsHandshake(IoThread& io, Service& service, TlsServer& server,
               std::unique_ptr<ByteStream> stream, ConnectionLimits::Ticket ticket,
               std::optional<HttpResponse> refusal)
      : io_(io),
        service_(service),
        server_(server),
        context_(server.context()),
        stream_(std::make_unique<TlsStream>(io.io(), std::move(stream), *context_)),
        ticket_(std::move(ticket)),
        refusal_(std::move(refusal)),
        deadline_(io.clock().Monotonic() + limits::kTlsHandshakeTimeout) {}

  void Start() {
    Guard([this] { Step(); });
  }

  void Tick() override {
    if (io_.clock().Monotonic() >= deadline_) {
      Fail("it took too long");
    }
  }
  void Drain(absl::Duration) override { Finish(); }
  void Abort() override { Finish(); }
  size_t MemoryBytes() const override {
    return sizeof(*this) + (stream_ == nullptr ? 0 : stream_->MemoryBytes());
  }

 private:
  template <class Call>
  void Guard(Call call) {
    if (!Guarded("tls handshake", call)) {
      Finish();
    }
  }

  void Step() {
    const IoResult result = stream_->Handshake();
    switch (result.state) {
      case IoResult::State::kDone:
        return Serve();
      case IoResult::State::kBlocked:
        return Wait(result.wait_for);
      case IoResult::State::kEnd:
      case IoResult::State::kFailed:
        return stream_->peer_spoke_plain_http() ? TellToUseTls() : Fail(stream_->error());
    }
  }

  void Serve() {
    const auto keep = shared_from_this();
    io_.Remove(*this);
    ServeHttp(io_, service_, std::move(stream_), std::move(ticket_), std::move(refusal_));
  }

  void TellToUseTls() {
    const auto keep = shared_from_this();
    io_.Remove(*this);
    const auto stream = std::move(stream_);
    SayLastWords(io_, stream->ReleaseCarrier(), std::move(ticket_),
                 {400, "this port takes encrypted connections only: use https:// or wss://"});
  }

  void Wait(Readiness readiness) {
    stream_->Wait(readiness,
                  [self = std::static_pointer_cast<TlsHandshake>(shared_from_this())](bool ok) {
                    if (self->stream_ != nullptr) {
                      self->Guard([&] { ok ? self->Step() : self->Finish(); });
                    }
                  });
  }

  void Fail(const std::string& why) {
    server_.OnHandshakeFailed();
    LogDebug("a TLS handshake failed", {{"why", why}});
    Finish();
  }
  void Finish() {
    const auto keep = shared_from_this();
    if (stream_ != nullptr) {
      stream_->Close();
      stream_.reset();
      ticket_ = {};
      io_.Remove(*this);
    }
  }

  IoThread& io_;
  Service& service_;
  TlsServer& server_;
  const std::shared_ptr<SSL_CTX> context_;
  std::unique_ptr<TlsStream> stream_;
  ConnectionLimits::Ticket ticket_;
  std::optional<HttpResponse> refusal_;
  const absl::Duration deadline_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<TlsServer>> TlsServer::Make(const tls::Certificate& certificate,
                                                           Clock& clock, OnFailure on_failure) {
  std::unique_ptr<TlsServer> server(new TlsServer(clock, std::move(on_failure)));
  RETURN_IF_ERROR(server->Use(certificate));
  return server;
}

absl::Status TlsServer::Use(const tls::Certificate& certificate) {
  const MutexLock lock(mutex_);
  return UseLocked(certificate);
}

absl::Status TlsServer::UseLocked(const tls::Certificate& certificate) {
  const absl::Duration now = clock_.Monotonic();
  if (!keys_made_.has_value() || now - *keys_made_ >= kTicketKeysTime) {
    ticket_keys_ = tls::NewTicketKeys();
    keys_made_ = now;
  }
  ASSIGN_OR_RETURN(context_, tls::MakeServerContext(certificate, ticket_keys_));
  certificate_ = certificate;
  return absl::OkStatus();
}

std::shared_ptr<SSL_CTX> TlsServer::context() {
  const MutexLock lock(mutex_);
  if (clock_.Monotonic() - *keys_made_ >= kTicketKeysTime) {
    const tls::Certificate certificate = *certificate_;
    const absl::Status renewed = UseLocked(certificate);
    if (!renewed.ok()) {
      LogError("the keys of session tickets could not be renewed", {{"why", renewed.ToString()}});
    }
  }
  return context_;
}

void ServeTls(IoThread& io, Service& service, TlsServer& server, std::unique_ptr<ByteStream> stream,
              ConnectionLimits::Ticket ticket, std::optional<HttpResponse> refusal) {
  auto handshake = std::make_shared<TlsHandshake>(io, service, server, std::move(stream),
                                                  std::move(ticket), std::move(refusal));
  io.Add(handshake);
  handshake->Start();
}

}  // namespace tocsin::http
