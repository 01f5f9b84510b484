// A server's encrypted connections: the handshake, its end, and clients that do not encrypt.
#include <gmock/gmock.h>

#include "core/http/tls_server.h"
#include "tests/core/tls_pair.h"
#include "tests/core/tls_server_fixture.h"

namespace tocsin::http::testing {
namespace {

using ::testing::HasSubstr;
using State = IoResult::State;

class TlsServerTest : public TlsServerFixture {
 protected:
  // A client over the carrier that Dial made. The fixture's `client` is gone then.
  void Encrypted(SSL_CTX& context = ClientContext()) {
    tls_client = std::make_unique<TlsStream>(io.io(), std::move(client), context);
    for (int turn = 0; turn < 100; ++turn) {
      handshake = tls_client->Handshake();
      io.RunOnce();
      if (handshake.state != State::kBlocked) {
        return;
      }
    }
  }
  std::string Ask(std::string_view request) {
    tls_client->TrySend({&request, 1});
    std::string answer;
    for (int turn = 0; turn < 10; ++turn) {
      io.RunOnce();
      char room[4096];
      const IoResult result = tls_client->TryRead(room);
      answer.append(room, result.bytes);
      at_end |= result.state == State::kEnd;
    }
    return answer;
  }
  std::string PeerName() const {
    const X509Ptr peer(SSL_get1_peer_certificate(tls_client->ssl()));
    char name[100] = "";
    X509_NAME_get_text_by_NID(X509_get_subject_name(peer.get()), NID_commonName, name,
                              sizeof(name));
    return name;
  }

  std::unique_ptr<TlsStream> tls_client;
  IoResult handshake;
};

TEST_F(TlsServerTest, ServesHttpAfterTheHandshake) {
  service.fields = {{"Strict-Transport-Security", "max-age=1"}};
  Dial();
  Encrypted();
  ASSERT_EQ(handshake.state, State::kDone) << tls_client->error();
  const std::string answer = Ask(Get("/things/1"));
  EXPECT_THAT(answer, HasSubstr("200 OK"));
  EXPECT_THAT(answer, HasSubstr("Strict-Transport-Security: max-age=1\r\n"));
  EXPECT_EQ(seen.size(), 1u);
  EXPECT_EQ(failures, 0);
}

TEST_F(TlsServerTest, AClientWithoutEncryptionIsToldToEncrypt) {
  Dial();
  Send(Get("/things/1"));
  EXPECT_EQ(Status(), 400);
  EXPECT_TRUE(Has("this port takes encrypted connections only: use https:// or wss://"));
  EXPECT_TRUE(at_end);
  EXPECT_TRUE(seen.empty());
  Pass(absl::Seconds(2));
  EXPECT_EQ(io.use().connections, 0u);
}

TEST_F(TlsServerTest, GarbageAndSilenceEndTheConnectionAndAreCounted) {
  Dial();
  Send(std::string(100, '\xff'));
  EXPECT_TRUE(at_end);
  EXPECT_EQ(failures, 1);
  at_end = false;
  Dial();
  Turn();
  Pass(limits::kTlsHandshakeTimeout - absl::Milliseconds(1));
  EXPECT_FALSE(at_end);
  Pass(absl::Milliseconds(1));
  EXPECT_TRUE(at_end);
  EXPECT_EQ(failures, 2);
}

TEST_F(TlsServerTest, AnOldProtocolAndHttp2AloneAreRefused) {
  const tls::ContextPtr old(SSL_CTX_new(TLS_client_method()));
  SSL_CTX_set_security_level(old.get(), 0);
  SSL_CTX_set_min_proto_version(old.get(), TLS1_VERSION);
  SSL_CTX_set_max_proto_version(old.get(), TLS1_1_VERSION);
  Dial();
  Encrypted(*old);
  EXPECT_EQ(handshake.state, State::kFailed);
  const tls::ContextPtr http2(SSL_CTX_new(TLS_client_method()));
  SSL_CTX_set_alpn_protos(http2.get(), reinterpret_cast<const unsigned char*>("\x02h2"), 3);
  Dial();
  Encrypted(*http2);
  EXPECT_EQ(handshake.state, State::kFailed);
  EXPECT_THAT(tls_client->error(), HasSubstr("no application protocol"));
  EXPECT_EQ(failures, 2);
}

TEST_F(TlsServerTest, ANewCertificateIsForNewConnectionsAndOldOnesGoOn) {
  Dial();
  Encrypted();
  EXPECT_EQ(PeerName(), "first");
  ASSERT_EQ(server->Use(CertificateFor("second")), absl::OkStatus());
  EXPECT_THAT(Ask(Get("/things/1")), HasSubstr("200 OK"));
  Dial();
  Encrypted();
  EXPECT_EQ(PeerName(), "second");
  EXPECT_FALSE(server->Use({.chain = "no", .key = "certificate"}).ok());
  Dial();
  Encrypted();
  EXPECT_EQ(PeerName(), "second");
}

// A client that comes back skips the certificates, also when they were replaced meanwhile.
TEST_F(TlsServerTest, ASessionIsResumedUntilTheTicketsKeysAreOld) {
  const auto connect = [&](SSL_SESSION* session) {
    Dial();
    tls_client = std::make_unique<TlsStream>(io.io(), std::move(client), ClientContext());
    if (session != nullptr) SSL_set_session(tls_client->ssl(), session);
    for (int turn = 0; turn < 100; ++turn) {
      if (tls_client->Handshake().state != State::kBlocked) break;
      io.RunOnce();
    }
    Ask(Get("/things/1"));
    tls_client->ShutdownSend();  // OpenSSL forgets a session whose connection broke
    return SSL_session_reused(tls_client->ssl()) == 1;
  };
  EXPECT_FALSE(connect(nullptr));
  SSL_SESSION* const session = SSL_get1_session(tls_client->ssl());
  EXPECT_TRUE(connect(session));
  ASSERT_EQ(server->Use(CertificateFor("second")), absl::OkStatus());
  EXPECT_TRUE(connect(session));
  clock.Advance(TlsServer::kTicketKeysTime);
  EXPECT_FALSE(connect(session));
  SSL_SESSION_free(session);
}

TEST_F(TlsServerTest, DrainEndsHandshakesThatHaveNotCome) {
  Dial();
  Turn();
  io.Drain([] { return absl::ZeroDuration(); });
  Turn();
  EXPECT_TRUE(at_end);
}

}  // namespace
}  // namespace tocsin::http::testing
