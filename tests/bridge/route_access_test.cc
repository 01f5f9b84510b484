// Who may use the bridge's routes: every row of the table, with each kind of caller.
#include "absl/strings/match.h"
#include "absl/strings/str_replace.h"
#include "bridge/http/caller_gate.h"
#include "tests/bridge/access_fixture.h"

namespace tocsin::bridge {
namespace {

using http::Access;
using testing::AccessToken;

constexpr char kNothing[] = "{}";
constexpr char kAll[] = R"({"publish":true,"subscribe":true,"admin":true})";

class RouteAccessTest : public testing::AccessTest {
 protected:
  static std::string TargetOf(const http::Route& route) {
    return absl::StrReplaceAll(
        std::string(route.pattern),
        {{"{id}", "0190b6a5-7c1e-7000-8000-000000000001"}, {"{asset}", "x.js"}});
  }
  Answer AskRoute(const http::Route& route, Fields fields, std::string_view query = "") {
    fields.push_back({"Content-Type", "application/json"});
    return Ask(route.method, absl::StrCat(TargetOf(route), std::string(query)),
               route.method == "GET"   ? ""
               : route.method == "PUT" ? R"({"title":"t","source":"s","severity":"P0"})"
                                       : "{}",
               std::move(fields));
  }
  static std::string CodeOf(const Answer& answer) {
    if (answer.Header("Content-Type") == "application/problem+json") return answer.Text("code");
    boost::json::error_code error;
    const boost::json::value body = boost::json::parse(answer.body);
    const auto* const code = body.find_pointer("/errors/0/extensions/code", error);
    return code == nullptr ? "" : std::string(code->as_string());
  }
  void ExpectRefused(const Answer& answer, std::string_view code, const http::Route& route) {
    EXPECT_EQ(answer.status, code == "FORBIDDEN" ? 403 : 401) << route.name;
    EXPECT_EQ(CodeOf(answer), code) << route.name << ": " << answer.body;
    EXPECT_EQ(answer.Header("WWW-Authenticate"), code == "FORBIDDEN" ? ""
                                                 : code == "UNAUTHORIZED"
                                                     ? R"(Bearer error="invalid_token")"
                                                     : "Bearer")
        << route.name;
  }
  static bool LetIn(const Answer& answer) { return answer.status != 401 && answer.status != 403; }
  void ExpectTheHubWasNotAsked() {
    EXPECT_EQ(hub.publish.requests.size() + hub.submit.requests.size() + hub.get.requests.size() +
                  hub.list.requests.size() + hub.events.requests.size() +
                  hub.explain.requests.size(),
              0u);
  }
};

TEST_F(RouteAccessTest, EveryRouteSaysWhatItNeeds) {
  EXPECT_GT(service.routes.routes().size(), 25u);
  ASSERT_NE(service.routes.gate(), nullptr);
  const std::set<std::string_view> open = {"health",       "healthReady", "healthLive",
                                           "openApi",      "playground",  "playgroundFile",
                                           "graphqlSchema"};
  for (const http::Route& route : service.routes.routes()) {
    EXPECT_NE(route.access, Access::kNobody) << route.name;
    EXPECT_EQ(route.access == Access::kAnyone, open.contains(route.name)) << route.name;
    EXPECT_EQ(route.access == Access::kSession,
              route.name == "webSocket" || route.name == "graphqlWebSocket")
        << route.name;
    if (route.method != "GET" && route.name != "graphql" && route.name != "explain") {
      EXPECT_EQ(route.access, Access::kPublish) << route.name;
    }
  }
}

TEST_F(RouteAccessTest, WithoutAGoodTokenNoRouteThatNeedsOneAnswers) {
  const std::string good = Token(kAll);
  const std::string stale = AccessToken(clock.Now() - absl::Seconds(31), kAll);
  for (const http::Route& route : service.routes.routes()) {
    if (!http::NeedsToken(route.access)) {
      EXPECT_TRUE(LetIn(AskRoute(route, {}))) << route.name;
      continue;
    }
    ExpectRefused(AskRoute(route, {}), "UNAUTHENTICATED", route);
    ExpectRefused(AskRoute(route, {{"Authorization", "Basic YTpi"}}), "UNAUTHENTICATED", route);
    ExpectRefused(AskRoute(route, {{"Cookie", "token=" + good}}), "UNAUTHENTICATED", route);
    ExpectRefused(AskRoute(route, {Bearer("a.b.c")}), "UNAUTHORIZED", route);
    ExpectRefused(AskRoute(route, {Bearer("")}), "UNAUTHORIZED", route);
    ExpectRefused(AskRoute(route, {Bearer(stale)}), "UNAUTHORIZED", route);
    ExpectRefused(AskRoute(route, {Bearer(good + "x")}), "UNAUTHORIZED", route);
    ExpectRefused(AskRoute(route, {Bearer(good), Bearer(good)}), "UNAUTHORIZED", route);
    ExpectRefused(AskRoute(route, {Bearer(good), Bearer("a.b.c")}), "UNAUTHORIZED", route);
  }
  ExpectTheHubWasNotAsked();
}

TEST_F(RouteAccessTest, ATokenThatAllowsNothingOpensWhatNeedsAnyToken) {
  for (const http::Route& route : service.routes.routes()) {
    const Answer answer = AskRoute(route, {Bearer(Token(kNothing))});
    if (http::NeedsToken(route.access) && route.access != Access::kToken) {
      ExpectRefused(answer, "FORBIDDEN", route);
    } else {
      EXPECT_TRUE(LetIn(answer)) << route.name;
    }
  }
  ExpectTheHubWasNotAsked();
}

TEST_F(RouteAccessTest, ATokenThatAllowsAllOpensEveryRoute) {
  const std::string token = Token(kAll);
  for (const http::Route& route : service.routes.routes()) {
    EXPECT_TRUE(LetIn(AskRoute(route, {Bearer(token)}))) << route.name;
    EXPECT_TRUE(LetIn(AskRoute(route, {{"authorization", "BEARER " + token}}))) << route.name;
  }
}

TEST_F(RouteAccessTest, WhoMayDoOneThingMayNotDoAnother) {
  const std::string publishes = Token(R"({"publish":true})");
  const std::string subscribes = Token(R"({"subscribe":true})");
  const std::string administers = Token(R"({"admin":true})");
  for (const http::Route& route : service.routes.routes()) {
    if (!http::NeedsToken(route.access) || route.access == Access::kToken) continue;
    const auto may = [&](const std::string& token) {
      return AskRoute(route, {Bearer(token)}).status != 403;
    };
    // PUT and PATCH need to see the incident besides.
    const bool replaces = route.name == "replaceIncident" || route.name == "patchIncident";
    EXPECT_EQ(may(publishes), route.access == Access::kPublish && !replaces) << route.name;
    EXPECT_EQ(may(subscribes), route.access == Access::kSubscribe) << route.name;
    EXPECT_EQ(may(administers), route.access == Access::kAdminister) << route.name;
  }
}

TEST_F(RouteAccessTest, OneTypeOfEventIsOneRight) {
  const std::string token = Token(R"({"publish":["comment_added"]})");
  for (const http::Route& route : service.routes.routes()) {
    if (route.access != Access::kPublish || route.publishes == 0) continue;
    EXPECT_EQ(AskRoute(route, {Bearer(token)}).status == 403,
              route.publishes != v1::EVENT_TYPE_COMMENT_ADDED)
        << route.name;
  }
}

TEST_F(RouteAccessTest, ATokenInTheUrlIsRefusedOnEveryRouteAndNotRepeated) {
  const std::string token = Token(kAll);
  for (const http::Route& route : service.routes.routes()) {
    for (const char* name : {"?access_token=", "?ToKeN=", "?a=b&%6Awt="}) {
      const Answer answer = AskRoute(route, {Bearer(token)}, absl::StrCat(name, token));
      EXPECT_EQ(answer.status, 401) << route.name;
      EXPECT_TRUE(absl::StrContains(answer.Text("detail"), "Authorization: Bearer")) << answer.body;
      EXPECT_FALSE(absl::StrContains(answer.body, token)) << route.name;
    }
  }
  EXPECT_EQ(Get("/nothing/" + token).status, 401);
  EXPECT_EQ(Ask("OPTIONS", "/v1/events?token=x").status, 401);
  ExpectTheHubWasNotAsked();
}

TEST_F(RouteAccessTest, TheAnswerComesBeforeTheBody) {
  auto [server, client] = http::MemoryStream::MakePair(worker.io().io());
  http::ServeHttp(worker.io(), service, std::move(server), {});
  const std::string_view head =
      "POST /v1/events HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
      "Content-Length: 4000000\r\nExpect: 100-continue\r\n\r\n";
  client->TrySend({&head, 1});
  for (int i = 0; i < 5; ++i) worker.io().RunOnce();
  char room[4096];
  const std::string answer(room, client->TryRead(room).bytes);
  EXPECT_TRUE(absl::StartsWith(answer, "HTTP/1.1 401 ")) << answer;
}

TEST_F(RouteAccessTest, ARouteThatSaysNothingLetsNobodyIn) {
  http::HttpRequest request;
  request.fields = {Bearer(Token(kAll))};
  http::Route route;
  route.name = "new";
  const auto refused = CallerGate(*authenticator).RefuseCaller(route, request);
  ASSERT_TRUE(refused.has_value());
  EXPECT_EQ(refused->status, 403);
  EXPECT_EQ(request.subject, nullptr);
}

TEST_F(RouteAccessTest, WhereAuthenticationIsOffCredentialsArePassedOver) {
  service.routes = BridgeRoutes(
      {.state = state, .calls = calls, .alerts = alerts, .metrics = [] { return std::string(); }},
      worker);
  for (const http::Route& route : service.routes.routes()) {
    EXPECT_TRUE(LetIn(AskRoute(route, {}))) << route.name;
    EXPECT_TRUE(LetIn(AskRoute(route, {Bearer("a.b.c"), {"Authorization", "Basic x"}})))
        << route.name;
    EXPECT_NE(AskRoute(route, {}, "?token=x").status, 401) << route.name;
  }
}

TEST_F(RouteAccessTest, APreflightNeedsNoTokenAndAllowsAuthorization) {
  service.origins = http::OriginPolicy({"https://ops.example.com"});
  const Answer answer = Ask("OPTIONS", "/v1/events", "",
                            {{"Origin", "https://ops.example.com"},
                             {"Access-Control-Request-Method", "GET"},
                             {"Access-Control-Request-Headers", "authorization"}});
  EXPECT_EQ(answer.status, 204);
  EXPECT_TRUE(absl::StrContains(answer.Header("Access-Control-Allow-Headers"), "Authorization"));
  const Answer refused = Get("/v1/events", {{"Origin", "https://ops.example.com"}});
  EXPECT_EQ(refused.status, 401);
  EXPECT_EQ(refused.Header("Access-Control-Allow-Origin"), "https://ops.example.com");
}

TEST_F(RouteAccessTest, TheDescriptionSaysWhatNeedsAToken) {
  const auto paths = Get("/openapi.json").Json().at("paths").as_object();
  for (const http::Route& route : service.routes.routes()) {
    const auto& operation = paths.at(std::string(route.pattern))
                                .at(absl::AsciiStrToLower(std::string(route.method)))
                                .as_object();
    const bool needs = http::NeedsToken(route.access);
    EXPECT_EQ(operation.contains("security"), needs) << route.name;
    EXPECT_EQ(operation.at("responses").as_object().contains("401"), needs) << route.name;
    EXPECT_TRUE(operation.at("responses").as_object().contains("403")) << route.name;
  }
}

}  // namespace
}  // namespace tocsin::bridge
