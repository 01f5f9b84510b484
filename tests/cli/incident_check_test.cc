#include "cli/incidents/incident_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "cli/incidents/history_check.h"

namespace tocsin::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

v1::Incident Incident(const std::string& id, v1::Severity severity = v1::SEVERITY_P2,
                      v1::IncidentState state = v1::INCIDENT_STATE_DETECTED) {
  v1::Incident incident;
  incident.set_id(id);
  incident.set_severity(severity);
  incident.set_state(state);
  incident.set_title("Gateway down");
  (*incident.mutable_labels())["env"] = "production";
  (*incident.mutable_labels())["region"] = "eu";
  return incident;
}

v1::Event Event(Sequence sequence, const v1::Incident& incident,
                v1::EventType type = v1::EVENT_TYPE_INCIDENT_UPDATED) {
  v1::Event event;
  event.set_id(absl::StrCat("event-", sequence));
  event.set_sequence(sequence);
  event.set_cursor(absl::StrCat("1-", sequence));
  event.set_type(type);
  *event.mutable_incident() = incident;
  return event;
}

v1::Event Created(Sequence sequence, const v1::Incident& incident) {
  return Event(sequence, incident, v1::EVENT_TYPE_INCIDENT_CREATED);
}

v1::Event Comment(Sequence sequence, const v1::Incident& incident) {
  v1::Event event = Event(sequence, incident, v1::EVENT_TYPE_COMMENT_ADDED);
  event.mutable_comment_added()->set_comment("looking");
  return event;
}

v1::Event Converted(Sequence sequence, const v1::Incident& incident) {
  v1::Event event = Event(sequence, incident, v1::EVENT_TYPE_ALERT_CONVERTED);
  event.mutable_alert_converted()->mutable_alert()->set_fingerprint("fp");
  return event;
}

std::vector<std::string> Fields(const std::vector<IncidentDifference>& differences) {
  std::vector<std::string> fields;
  for (const IncidentDifference& one : differences) fields.push_back(one.field);
  return fields;
}

TEST(IncidentCheckTest, IncidentsThatAreAsTheirLastEventSaysAgree) {
  IncidentCheck check;
  check.Keep(Incident("a", v1::SEVERITY_P0));
  check.Keep(Incident("b"));
  check.Take(Created(1, Incident("a")));
  check.Take(Created(2, Incident("b")));
  check.Take(Event(3, Incident("a", v1::SEVERITY_P0)));
  const IncidentCheck::Result result = check.Compare();
  EXPECT_EQ(result.compared, 2u);
  EXPECT_THAT(result.equal, ElementsAre("a", "b"));
  EXPECT_THAT(result.differing, IsEmpty());
  EXPECT_EQ(check.EventsOf("a").count, 2u);
}

TEST(IncidentCheckTest, ADifferenceAMissingOneAndOneThatNoEventKnowsAreFound) {
  IncidentCheck check;
  check.Keep(Incident("changed", v1::SEVERITY_P1));
  check.Keep(Incident("invented"));
  check.Take(Created(1, Incident("changed", v1::SEVERITY_P0)));
  check.Take(Created(2, Incident("missing")));
  const IncidentCheck::Result result = check.Compare();
  EXPECT_EQ(result.compared, 3u);
  EXPECT_THAT(result.differing, ElementsAre("changed", "invented", "missing"));
}

TEST(IncidentCheckTest, WhatTheLogDoesNotHoldWholeIsNotCompared) {
  IncidentCheck check;
  check.Keep(Incident("old", v1::SEVERITY_P0));
  check.Keep(Incident("older"));
  check.Keep(Incident("new"));
  check.Take(Event(100, Incident("old", v1::SEVERITY_P4)));
  check.Take(Created(101, Incident("new")));
  const IncidentCheck::Result result = check.Compare();
  EXPECT_EQ(result.events_gone, 2u);
  EXPECT_THAT(result.equal, ElementsAre("new"));
  EXPECT_THAT(result.differing, IsEmpty());
}

TEST(IncidentCheckTest, WhatRetentionDroppedWasOver) {
  const auto missing = [](v1::IncidentState state, bool keeps_active) {
    IncidentCheck check(keeps_active);
    check.Take(Created(1, Incident("a")));
    check.Take(Event(2, Incident("a", v1::SEVERITY_P2, state)));
    const IncidentCheck::Result result = check.Compare();
    return std::pair(result.dropped, result.differing.size());
  };
  EXPECT_EQ(missing(v1::INCIDENT_STATE_CLOSED, true), std::pair(uint64_t{1}, size_t{0}));
  EXPECT_EQ(missing(v1::INCIDENT_STATE_TRIAGED, true), std::pair(uint64_t{0}, size_t{1}));
  EXPECT_EQ(missing(v1::INCIDENT_STATE_TRIAGED, false), std::pair(uint64_t{1}, size_t{0}));
}

TEST(IncidentCheckTest, AnIdThatIsCreatedAgainBeginsAnew) {
  IncidentCheck check;
  check.Take(Created(1, Incident("a")));
  check.Take(Event(2, Incident("a", v1::SEVERITY_P2, v1::INCIDENT_STATE_CLOSED)));
  check.Take(Created(3, Incident("a")));
  LoggedEvents only_the_last;
  only_the_last.Add(3);
  EXPECT_EQ(check.EventsOf("a"), only_the_last);
}

