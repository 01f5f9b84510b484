// The bridge's routes over a worker that no thread runs, and a client in memory.
#include "bridge/http/routes.h"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "bridge/http/api_docs.h"
#include "bridge/ws/handshake.h"
#include "core/base/version.h"
#include "core/http/memory_stream.h"
#include "core/http/openapi.h"
#include "core/http/server_connection.h"
#include "core/rpc/hub_channel.h"
#include "tests/bridge/session_fixture.h"

namespace tocsin::bridge {
namespace {

using http::HttpRequest;

class RoutesTest : public ::testing::Test {
 protected:
  RoutesTest()
      : worker(log.window, log, snapshots, clock, {}, session_options, metrics),
        service{.routes = BridgeRoutes({.state = state,
                                        .calls = calls,
                                        .alerts = alerts,
                                        .metrics = [] { return std::string("metric 1\n"); }},
                                       worker)} {
    state.window_open = state.hub_connected = true;
  }

  // One request on a connection of its own; answers all that came.
  std::string Ask(std::string_view request) {
    auto [server, client] = http::MemoryStream::MakePair(worker.io().io());
    const http::MemoryStream& sender = *server;
    http::ServeHttp(worker.io(), service, std::move(server), {});
    client->TrySend({&request, 1});
    for (int i = 0; i < 5; ++i) worker.io().RunOnce();
    sends = sender.sends();
    char room[16'384];
    const http::IoResult result = client->TryRead(room);
    return std::string(room, result.bytes);
  }
  std::string Get(std::string_view target) {
    return Ask(absl::StrCat("GET ", std::string(target), " HTTP/1.1\r\nHost: localhost\r\n\r\n"));
  }
  static int Status(const std::string& answer) {
    return answer.size() < 12 ? 0 : std::stoi(answer.substr(9, 3));
  }
  int StatusOf(std::string_view target) { return Status(Get(target)); }

  static std::string Upgrade(std::string_view fields = "") {
    return absl::StrCat(
        "GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
        std::string(fields), "\r\n");
  }

  ManualClock clock;
  tocsin::testing::VectorLog log{WindowBounds{1000, 1 << 30}};
  ws::SessionOptions session_options;
  Metrics metrics;
  BridgeState state;
  testing::FakeSnapshots snapshots;
  Worker worker;
  HubCalls calls{rpc::MakeHubChannel("127.0.0.1:1")};
  AlertIntake alerts{calls};
  http::Service service;
  int sends = 0;
};

TEST_F(RoutesTest, HealthSaysHowTheBridgeIs) {
  const std::string ready = Get("/health");
  EXPECT_EQ(Status(ready), 200);
  EXPECT_TRUE(absl::StrContains(ready, R"("status":"ok")"));
  EXPECT_TRUE(absl::StrContains(ready, R"("hub":"connected")"));
  EXPECT_TRUE(absl::StrContains(ready, std::string(Version())));
  state.hub_connected = false;
  EXPECT_EQ(StatusOf("/health"), 503);
  EXPECT_EQ(StatusOf("/health/ready"), 503);
  EXPECT_TRUE(absl::StrContains(Get("/health"), R"("hub":"reconnecting")"));
  EXPECT_EQ(StatusOf("/health/live"), 200);
  state.hub_connected = state.draining = true;
  EXPECT_EQ(StatusOf("/health/ready"), 503);
  EXPECT_TRUE(absl::StrContains(Get("/health/ready"), "draining"));
}

// The wall clock goes back by an hour at every look; monotonic time goes on.
class SteppingClock : public Clock {
 public:
  absl::Time Now() override { return now_ -= absl::Hours(1); }
  absl::Duration Monotonic() override { return monotonic_ += absl::Seconds(30); }

