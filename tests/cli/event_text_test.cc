#include "cli/event_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/pub_result.h"

namespace tocsin::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

v1::Event Created() {
  v1::Event event;
  event.set_type(v1::EVENT_TYPE_INCIDENT_CREATED);
  event.set_cursor("e-1f");
  event.mutable_time()->set_seconds(1'767'323'045);
  event.mutable_time()->set_nanos(678'901'000);
  v1::Incident& incident = *event.mutable_incident();
  incident.set_id("0190b6a5-7c1e-7000-8000-000000000001");
  incident.set_severity(v1::SEVERITY_P0);
  incident.set_state(v1::INCIDENT_STATE_DETECTED);
  incident.set_title("API gateway down");
  incident.set_source("llm-sentinel");
  (*incident.mutable_labels())["zone"] = "b";
  (*incident.mutable_labels())["env"] = "production";
  return event;
}

TEST(EventTextTest, SaysWhenHowBadWhatAndWhichOne) {
  EXPECT_EQ(
      EventText(Created(), {}),
      "2026-01-02 03:04:05.678Z  P0  incident_created         [Detected] \"API gateway down\" "
      "source=llm-sentinel env=production zone=b incident=0190b6a5-7c1e-7000-8000-000000000001");
}

TEST(EventTextTest, AddsCursorAndColorOnlyWhenAsked) {
  EXPECT_THAT(EventText(Created(), {.color = false, .cursor = true}), HasSubstr(" cursor=e-1f"));
  EXPECT_THAT(EventText(Created(), {.color = true, .cursor = false}),
              HasSubstr("\x1b[1;31mP0\x1b[0m"));
  EXPECT_THAT(EventText(Created(), {}), Not(HasSubstr("\x1b")));
}

TEST(EventTextTest, SaysWhatTheTypeAdds) {
  v1::Event event = Created();
  event.set_type(v1::EVENT_TYPE_ESCALATED);
  event.mutable_escalated()->set_from_severity(v1::SEVERITY_P2);
  event.mutable_escalated()->set_to_severity(v1::SEVERITY_P0);
  event.mutable_escalated()->set_reason("all regions");
  EXPECT_THAT(EventText(event, {}), HasSubstr(" P2->P0 reason=all regions [Detected]"));
  event.mutable_comment_added()->set_author("ada");
  event.mutable_comment_added()->set_comment("on it");
  EXPECT_THAT(EventText(event, {}), HasSubstr(" ada: \"on it\" "));
  event.mutable_comment_added()->clear_author();
  EXPECT_THAT(EventText(event, {}), HasSubstr(" \"on it\" "));
  EXPECT_THAT(EventText(event, {}), Not(HasSubstr(": \"on it\"")));
  event.mutable_notification_sent()->set_channel("pager");
  EXPECT_THAT(EventText(event, {}), HasSubstr(" pager FAILED "));
  event.mutable_assignment_changed()->add_assignees("ada");
  event.mutable_assignment_changed()->add_assignees("bob");
  EXPECT_THAT(EventText(event, {}), HasSubstr(" to ada, bob "));
  event.mutable_incident_updated()->set_previous_state(v1::INCIDENT_STATE_TRIAGED);
  EXPECT_THAT(EventText(event, {}), HasSubstr(" was Triaged "));
  event.mutable_playbook_completed()->set_success(true);
  event.mutable_playbook_completed()->set_actions_executed(3);
  EXPECT_THAT(EventText(event, {}), HasSubstr(" succeeded after 3 actions "));
}

TEST(EventTextTest, EventsWithoutAnIncidentSayWhatTheyHave) {
  v1::Event alert;
  alert.set_type(v1::EVENT_TYPE_ALERT_RECEIVED);
  alert.mutable_alert_received()->mutable_alert()->set_severity(v1::SEVERITY_P1);
  alert.mutable_alert_received()->mutable_alert()->set_title("slow");
  EXPECT_THAT(EventText(alert, {}), HasSubstr("P1  alert_received           \"slow\""));
  v1::Event system;
  system.set_type(v1::EVENT_TYPE_SYSTEM_EVENT);
  system.mutable_system_event()->set_category("health");
  system.mutable_system_event()->set_message("up");
  EXPECT_THAT(EventText(system, {}), HasSubstr("--  system_event             health: \"up\""));
}

TEST(EventTextTest, NoControlCharacterOfOthersReachesATerminal) {
  EXPECT_EQ(Clean("a\x1b[31m\r\n\t\x7f\xc2\x9b"
                  "b\xc3\xa9"),
            "a\\x1b[31m\\x0d\\n\\x09\\x7f\\x9b"
            "b\xc3\xa9");
  EXPECT_EQ(Clean("\xc2"), "\xc2");
  v1::Event event = Created();
  event.mutable_incident()->set_title("x\x1b]0;owned\x07");
  (*event.mutable_incident()->mutable_labels())["k\n"] = "v\x1b";
  const std::string line = EventText(event, {});
  for (const char c : line) EXPECT_GE(static_cast<unsigned char>(c), 0x20) << line;
}

TEST(PubResultTest, SaysWhereTheEventIsAndWhetherItWasThereBefore) {
  v1::PublishResult result;
  result.set_id("id");
  result.set_cursor("e-1");
  result.set_sequence(7);
  EXPECT_THAT(ResultText(result, "system_event"),
              StartsWith("published system_event cursor=e-1 id=id"));
  EXPECT_EQ(ResultJson(result), R"({"id":"id","cursor":"e-1","sequence":7,"duplicate":false})");
  result.set_duplicate(true);
  result.set_incident_id("i");
  EXPECT_THAT(ResultText(result, "escalated"), StartsWith("duplicate of a published escalated"));
  EXPECT_THAT(ResultJson(result), HasSubstr(R"("incident_id":"i")"));
}

}  // namespace
}  // namespace tocsin::cli
