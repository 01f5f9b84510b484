// POST and GET /graphql, and the schema, over the bridge's routes.
#include "bridge/graphql/http/graphql_routes.h"

#include <gtest/gtest.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tests/bridge/rest_fixture.h"

namespace tocsin::bridge {
namespace {

constexpr char kResponse[] = "application/graphql-response+json";
constexpr char kJson[] = "application/json";
constexpr char kParts[] = "multipart/mixed;subscriptionSpec=\"1.0\"";

class GraphqlRoutesTest : public testing::RestTest {
 protected:
  Answer PostAs(std::string_view accept, std::string_view body) {
    return Post("/graphql", body, {{"Accept", std::string(accept)}});
  }
  static std::string CodeOf(const Answer& answer) {
    return std::string(
        boost::json::parse(answer.body).at_pointer("/errors/0/extensions/code").as_string());
  }
};

TEST_F(GraphqlRoutesTest, ARequestThatIsNotExecutedHasTheStatusOfItsMediaType) {
  struct Row {
    const char* body;
    int as_response;
    int as_json;
    const char* code;
  };
  const Row rows[] = {
      {"{", 400, 400, "BAD_USER_INPUT"},
      {R"({"qeury":"{a}"})", 400, 400, "BAD_USER_INPUT"},
      {R"({"query":"{__typename}","variables":[7]})", 400, 400, "BAD_USER_INPUT"},
      {R"([{"query":"{__typename}"}])", 400, 400, "BAD_USER_INPUT"},
      {R"({"query":"{"})", 400, 200, "GRAPHQL_PARSE_FAILED"},
      {R"({"query":"{nothing}"})", 400, 200, "GRAPHQL_VALIDATION_FAILED"},
      {R"({"query":"query($id:UUID!){incident(id:$id){id}}"})", 400, 200, "BAD_USER_INPUT"},
      {R"({"query":"query a{__typename}","operationName":"b"})", 400, 200, "BAD_USER_INPUT"},
      {R"({"query":"subscription{newIncidents{id}}"})", 400, 200, "BAD_USER_INPUT"},
  };
  for (const Row& row : rows) {
    const Answer response = PostAs(kResponse, row.body);
    EXPECT_EQ(response.status, row.as_response) << row.body;
    EXPECT_EQ(response.Header("Content-Type"), absl::StrCat(kResponse, "; charset=utf-8"));
    EXPECT_EQ(CodeOf(response), row.code) << row.body;
    const Answer json = PostAs(kJson, row.body);
    EXPECT_EQ(json.status, row.as_json) << row.body;
    EXPECT_EQ(json.Header("Content-Type"), absl::StrCat(kJson, "; charset=utf-8"));
    EXPECT_EQ(CodeOf(json), row.code) << row.body;
    EXPECT_EQ(json.Header("Cache-Control"), "no-store");
  }
}

TEST_F(GraphqlRoutesTest, AResultIs200InEitherMediaType) {
  for (const char* accept : {kResponse, kJson, "*/*"}) {
    const Answer answer = PostAs(accept, R"({"query":"{__typename}"})");
    EXPECT_EQ(answer.status, 200) << accept;
    EXPECT_EQ(answer.body, "{\"data\":{\"__typename\":\"Query\"}}\n");
  }
  EXPECT_EQ(Get("/graphql?query={__typename}").body, "{\"data\":{\"__typename\":\"Query\"}}\n");
}

TEST_F(GraphqlRoutesTest, AGetTakesQueriesOnly) {
  for (const char* query : {"mutation{__typename}", "subscription{newIncidents{id}}"}) {
    const Answer answer = Get(absl::StrCat("/graphql?query=", query), {{"Accept", kJson}});
    EXPECT_EQ(answer.status, 405) << query;
    EXPECT_EQ(answer.Header("Allow"), "POST");
    EXPECT_EQ(CodeOf(answer), "BAD_USER_INPUT");
  }
}

// A page of any site can send these without asking first.
TEST_F(GraphqlRoutesTest, WhatAPageCanSendWithoutAPreflightIsRefused) {
  constexpr char kBody[] = R"({"query":"mutation{__typename}"})";
  for (const char* type :
       {"text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"}) {
    EXPECT_EQ(Ask("POST", "/graphql", kBody, {{"Content-Type", type}}).status, 415) << type;
  }
  EXPECT_EQ(Ask("POST", "/graphql", kBody, {}).status, 415);
  EXPECT_EQ(Post("/graphql", kBody, {{"Origin", "https://evil.example"}}).status, 403);
  EXPECT_EQ(Get("/graphql?query={__typename}", {{"Sec-Fetch-Site", "cross-site"}}).status, 403);
}

TEST_F(GraphqlRoutesTest, WhatNoClientTakesIsNotAcceptable) {
  EXPECT_EQ(PostAs("text/html", R"({"query":"{__typename}"})").status, 406);
  EXPECT_EQ(PostAs(kParts, R"({"query":"{__typename}"})").status, 406) << "a query has no parts";
  EXPECT_EQ(PostAs(kParts, R"({"query":"{"})").status, 400) << "what is wrong is told";
}

TEST_F(GraphqlRoutesTest, ASubscriptionIsAnsweredInParts) {
  const Answer answer =
      PostAs(absl::StrCat(kParts, ", ", kJson), R"({"query":"subscription{newIncidents{id}}"})");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.Header("Content-Type"),
            R"(multipart/mixed;boundary="graphql";subscriptionSpec="1.0")");
  EXPECT_EQ(answer.Header("Tocsin-Session").size(), 36u);
  EXPECT_TRUE(absl::StrContains(answer.body, "--graphql")) << answer.body;
}

TEST_F(GraphqlRoutesTest, NoSubscriptionBeginsBeforeTheHubIsReachedOrWhileDraining) {
  for (std::atomic<bool>* flag : {&state.draining, &state.window_open}) {
    flag->store(!flag->load());
    const Answer answer = PostAs(kParts, R"({"query":"subscription{newIncidents{id}}"})");
    EXPECT_EQ(answer.status, 503);
    EXPECT_EQ(answer.Header("Retry-After"), "1");
    EXPECT_EQ(answer.Header("Content-Type"), "application/problem+json");
    flag->store(!flag->load());
  }
}

TEST_F(GraphqlRoutesTest, AnArgumentThatIsWrongIsToldBeforeTheStreamBegins) {
  const Answer answer = PostAs(
      absl::StrCat(kParts, ", ", kJson),
      R"({"query":"subscription{newIncidents{id}}","extensions":{"resumeFrom":"nonsense"}})");
  EXPECT_EQ(answer.status, 200) << "as application/json";
  EXPECT_EQ(CodeOf(answer), "BAD_USER_INPUT");
}

TEST_F(GraphqlRoutesTest, TheSchemaHasAStrongTag) {
  const Answer answer = Get("/graphql/schema.graphql");
  EXPECT_EQ(answer.status, 200);
  EXPECT_TRUE(absl::StrContains(answer.body, "type Subscription {"));
  const std::string tag = answer.Header("ETag");
  EXPECT_EQ(tag.front(), '"');
  const Answer known = Get("/graphql/schema.graphql", {{"If-None-Match", tag}});
  EXPECT_EQ(known.status, 304);
  EXPECT_EQ(known.body, "");
  EXPECT_EQ(Get("/graphql/schema.graphql", {{"If-None-Match", "\"other\""}}).status, 200);
}

}  // namespace
}  // namespace tocsin::bridge
