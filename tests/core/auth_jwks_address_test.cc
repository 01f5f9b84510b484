// JWK sets from a real https server: whom the reader trusts, what it takes, and when it asks.
#include <gmock/gmock.h>

#include <filesystem>
#include <optional>

#include "absl/strings/str_cat.h"
#include "core/auth/https/jwks_address.h"
#include "tests/core/auth_fixture.h"
#include "tests/core/auth_keys.h"
#include "tests/core/https_server.h"

namespace tocsin {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::HttpOk;
using testing::HttpsPeer;
using testing::HttpsServer;
using testing::Issue;
using testing::MadeCertificate;
using ::testing::Not;
using testing::TestAuthority;
using testing::TestKey;
using testing::WriteFile;

constexpr absl::Duration kSoon = absl::Milliseconds(300);

class JwksAddressTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { authority_ = new TestAuthority("the right one"); }
  static void TearDownTestSuite() { delete authority_; }

  JwksAddressTest() {
    std::filesystem::create_directories(dir_);
    WriteFile(ca_, authority_->own().chain);
  }
  ~JwksAddressTest() override { std::filesystem::remove_all(dir_); }

  void Serve(HttpsServer::Answer answer, const Issue& issue = {}) {
    server_.emplace(authority_->Make(issue), std::move(answer));
  }
  void ServeText(const std::string& response) {
    Serve([response](HttpsPeer& peer) { peer.Write(response); });
  }
  // What a reading of `url` comes to: the text, or the error.
  absl::StatusOr<std::string> Read(const std::string& url,
                                   absl::Duration timeout = absl::Seconds(20)) {
    auto address = http::ParseHttpsAddress(url);
    EXPECT_TRUE(address.ok()) << address.status();
    JwksAddress reader(*address, ca_, timeout);
    auto texts = reader.Read();
    if (!texts.ok()) return texts.status();
    EXPECT_EQ(texts->size(), 1u);
    EXPECT_EQ(texts->front().form, KeyText::Form::kJwks);
    return texts->front().text;
  }
  absl::StatusOr<std::string> Read() { return Read(server_->Url()); }
  std::string Error(const absl::StatusOr<std::string>& text) {
    EXPECT_FALSE(text.ok());
    return std::string(text.status().message());
  }

  static TestAuthority* authority_;
  const std::string dir_ = absl::StrCat(::testing::TempDir(), "jwks-", getpid());
  std::string ca_ = dir_ + "/ca.pem";
  std::optional<HttpsServer> server_;
};

TestAuthority* JwksAddressTest::authority_ = nullptr;

TEST_F(JwksAddressTest, AnAnswerIsRead) {
  ServeText(HttpOk("{\"keys\":[]}"));
  EXPECT_EQ(*Read(server_->Url("localhost", "/certs?a=b")), "{\"keys\":[]}");
  EXPECT_THAT(
      server_->requests(),
      ElementsAre(AllOf(HasSubstr("GET /certs?a=b HTTP/1.1\r\n"),
                        HasSubstr(absl::StrCat("Host: localhost:", server_->port(), "\r\n")))));
  EXPECT_THAT(server_->names(), ElementsAre("localhost"));
}

TEST_F(JwksAddressTest, AnAnswerInChunksOrToTheEndIsRead) {
  ServeText("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n1\r\n}\r\n0\r\n\r\n");
  EXPECT_EQ(*Read(), "{}");
  Serve([](HttpsPeer& peer) {
    peer.Write("HTTP/1.0 200 OK\r\n\r\n{}");
    peer.Close();
  });
  EXPECT_EQ(*Read(), "{}");
}

// Whoever cuts the connection could cut keys off the set.
TEST_F(JwksAddressTest, AnAnswerToTheEndMustEndAsTlsHasIt) {
  ServeText("HTTP/1.0 200 OK\r\n\r\n{}");
  EXPECT_THAT(Error(Read()), HasSubstr("the connection broke in its answer"));
}

