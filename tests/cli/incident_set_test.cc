#include "cli/incidents/incident_set.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace tocsin::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

v1::Incident Incident(const std::string& id, v1::Severity severity = v1::SEVERITY_P2,
                      int64_t updated = 0) {
  v1::Incident incident;
  incident.set_id(id);
  incident.set_severity(severity);
  incident.set_state(v1::INCIDENT_STATE_DETECTED);
  incident.mutable_updated_at()->set_seconds(1000 + updated);
  return incident;
}

v1::SubscribeResponse Part(const std::vector<v1::Incident>& incidents, bool last) {
  v1::SubscribeResponse response;
  response.mutable_snapshot()->set_kind(last ? v1::SnapshotMark::KIND_LAST
                                             : v1::SnapshotMark::KIND_PART);
  for (const v1::Incident& incident : incidents) {
    *response.mutable_snapshot()->add_incidents() = incident;
  }
  return response;
}

v1::SubscribeResponse Changed(const v1::Incident& incident) {
  v1::SubscribeResponse response;
  *response.add_events()->mutable_incident() = incident;
  return response;
}

v1::SubscribeResponse Left(const std::string& id) {
  v1::SubscribeResponse response;
  response.add_leaves()->set_incident_id(id);
  return response;
}

// "+a" entered, "~a" changed, "-a" left.
std::vector<std::string> Told(const std::vector<IncidentChange>& changes) {
  std::vector<std::string> told;
  for (const IncidentChange& change : changes) {
    const char* sign = change.kind == IncidentChange::Kind::kEntered   ? "+"
                       : change.kind == IncidentChange::Kind::kChanged ? "~"
                                                                       : "-";
    told.push_back(sign + change.incident.id());
  }
  return told;
}

std::vector<std::string> Ids(const IncidentSet& set) {
  std::vector<std::string> ids;
  for (const v1::Incident* incident : set.Sorted()) ids.push_back(incident->id());
  return ids;
}

TEST(IncidentSetTest, ASnapshotCountsOnceItIsWhole) {
  IncidentSet set;
  EXPECT_THAT(Told(set.Apply(Part({Incident("a")}, false))), IsEmpty());
  EXPECT_FALSE(set.whole());
  EXPECT_THAT(Ids(set), IsEmpty());
  EXPECT_THAT(Told(set.Apply(Part({Incident("b")}, true))), ElementsAre("+a", "+b"));
  EXPECT_TRUE(set.whole());
  EXPECT_THAT(Ids(set), ElementsAre("a", "b"));
}

TEST(IncidentSetTest, ChangesAndLeavesAreTold) {
  IncidentSet set;
  set.Apply(Part({Incident("a")}, true));
  EXPECT_THAT(Told(set.Apply(Changed(Incident("b")))), ElementsAre("+b"));
  EXPECT_THAT(Told(set.Apply(Changed(Incident("a", v1::SEVERITY_P0)))), ElementsAre("~a"));
  EXPECT_THAT(Told(set.Apply(Changed(Incident("a", v1::SEVERITY_P0)))), IsEmpty());  // the same
  EXPECT_THAT(Told(set.Apply(Left("b"))), ElementsAre("-b"));
  EXPECT_THAT(Told(set.Apply(Left("b"))), IsEmpty());
  EXPECT_THAT(Ids(set), ElementsAre("a"));
}

TEST(IncidentSetTest, AnEventWithoutAnIncidentChangesNothing) {
  IncidentSet set;
  set.Apply(Part({Incident("a")}, true));
  v1::SubscribeResponse response;
  response.add_events()->mutable_system_event();
  EXPECT_THAT(set.Apply(response), IsEmpty());
}

// A new stream begins with a snapshot. What left meanwhile is told, and does not stay.
TEST(IncidentSetTest, TheNextSnapshotReplacesTheSetAndTellsTheDifference) {
  IncidentSet set;
  set.Apply(Part({Incident("a"), Incident("b"), Incident("c")}, true));
  set.Broken();
  set.Apply(Part({Incident("b", v1::SEVERITY_P0)}, false));
  EXPECT_THAT(Ids(set), ElementsAre("a", "b", "c"));  // until it is whole
  EXPECT_THAT(Told(set.Apply(Part({Incident("c"), Incident("d")}, true))),
              ElementsAre("-a", "~b", "+d"));
  EXPECT_THAT(Ids(set), ElementsAre("b", "c", "d"));
}

TEST(IncidentSetTest, ASnapshotThatBrokeOffIsDropped) {
  IncidentSet set;
  set.Apply(Part({Incident("a"), Incident("gone")}, false));
  set.Broken();
  set.Apply(Part({Incident("a")}, true));
  EXPECT_THAT(Ids(set), ElementsAre("a"));
}

TEST(IncidentSetTest, TheWorstComeFirstAndThenWhatChangedLast) {
  IncidentSet set;
  set.Apply(Part({Incident("mild", v1::SEVERITY_P4, 9), Incident("old", v1::SEVERITY_P1, 1),
                  Incident("new", v1::SEVERITY_P1, 2), Incident("worst", v1::SEVERITY_P0, 0)},
                 true));
  EXPECT_THAT(Ids(set), ElementsAre("worst", "new", "old", "mild"));
}

}  // namespace
}  // namespace tocsin::cli
