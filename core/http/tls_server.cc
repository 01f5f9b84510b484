#include "core/http/tls_server.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "core/base/log.h"
#include "core/base/planted.h"
#include "core/base/status_macros.h"
#include "core/http/last_words.h"
#include "core/http/opening_connection.h"
#include "core/http/server_connection.h"
#include "core/http/tls_stream.h"

namespace tocsin::http {
namespace {

constexpr size_t kRecordHead = 5;
constexpr char kHandshakeRecord = 0x16;
// Of a first record that is waited for before OpenSSL sees any of it. The largest that clients send,
// with keys that hold against quantum computers, have some 1,800 bytes.
constexpr size_t kGatheredBytes = 2 * 1024;

// How many bytes of the first record are to come before the handshake begins.
size_t MissingOf(std::string_view begun) {
  if (begun.size() < kRecordHead) {
    return begun.empty() || begun[0] == kHandshakeRecord ? kRecordHead - begun.size() : 0;
  }
  const size_t whole =
      kRecordHead + static_cast<uint8_t>(begun[3]) * size_t{256} + static_cast<uint8_t>(begun[4]);
  return whole <= kGatheredBytes && begun.size() < whole ? whole - begun.size() : 0;
}

// A client that has not sent its first message whole costs a socket and what it sent. With that
// message it gets a place (handshake_places.h) and OpenSSL's state.
class TlsHandshake final : public OpeningConnection, private HandshakePlaces::Holder {
 public:
  TlsHandshake(IoThread& io, Service& service, TlsServer& server, Opening opening)
      : OpeningConnection(io, "tls handshake", std::move(opening), limits::kTlsHandshakeTimeout),
        service_(service),
        server_(server) {}

  size_t MemoryBytes() const override { return sizeof(*this) + begun_.capacity() + StreamBytes(); }

 private:
  void Step() override { tls_ == nullptr ? Gather() : Shake(); }
  void TimedOut() override { Fail("it took too long"); }
  void Yield() override { Fail("others have begun since, and it still waits for its client"); }
  void OnLeave() override {
    if (place_.has_value()) {
      server_.handshakes().Leave(io(), *place_);
    }
  }

  void Gather() {
    while (const size_t missing = Planted("handshake-held-at-once") ? 0 : MissingOf(begun_)) {
      const IoResult result = stream().TryRead(io().read_buffer().first(missing));
      if (result.state == IoResult::State::kBlocked) {
        return Wait(result.wait_for);
      }
      if (result.state != IoResult::State::kDone) {
        return Fail("the connection broke");
      }
      begun_.append(io().read_buffer().data(), result.bytes);
    }
    place_ = server_.handshakes().Take(io(), *this);
    context_ = server_.context();
    auto tls = std::make_unique<TlsStream>(io().io(), TakeStream(), *context_, std::move(begun_));
    tls_ = tls.get();
    ReplaceStream(std::move(tls));
    Shake();
  }

  void Shake() {
    const IoResult result = tls_->Handshake();
    switch (result.state) {
      case IoResult::State::kDone:
        return Serve();
      case IoResult::State::kBlocked:
        return Wait(result.wait_for);
      case IoResult::State::kEnd:
      case IoResult::State::kFailed:
        return tls_->peer_spoke_plain_http() ? TellToUseTls() : Fail(tls_->error());
    }
  }

  void Serve() {
    const auto keep = shared_from_this();
    Opening opening = Leave();
    ServeHttp(io(), service_, std::move(opening.stream), std::move(opening.ticket),
              std::move(opening.refusal));
  }

  void TellToUseTls() {
    const auto keep = shared_from_this();
    Opening opening = Leave();
    SayLastWords(io(), tls_->ReleaseCarrier(), std::move(opening.ticket),
                 {400, "this port takes encrypted connections only: use https:// or wss://"});
  }

  void Fail(const std::string& why) {
    server_.OnHandshakeFailed();
    LogDebug("a TLS handshake failed", {{"why", why}});
    Finish();
  }

  Service& service_;
  TlsServer& server_;
  std::string begun_;
  std::optional<HandshakePlaces::Place> place_;
  std::shared_ptr<SSL_CTX> context_;
  TlsStream* tls_ = nullptr;  // the stream, once its first record has come
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
  std::make_shared<TlsHandshake>(io, service, server,
                                 Opening{std::move(stream), std::move(ticket), std::move(refusal)})
      ->Start();
}

}  // namespace tocsin::http