TEST(FieldDifferencesTest, EachFieldThatDiffersIsNamedWithBothValues) {
  const v1::Incident kept = Incident("a", v1::SEVERITY_P1);
  v1::Incident logged = Incident("a", v1::SEVERITY_P0);
  logged.mutable_labels()->erase("region");
  const auto differences = FieldDifferences("a", &kept, &logged);
  ASSERT_THAT(Fields(differences), ElementsAre("severity", "labels"));
  EXPECT_EQ(differences[0].kept, "\"P1\"");
  EXPECT_EQ(differences[0].logged, "\"P0\"");
  EXPECT_EQ(differences[1].logged, "{\"env\":\"production\"}");
  EXPECT_THAT(FieldDifferences("a", &kept, &kept), IsEmpty());
  EXPECT_THAT(Fields(FieldDifferences("a", nullptr, &logged)), ElementsAre("incident"));
}

class HistoryCheckTest : public ::testing::Test {
 protected:
  // What a hub keeps of these events.
  void Happen(const v1::Event& event) {
    events_.push_back(event);
    (*kept_.mutable_incident()->add_timeline()->mutable_metadata())["cursor"] = event.cursor();
    if (event.has_comment_added()) kept_.mutable_incident()->add_notes()->set_id(event.id());
    kept_.set_sequence(event.sequence());
  }
  std::vector<std::string> Differing() const {
    LoggedEvents logged;
    for (const v1::Event& event : events_) logged.Add(event.sequence());
    HistoryCheck check(kept_, kept_.sequence(), logged);
    for (const v1::Event& event : linked_ ? *linked_ : events_) check.Take(event);
    return Fields(check.Compare());
  }

  HistoryCheckTest() {
    *kept_.mutable_incident() = Incident("a");
    Happen(Created(1, Incident("a")));
    Happen(Comment(2, Incident("a")));
    Happen(Converted(3, Incident("a")));
    Happen(Comment(5, Incident("a")));
    v1::IncidentAlert& alert = *kept_.mutable_incident()->add_alerts();
    alert.set_fingerprint("fp");
    alert.set_count(2);  // one more opened it
  }

  v1::GetIncidentResponse kept_;
  std::vector<v1::Event> events_;
  std::optional<std::vector<v1::Event>> linked_;
};

TEST_F(HistoryCheckTest, AHistoryThatTellsItsEventsAgrees) { EXPECT_THAT(Differing(), IsEmpty()); }

TEST_F(HistoryCheckTest, TheNewestHundredAreEnough) {
  for (Sequence sequence = 10; sequence < 250; ++sequence) {
    Happen(Comment(sequence, Incident("a")));
  }
  v1::Incident& incident = *kept_.mutable_incident();
  incident.mutable_timeline()->DeleteSubrange(0, incident.timeline_size() - 100);
  incident.mutable_notes()->DeleteSubrange(0, incident.notes_size() - 100);
  EXPECT_THAT(Differing(), IsEmpty());
  incident.mutable_timeline()->DeleteSubrange(0, 1);
  EXPECT_THAT(Differing(), ElementsAre("timeline"));
}

TEST_F(HistoryCheckTest, AMissingEntryIsFoundWhereverItWas) {
  for (int missing = 0; missing < 4; ++missing) {
    const v1::GetIncidentResponse whole = kept_;
    kept_.mutable_incident()->mutable_timeline()->DeleteSubrange(missing, 1);
    EXPECT_THAT(Differing(), ElementsAre("timeline")) << missing;
    kept_ = whole;
  }
  for (int missing = 0; missing < 2; ++missing) {
    const v1::GetIncidentResponse whole = kept_;
    kept_.mutable_incident()->mutable_notes()->DeleteSubrange(missing, 1);
    EXPECT_THAT(Differing(), ElementsAre("notes")) << missing;
    kept_ = whole;
  }
  kept_.mutable_incident()->clear_notes();
  EXPECT_THAT(Differing(), ElementsAre("notes"));
}

TEST_F(HistoryCheckTest, WhatAPublisherGaveIsNoDifference) {
  v1::Incident& incident = *kept_.mutable_incident();
  incident.mutable_timeline()->DeleteSubrange(0, 2);
  incident.mutable_timeline(0)->clear_metadata();  // the publisher's, before the event that gave it
  incident.mutable_notes(0)->set_id("given");
  EXPECT_THAT(Differing(), IsEmpty());
  incident.mutable_notes(1)->set_id("given too");
  EXPECT_THAT(Differing(), IsEmpty());
}

TEST_F(HistoryCheckTest, EventsThatTheHubFindsNoMoreAreTold) {
  linked_ = events_;
  linked_->erase(linked_->begin() + 1);
  EXPECT_THAT(Differing(), ElementsAre("events"));
}

TEST_F(HistoryCheckTest, AlertsThatWereNotCountedAreTold) {
  kept_.mutable_incident()->mutable_alerts(0)->set_count(0);
  EXPECT_THAT(Differing(), ElementsAre("alerts[fp].count"));
  kept_.mutable_incident()->clear_alerts();
  EXPECT_THAT(Differing(), ElementsAre("alerts[fp].count"));
}

TEST_F(HistoryCheckTest, AnAnswerThatIsBehindItsEventsIsTold) {
  kept_.set_sequence(3);
  EXPECT_THAT(Differing(), ElementsAre("sequence", "events"));
}

}  // namespace
}  // namespace tocsin::cli
