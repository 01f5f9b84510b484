#include "bridge/http/routes.h"

#include <gtest/gtest.h>

#include "absl/strings/match.h"
#include "core/base/version.h"

namespace tocsin::bridge {
namespace {

using http::HttpRequest;
using http::HttpResponse;

class RoutesTest : public ::testing::Test {
 protected:
  RoutesTest()
      : routes(state, {"https://ops.example.com"}, [] { return std::string("metric 1\n"); }) {
    state.window_open = state.hub_connected = true;
  }

  HttpResponse Get(std::string_view target, std::string_view method = "GET") {
    HttpRequest request;
    request.method = std::string(method);
    request.target = std::string(target);
    request.fields = {{"Host", "localhost:8080"}};
    return routes.Answer(request);
  }

  static HttpRequest Upgrade(std::vector<http::Field> more = {}) {
    HttpRequest request;
    request.method = "GET";
    request.target = "/ws";
    request.fields = {{"Host", "localhost:8080"},
                      {"Upgrade", "WebSocket"},
                      {"Connection", "keep-alive, Upgrade"},
                      {"Sec-WebSocket-Version", "13"},
                      {"Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="}};
    for (http::Field& field : more) {
      auto found = std::find_if(request.fields.begin(), request.fields.end(),
                                [&](const http::Field& each) { return each.name == field.name; });
      if (found == request.fields.end()) {
        request.fields.push_back(field);
      } else {
        found->value = field.value;
      }
    }
    return request;
  }
  int Refused(const HttpRequest& request) {
    const auto refusal = routes.RefuseUpgrade(request);
    return refusal.has_value() ? refusal->status : 0;
  }

  BridgeState state;
  Routes routes;
};

TEST_F(RoutesTest, HealthSaysHowTheBridgeIs) {
  const HttpResponse ready = Get("/health");
  EXPECT_EQ(ready.status, 200);
  EXPECT_TRUE(absl::StrContains(ready.body, R"("status":"ok")"));
  EXPECT_TRUE(absl::StrContains(ready.body, R"("hub":"connected")"));
  EXPECT_TRUE(absl::StrContains(ready.body, std::string(Version())));
  state.hub_connected = false;
  EXPECT_EQ(Get("/health").status, 503);
  EXPECT_EQ(Get("/health/ready").status, 503);
  EXPECT_TRUE(absl::StrContains(Get("/health").body, R"("hub":"reconnecting")"));
  EXPECT_EQ(Get("/health/live").status, 200);
  state.hub_connected = state.draining = true;
  EXPECT_EQ(Get("/health/ready").status, 503);
  EXPECT_TRUE(absl::StrContains(Get("/health/ready").body, "draining"));
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
TEST(RoutesClockTest, UptimeFollowsTheMonotonicClock) {
  SteppingClock clock;
  const BridgeState state{.clock = clock};
  const Routes routes(state, {}, [] { return std::string(); });
  HttpRequest request;
  request.method = "GET";
  request.target = "/health/live";
  request.fields = {{"Host", "localhost:8080"}};
  EXPECT_TRUE(absl::StrContains(routes.Answer(request).body, "\"uptime_seconds\":30,"));
}

TEST_F(RoutesTest, MetricsAreText) {
  const HttpResponse response = Get("/metrics");
  EXPECT_EQ(response.body, "metric 1\n");
  EXPECT_TRUE(absl::StartsWith(response.content_type, "text/plain"));
}

TEST_F(RoutesTest, WhatIsNotThereIsAProblem) {
  EXPECT_EQ(Get("/nope").status, 404);
  EXPECT_EQ(Get("/nope").content_type, "application/problem+json");
  EXPECT_EQ(Get("/health", "POST").status, 405);
  EXPECT_EQ(Get("/ws").status, 426);
  EXPECT_EQ(Get("/ws", "POST").status, 405);
}

TEST_F(RoutesTest, AGoodHandshakeIsLetIn) {
  EXPECT_TRUE(Routes::WantsWebSocket(Upgrade()));
  EXPECT_EQ(Refused(Upgrade()), 0);
}

TEST_F(RoutesTest, WrongHandshakesAreRefused) {
  EXPECT_EQ(Refused(Upgrade({{"Sec-WebSocket-Version", "8"}})), 426);
  EXPECT_EQ(Refused(Upgrade({{"Sec-WebSocket-Key", "short"}})), 400);
  EXPECT_EQ(Refused(Upgrade({{"Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZTEy"}})), 400);
  EXPECT_EQ(Refused(Upgrade({{"Connection", "close"}})), 400);
  for (const http::Field& field : {http::Field{"sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="},
                                   http::Field{"sec-websocket-version", "13"}}) {
    HttpRequest twice = Upgrade();
    twice.fields.push_back(field);
    EXPECT_EQ(Refused(twice), 400) << field.name;
  }
  HttpRequest origins = Upgrade({{"Origin", "https://ops.example.com"}});
  origins.fields.push_back({"origin", "https://evil.example.com"});
  EXPECT_EQ(Refused(origins), 400);
  HttpRequest post = Upgrade();
  post.method = "POST";
  EXPECT_EQ(Refused(post), 405);
}

TEST_F(RoutesTest, OnlyListedAndOwnOriginsAreLetIn) {
  EXPECT_EQ(Refused(Upgrade({{"Origin", "https://ops.example.com"}})), 0);
  EXPECT_EQ(Refused(Upgrade({{"Origin", "http://localhost:8080"}})), 0);
  EXPECT_EQ(Refused(Upgrade({{"Origin", "http://localhost:9090"}})), 403);
  EXPECT_EQ(Refused(Upgrade({{"Origin", "https://ops.example.com.evil.org"}})), 403);
  EXPECT_EQ(Refused(Upgrade({{"Origin", "http://ops.example.com"}})), 403);
  EXPECT_EQ(Refused(Upgrade({{"Origin", "null"}})), 403);
  EXPECT_EQ(Refused(Upgrade({{"Origin", ""}})), 403);
}

// A page of a name that its owner has made to point here is no page of ours.
TEST_F(RoutesTest, AnotherNameThatPointsHereIsNoOriginOfOurs) {
  const auto same = [](std::string host) {
    return Upgrade({{"Host", host}, {"Origin", "http://" + host}});
  };
  EXPECT_EQ(Refused(same("evil.example:8080")), 403);
  EXPECT_EQ(Refused(same("evil.example")), 403);
  EXPECT_EQ(Refused(same("127.0.0.1.evil.example:8080")), 403);
  EXPECT_EQ(Refused(same("127.0.0.1:8080")), 0);
  EXPECT_EQ(Refused(same("[::1]:8080")), 0);
  EXPECT_EQ(Refused(same("LOCALHOST:8080")), 0);
}

TEST_F(RoutesTest, NoUpgradeBeforeTheHubIsReachedOrWhileDraining) {
  state.window_open = false;
  EXPECT_EQ(Refused(Upgrade()), 503);
  state.window_open = true;
  state.hub_connected = false;
  EXPECT_EQ(Refused(Upgrade()), 0) << "sessions outlive the hub";
  state.draining = true;
  EXPECT_EQ(Refused(Upgrade()), 503);
}

}  // namespace
}  // namespace tocsin::bridge