TEST_F(JwksAddressTest, ACertificateForAnAddressServesTheAddressAlone) {
  Serve([](HttpsPeer& peer) { peer.Write(HttpOk("{}")); }, {.alternative = "IP:127.0.0.1"});
  EXPECT_EQ(*Read(server_->Url("127.0.0.1")), "{}");
  EXPECT_THAT(server_->names(), ElementsAre(""));
  EXPECT_THAT(Error(Read()), HasSubstr("certificate is refused"));
}

TEST_F(JwksAddressTest, WhoIsNotTrustedIsNotAsked) {
  const TestAuthority other("the right one");
  struct Case {
    const TestAuthority& authority;
    Issue issue;
    std::string why;
  };
  const Case cases[] = {
      {*authority_, {.alternative = "DNS:other.example.org"}, "hostname mismatch"},
      {*authority_, {.alternative = "DNS:localhost.example.org"}, "hostname mismatch"},
      {*authority_, {.alternative = ""}, "hostname mismatch"},
      {*authority_, {.days = -1}, "certificate has expired"},
      {other, {}, "certificate signature failure"},
  };
  for (const Case& each : cases) {
    HttpsServer server(each.authority.Make(each.issue),
                       [](HttpsPeer& peer) { peer.Write(HttpOk("{}")); });
    const std::string error = Error(Read(server.Url("localhost", "/jwks?key=s3cret")));
    EXPECT_THAT(error, HasSubstr("its certificate is refused: "));
    EXPECT_THAT(error, HasSubstr(each.why));
    EXPECT_THAT(error, HasSubstr(absl::StrCat("https://localhost:", server.port(), "/jwks: ")));
    EXPECT_THAT(error, Not(HasSubstr("s3cret")));
    EXPECT_TRUE(server.requests().empty());
  }
}

TEST_F(JwksAddressTest, OnlyTheFilesAuthoritiesAreTrusted) {
  ServeText(HttpOk("{}"));
  WriteFile(ca_, testing::MakeCertificate("another").chain);
  EXPECT_THAT(Error(Read()), HasSubstr("unable to get local issuer certificate"));
  // The file is read each time; it may hold several.
  WriteFile(ca_, testing::MakeCertificate("another").chain + authority_->own().chain);
  EXPECT_EQ(*Read(), "{}");
  ca_.clear();  // the system's
  EXPECT_THAT(Error(Read()), HasSubstr("unable to get local issuer certificate"));
  EXPECT_EQ(server_->requests().size(), 1u);
}

TEST_F(JwksAddressTest, AnOldProtocolIsRefused) {
  ServeText(HttpOk("{}"));
  server_->SpeakAtMost(TLS1_1_VERSION);
  EXPECT_THAT(Error(Read()), HasSubstr("the TLS handshake failed"));
}

TEST_F(JwksAddressTest, ARedirectIsNotFollowed) {
  HttpsServer to(authority_->Make({}), [](HttpsPeer& peer) { peer.Write(HttpOk("{}")); });
  ServeText(absl::StrCat("HTTP/1.1 307 Temporary Redirect\r\nLocation: ", to.Url(),
                         "\r\nContent-Length: 0\r\n\r\n"));
  EXPECT_THAT(Error(Read()), HasSubstr("the redirect 307, which is not followed"));
  EXPECT_EQ(to.connections, 0);
}