 private:
  absl::Time now_ = absl::FromUnixSeconds(1'700'000'000);
  absl::Duration monotonic_ = absl::ZeroDuration();
};

// Symptom: uptime_seconds was -7175 after the clock had been set back.
// Cause: it was a difference of two readings of the wall clock.
// Why older tests missed it: none sets a clock back.
TEST_F(RoutesTest, UptimeFollowsTheMonotonicClock) {
  SteppingClock stepping;
  const BridgeState stepped{.clock = stepping};
  service.routes = BridgeRoutes(
      {.state = stepped, .calls = calls, .alerts = alerts, .metrics = nullptr}, worker);
  EXPECT_TRUE(absl::StrContains(Get("/health/live"), "\"uptime_seconds\":30,"));
}

TEST_F(RoutesTest, MetricsAreText) {
  const std::string answer = Get("/metrics");
  EXPECT_TRUE(absl::EndsWith(answer, "\r\n\r\nmetric 1\n"));
  EXPECT_TRUE(absl::StrContains(answer, "Content-Type: text/plain"));
}

TEST_F(RoutesTest, TheDescriptionHasEachRouteAndNoOther) {
  const std::string answer = Get("/openapi.json");
  ASSERT_EQ(Status(answer), 200);
  std::set<std::string> described;
  const auto document = boost::json::parse(http::OpenApiDocument(
      {.title = "t", .version = "1", .components = ApiComponents()}, service.routes.routes()));
  for (const auto& path : document.at("paths").as_object()) {
    for (const auto& operation : path.value().as_object()) {
      described.insert(absl::StrCat(std::string(operation.key()), " ", std::string(path.key())));
    }
  }
  std::set<std::string> rows;
  for (const http::Route& route : service.routes.routes()) {
    rows.insert(absl::StrCat(absl::AsciiStrToLower(std::string(route.method)), " ",
                             std::string(route.pattern)));
  }
  EXPECT_EQ(described, rows);
  EXPECT_EQ(described.size(), service.routes.routes().size()) << "no route is there twice";
}

TEST_F(RoutesTest, WhatIsNotThereIsAProblem) {
  EXPECT_EQ(StatusOf("/nope"), 404);
  EXPECT_EQ(StatusOf("/ws"), 426);
  EXPECT_EQ(Status(Ask("POST /ws HTTP/1.1\r\nHost: a\r\n\r\n")), 405);
}

TEST_F(RoutesTest, TheHandshakeAndTheWelcomeAreOneWrite) {
  const std::string answer = Ask(Upgrade());
  EXPECT_EQ(Status(answer), 101);
  EXPECT_TRUE(absl::StrContains(answer, "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"));
  EXPECT_TRUE(absl::StrContains(answer, R"("type":"welcome")"));
  EXPECT_EQ(sends, 1);
}

TEST_F(RoutesTest, AHandshakeWithMoreBehindItIsRefused) {
  EXPECT_EQ(Status(Ask(Upgrade() + "\x81\x80")), 400);
}

TEST_F(RoutesTest, NoUpgradeBeforeTheHubIsReachedOrWhileDraining) {
  state.window_open = false;
  EXPECT_EQ(Status(Ask(Upgrade())), 503);
  state.window_open = true;
  state.hub_connected = false;
  EXPECT_EQ(Status(Ask(Upgrade())), 101) << "sessions outlive the hub";
  state.draining = true;
  EXPECT_EQ(Status(Ask(Upgrade())), 503);
}

// ---- the handshake alone ----

HttpRequest Handshake(const std::vector<http::Field>& changes = {}) {
  HttpRequest request;
  request.method = "GET";
  request.target = "/ws";
  request.fields = {{"Host", "localhost:8080"},
                    {"Upgrade", "WebSocket"},
                    {"Connection", "keep-alive, Upgrade"},
                    {"Sec-WebSocket-Version", "13"},
                    {"Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="}};
  for (const http::Field& change : changes) {
    for (http::Field& field : request.fields) {
      if (field.name == change.name) field.value = change.value;
    }
  }
  return request;
}

int Refused(const HttpRequest& request) {
  const auto refusal = ws::RefuseHandshake(request);
  return refusal.has_value() ? refusal->status : 0;
}

TEST(HandshakeTest, WrongOnesAreRefused) {
  EXPECT_EQ(Refused(Handshake()), 0);
  EXPECT_EQ(Refused(Handshake({{"Sec-WebSocket-Version", "8"}})), 426);
  EXPECT_EQ(Refused(Handshake({{"Upgrade", "h2c"}})), 426);
  EXPECT_EQ(Refused(Handshake({{"Sec-WebSocket-Key", "short"}})), 400);
  EXPECT_EQ(Refused(Handshake({{"Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZTEy"}})), 400);
  EXPECT_EQ(Refused(Handshake({{"Connection", "close"}})), 400);
  for (const http::Field& field : {http::Field{"sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="},
                                   http::Field{"sec-websocket-version", "13"}}) {
    HttpRequest twice = Handshake();
    twice.fields.push_back(field);
    EXPECT_EQ(Refused(twice), 400) << field.name;
  }
}

// RFC 6455, section 1.3.
TEST(HandshakeTest, TheAcceptKeyIsTheStandardsExample) {
  EXPECT_TRUE(absl::StrContains(ws::HandshakeResponse("dGhlIHNhbXBsZSBub25jZQ=="),
                                "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"));
}

}  // namespace
}  // namespace tocsin::bridge
