#include <gtest/gtest.h>

#include <string>

#include "core/event/explain_json.h"
#include "tests/core/event_samples.h"

namespace tocsin {
namespace {

TEST(ExplainJsonTest, ReadsARequest) {
  const auto request = ReadJsonExplainRequest(
      R"({"filter":{"severities":["P0"]},"require":[{"active_only":true}],)"
      R"("event":{"type":"system_event","category":"c","message":"m"},"session_id":null})");
  ASSERT_TRUE(request.ok()) << request.status();
  EXPECT_EQ(request->filter().severities(0), v1::SEVERITY_P0);
  EXPECT_TRUE(request->require(0).active_only());
  EXPECT_EQ(request->event().system_event().category(), "c");
  const auto last = ReadJsonExplainRequest(R"({"last":10,"show":"not_matching"})");
  EXPECT_EQ(last->last(), 10u);
  EXPECT_EQ(last->show(), v1::ExplainRequest::SHOW_NOT_MATCHING);
  EXPECT_EQ(ReadJsonExplainRequest(R"({"session_id":"s"})")->session_id(), "s");
}

TEST(ExplainJsonTest, NamesTheFieldThatIsWrong) {
  const std::pair<const char*, const char*> cases[] = {
      {"[]", "INVALID_MESSAGE "},
      {"{", "INVALID_MESSAGE "},
      {R"({"fitler":{}})", "INVALID_MESSAGE fitler"},
      {R"({"filter":[]})", "INVALID_FILTER filter"},
      {R"({"filter":{"severites":[]}})", "INVALID_FILTER filter.severites"},
      {R"({"filter":{"severities":["P9"]}})", "INVALID_FILTER filter.severities[0]"},
      {R"({"require":{}})", "INVALID_MESSAGE require"},
      {R"({"require":[{},{"states":["x"]}]})", "INVALID_FILTER require[1].states[0]"},
      {R"({"event":5})", "INVALID_MESSAGE event"},
      {R"({"event":{"type":"x"}})", "INVALID_MESSAGE event.type"},
      {R"({"event":{"type":"system_event","colour":1}})", "INVALID_MESSAGE event.colour"},
      {R"({"last":"ten"})", "INVALID_MESSAGE last"},
      {R"({"last":-1})", "INVALID_MESSAGE last"},
      {R"({"last":1.5})", "INVALID_MESSAGE last"},
      {R"({"last":4294967296})", "INVALID_MESSAGE last"},
      {R"({"show":"some"})", "INVALID_MESSAGE show"},
      {R"({"show":1})", "INVALID_MESSAGE show"},
      {R"({"session_id":7})", "INVALID_MESSAGE session_id"},
  };
  for (const auto& [json, error] : cases) {
    EXPECT_EQ(Describe(ReadJsonExplainRequest(json).status()), error) << json;
  }
}

std::string Json(const v1::ExplainResponse& response) {
  std::string out;
  AppendJsonExplainResponse(out, response);
  return out;
}

TEST(ExplainJsonTest, WritesExplanations) {
  v1::ExplainResponse response;
  response.set_looked_at(2);
  response.set_matching(1);
  v1::Explanation& explanation = *response.add_explanations();
  explanation.set_event_id("i");
  explanation.set_cursor("e-1");
  explanation.set_event_type(v1::EVENT_TYPE_ESCALATED);
  v1::FieldExplanation& field = *explanation.add_fields();
  field.set_field("severities");
  field.set_reason("a \"b\"");
  field.add_event_values("P2");
  field.add_filter_values("P0");
  field.add_filter_values("P1");
  EXPECT_EQ(Json(response),
            R"({"looked_at":2,"matching":1,"left_out":0,"explanations":[{"event_id":"i",)"
            R"("cursor":"e-1","event_type":"escalated","matches":false,"fields":[{"field":)"
            R"("severities","matches":false,"reason":"a \"b\"","event_values":["P2"],)"
            R"("filter_values":["P0","P1"]}]}]})");
}

TEST(ExplainJsonTest, WritesASession) {
  v1::ExplainResponse response;
  v1::SessionExplanation& session = *response.mutable_session();
  session.set_session_id("s");
  session.set_transport("sse");
  session.mutable_since()->set_seconds(1'767'323'045);
  v1::SubscriptionExplanation& subscription = *session.add_subscriptions();
  subscription.mutable_filter()->add_severities(v1::SEVERITY_P0);
  subscription.add_require()->set_active_only(true);
  subscription.set_behind(7);
  subscription.set_cursor("e-1");
  EXPECT_EQ(Json(response),
            R"({"session":{"session_id":"s","label":"","transport":"sse",)"
            R"("since":"2026-01-02T03:04:05.000000Z","subscriptions":[{"subscription_id":"",)"
            R"("filter":{"severities":["P0"]},"require":[{"active_only":true}],"live":false,)"
            R"("behind":7,"cursor":"e-1"}],"last_cursor":"","waiting_bytes":0}})");
}

}  // namespace
}  // namespace tocsin