TEST_F(JwksAddressTest, AnswersThatAreNoneAreSaid) {
  ServeText("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
  EXPECT_THAT(Error(Read()), HasSubstr("status 404 instead of 200"));
  ServeText("SSH-2.0-OpenSSH_9.2\r\n\r\n");
  EXPECT_THAT(Error(Read()), HasSubstr("not HTTP"));
  ServeText("");
  EXPECT_THAT(Error(Read()), HasSubstr("the connection broke"));
}

TEST_F(JwksAddressTest, AnAnswerIsReadUpToItsBound) {
  const std::string most(KeySet::kMaxTextBytes, ' ');
  ServeText(HttpOk(most));
  EXPECT_EQ(*Read(), most);
  ServeText(HttpOk(most + " "));
  EXPECT_THAT(Error(Read()), HasSubstr("too large"));
  // One that has no end.
  Serve([](HttpsPeer& peer) {
    peer.Write("HTTP/1.1 200 OK\r\n\r\n");
    while (peer.Write("                                ")) {
    }
  });
  EXPECT_THAT(Error(Read()), HasSubstr("too large"));
}

TEST_F(JwksAddressTest, TheTimeIsForTheWhole) {
  // A byte now and then, for ever.
  Serve([](HttpsPeer& peer) {
    peer.Write("HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n");
    while (!peer.ClientGone(10) && peer.Write(" ")) {
    }
  });
  const absl::Time began = absl::Now();
  EXPECT_THAT(Error(Read(server_->Url(), kSoon)), HasSubstr("the time is over while its answer"));
  EXPECT_LT(absl::Now() - began, absl::Seconds(10));
  server_->silent = true;
  EXPECT_THAT(Error(Read(server_->Url(), kSoon)),
              HasSubstr("the time is over while the TLS handshake"));
}

TEST_F(JwksAddressTest, AReadingThatIsNoLongerWantedEnds) {
  Serve([](HttpsPeer& peer) { peer.ClientGone(20'000); });
  JwksAddress reader(*http::ParseHttpsAddress(server_->Url()), ca_);
  std::thread stops([&] {
    while (server_->requests().empty()) std::this_thread::yield();
    reader.Interrupt();
  });
  const absl::Time began = absl::Now();
  EXPECT_TRUE(absl::IsCancelled(reader.Read().status()));
  stops.join();
  EXPECT_TRUE(absl::IsCancelled(reader.Read().status()));
  EXPECT_LT(absl::Now() - began, JwksAddress::kTimeout);
}

TEST_F(JwksAddressTest, WhoDoesNotListenOrHasNoNameIsSaid) {
  EXPECT_THAT(Error(Read("https://localhost:1/")), HasSubstr("no connection: "));
  EXPECT_THAT(Error(Read("https://tocsin.invalid/")), HasSubstr("name cannot be looked up"));
}

TEST_F(JwksAddressTest, SettingsAreCheckedBeforeAnythingIsAsked) {
  EXPECT_TRUE(OpenJwksAddress("https://localhost:1/", ca_).ok());
  EXPECT_TRUE(OpenJwksAddress("https://localhost:1/", "").ok());
  const auto error = [&](const std::string& url, const std::string& ca) {
    return std::string(OpenJwksAddress(url, ca).status().message());
  };
  EXPECT_THAT(error("http://localhost:1/", ca_),
              HasSubstr("--auth-jwks-url: the address does not begin with https://"));
  EXPECT_THAT(error("https://localhost:1/", dir_ + "/none"), HasSubstr("--auth-jwks-ca: "));
  WriteFile(ca_, "no certificate");
  EXPECT_THAT(error("https://localhost:1/", ca_),
              AllOf(HasSubstr("--auth-jwks-ca: "), HasSubstr("no certificate in PEM form")));
  WriteFile(ca_, authority_->own().chain + "-----BEGIN CERTIFICATE-----\ncut");
  EXPECT_THAT(error("https://localhost:1/", ca_), HasSubstr("cannot be used"));
}

// A provider that gives what it is told to, and a source of keys that asks it.
class JwksRotationTest : public JwksAddressTest {
 protected:
  JwksRotationTest() {
    Publish({});
    Serve([this](HttpsPeer& peer) {
      MutexLock lock(mutex_);
      peer.Write(response_);
    });
    source_.emplace(*OpenJwksAddress(server_->Url(), ca_), KeySourceOptions::ForAddress(), clock_);
  }
  ~JwksRotationTest() override { source_.reset(); }

  void Respond(std::string response) {
    MutexLock lock(mutex_);
    response_ = std::move(response);
  }
  void Publish(const std::vector<int>& kids) {
    std::string keys;
    for (const int kid : kids) {
      absl::StrAppend(&keys, keys.empty() ? "" : ",",
                      keys_[static_cast<size_t>(kid) % keys_.size()].Jwk(
                          absl::StrCat(",\"kid\":\"", kid, "\"")));
    }
    Respond(HttpOk("{\"keys\":[" + keys + "]}"));
  }
  // As a verifier does with a token of that kid.
  bool Verifies(int kid) const {
    const KeySetPtr keys = source_->Keys();
    const SigningKey signer = keys_[static_cast<size_t>(kid) % keys_.size()].Signs();
    return keys != nullptr &&
           keys->Verify({.algorithm = Algorithm::kEs256, .kid = std::to_string(kid)}, "text",
                        signer.Sign("text")) == KeySet::Outcome::kVerified;
  }
  int asked() const { return server_->connections; }

  const std::vector<TestKey> keys_ = [] {
    std::vector<TestKey> keys;
    keys.push_back(TestKey::Ec());
    keys.push_back(TestKey::Ec());
    keys.push_back(TestKey::Ec());
    return keys;
  }();
  ManualClock clock_;
  Mutex mutex_;
  std::string response_ ABSL_GUARDED_BY(mutex_);
  std::optional<KeySource> source_;
};

TEST_F(JwksRotationTest, AHundredRotationsCostARequestEach) {
  Publish({0});
  ASSERT_TRUE(source_->Load().ok());
  for (int turn = 1; turn <= 100; ++turn) {
    clock_.Advance(absl::Seconds(30));
    Publish({turn - 1, turn});
    EXPECT_FALSE(Verifies(turn));
    for (int i = 0; i < 100; ++i) {
      EXPECT_EQ(source_->Seek(), KeySource::Sought::kUnderWay);
    }
    source_->RunOnce();
    EXPECT_TRUE(Verifies(turn));
    EXPECT_TRUE(Verifies(turn - 1));  // tokens that were signed just before
    EXPECT_EQ(turn > 1 && Verifies(turn - 2), false);
    // Kids that someone makes up.
    for (int i = 0; i < 29; ++i) {
      clock_.Advance(absl::Seconds(1));
      EXPECT_EQ(source_->Seek(), KeySource::Sought::kNotThere);
      source_->RunOnce();
    }
    ASSERT_EQ(asked(), turn + 1);
  }
  EXPECT_EQ(source_->state().failures, 0u);
}

TEST_F(JwksRotationTest, TheLastGoodSetIsKeptForADay) {
  Publish({0});
  ASSERT_TRUE(source_->Load().ok());
  Respond("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n");
  clock_.Advance(absl::Hours(24));
  source_->RunOnce();
  EXPECT_TRUE(Verifies(0));
  EXPECT_THAT(source_->state().error, HasSubstr("status 503 instead of 200"));
  clock_.Advance(absl::Seconds(1));
  EXPECT_EQ(source_->Keys(), nullptr);
  Publish({0});
  clock_.Advance(absl::Seconds(30));
  source_->RunOnce();
  EXPECT_TRUE(Verifies(0));
}

TEST_F(JwksRotationTest, ThereIsNoStartWithoutKeys) {
  for (const std::string& response : {std::string("HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n"),
                                      HttpOk("{\"keys\":[]}"), HttpOk("<html>"), HttpOk("")}) {
    Respond(response);
    EXPECT_FALSE(source_->Load().ok()) << response;
    EXPECT_EQ(source_->Keys(), nullptr);
  }
}

// The end of a program does not wait for a provider that says nothing.
TEST_F(JwksRotationTest, AStopEndsTheRequestUnderWay) {
  Publish({0});
  ASSERT_TRUE(source_->Load().ok());
  server_->silent = true;
  clock_.Advance(absl::Hours(1));
  source_->Start();
  while (asked() < 2) std::this_thread::yield();
  const absl::Time began = absl::Now();
  source_->Stop();
  EXPECT_LT(absl::Now() - began, JwksAddress::kTimeout / 2);
}

}  // namespace
}  // namespace tocsin
