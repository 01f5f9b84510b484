#include "cli/explain_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tocsin::cli {
namespace {

using ::testing::HasSubstr;

v1::Explanation Stopped(const std::string& cursor) {
  v1::Explanation explanation;
  explanation.set_event_id("id");
  explanation.set_cursor(cursor);
  explanation.set_event_type(v1::EVENT_TYPE_COMMENT_ADDED);
  v1::FieldExplanation& types = *explanation.add_fields();
  types.set_field("event_types");
  types.set_matches(true);
  types.set_reason("the type is comment_added; the filter lets comment_added through");
  v1::FieldExplanation& severity = *explanation.add_fields();
  severity.set_field("severities");
  severity.set_reason("severity is P2; the filter lets P0 through");
  return explanation;
}

v1::Explanation Matching(const std::string& cursor) {
  v1::Explanation explanation = Stopped(cursor);
  explanation.set_matches(true);
  explanation.mutable_fields(1)->set_matches(true);
  return explanation;
}

TEST(ExplainTextTest, AnEventHasALineForEachField) {
  EXPECT_EQ(EventExplanationText(Stopped("e-1")),
            "comment_added id is stopped\n"
            "  yes event_types          the type is comment_added; the filter lets comment_added "
            "through\n"
            "  NO  severities           severity is P2; the filter lets P0 through\n");
  v1::Explanation all;
  all.set_matches(true);
  EXPECT_THAT(EventExplanationText(all), HasSubstr("the filter sets no field, so that all match"));
}

TEST(ExplainTextTest, ManyHaveALineEachAndACount) {
  v1::ExplainResponse response;
  *response.add_explanations() = Matching("e-3");
  *response.add_explanations() = Stopped("e-2");
  response.set_looked_at(3);
  response.set_matching(1);
  response.set_left_out(1);
  EXPECT_EQ(ExplanationsText(response),
            "matches  comment_added             e-3\n"
            "stopped  comment_added             e-2  severity is P2; the filter lets P0 through\n"
            "(1 older ones are left out)\n"
            "1 of the last 3 events match; stopped by: severities 1\n");
}

TEST(ExplainTextTest, ASessionSaysWhereItStands) {
  const absl::Time now = absl::FromUnixSeconds(1'767'323'045);
  v1::SessionExplanation session;
  session.set_session_id("s");
  session.set_label("pager");
  session.set_transport("websocket");
  session.mutable_since()->set_seconds(1'767'323'045 - 125);
  session.set_last_cursor("e-9");
  session.mutable_last_sent_at()->set_seconds(1'767'323'042);
  v1::SubscriptionExplanation& live = *session.add_subscriptions();
  live.set_subscription_id("worst");
  live.mutable_filter()->add_severities(v1::SEVERITY_P0);
  live.set_live(true);
  live.set_cursor("e-9");
  v1::SubscriptionExplanation& behind = *session.add_subscriptions();
  behind.set_subscription_id("old");
  behind.set_behind(1234);
  behind.set_cursor("e-1");
  EXPECT_EQ(SessionText(session, now, absl::FixedTimeZone(3600)),
            "session      s\n"
            "label        pager\n"
            "transport    websocket\n"
            "since        2026-01-02 04:02:00.000+01:00 (2m)\n"
            "last sent    e-9, 3s ago\n"
            "waiting      0 bytes\n"
            "subscription worst: live, given everything up to e-9\n"
            "  filter     {\"severities\":[\"P0\"]}\n"
            "subscription old: behind by 1234 events, given everything up to e-1\n"
            "  filter     {}\n");
}

TEST(ExplainTextTest, TextFromEventsIsCleaned) {
  v1::Explanation explanation = Stopped("e-1");
  explanation.mutable_fields(1)->set_reason("source is \"\x1b[2J\"");
  EXPECT_THAT(EventExplanationText(explanation), HasSubstr("\\x1b[2J"));
}

}  // namespace
}  // namespace tocsin::cli
