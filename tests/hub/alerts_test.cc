// What an alert does to incidents, over both stores and over restarts.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <thread>

#include "core/event/error.h"
#include "tests/core/rounds.h"
#include "tests/hub/alert_fixture.h"

namespace tocsin::hub {
namespace {

using namespace alert_test;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

using AlertsTest = AlertStoreTest;

TEST_P(AlertsTest, AFiringAlertOpensAnIncidentWithItsFields) {
  v1::Alert alert = AlertNamed("a");
  alert.set_alert_type(v1::INCIDENT_TYPE_AVAILABILITY);
  alert.set_description("all of it");
  alert.add_affected_services("checkout");
  (*alert.mutable_labels())["env"] = "production";
  const v1::SubmitAlertResponse answer = hub_->Submit(alert);
  EXPECT_TRUE(answer.opened());
  EXPECT_FALSE(answer.duplicate());

  const std::vector<v1::Event> events = hub_->News();
  ASSERT_THAT(events, SizeIs(2));
  EXPECT_EQ(events[0].type(), kReceived);
  EXPECT_EQ(events[0].actor(), "prometheus");
  const v1::Alert& received = events[0].alert_received().alert();
  EXPECT_EQ(received.id(), answer.alert_id());
  EXPECT_EQ(received.incident_id(), answer.incident_id());
  EXPECT_FALSE(received.deduplicated());
  EXPECT_EQ(ToTime(received.timestamp()), now());
  EXPECT_EQ(ToTime(received.received_at()), now());
  EXPECT_EQ(events[1].type(), kCreated);
  const v1::Incident& incident = events[1].incident();
  EXPECT_EQ(incident.id(), answer.incident_id());
  EXPECT_EQ(incident.state(), v1::INCIDENT_STATE_DETECTED);
  EXPECT_EQ(incident.severity(), v1::SEVERITY_P1);
  EXPECT_EQ(incident.incident_type(), v1::INCIDENT_TYPE_AVAILABILITY);
  EXPECT_EQ(incident.title(), "disk full");
  EXPECT_EQ(incident.description(), "all of it");
  EXPECT_EQ(incident.source(), "prometheus");
  EXPECT_THAT(incident.affected_resources(), ElementsAre("checkout"));
  EXPECT_EQ(incident.labels().at("env"), "production");
  EXPECT_EQ(incident.fingerprint(), "a");
  EXPECT_EQ(answer.cursor(), events[1].cursor());
}

TEST_P(AlertsTest, AnActiveIncidentWithTheFingerprintTakesTheNext) {
  const std::string incident = hub_->Submit(AlertNamed("a")).incident_id();
  hub_->News();
  Start();
  const v1::SubmitAlertResponse next = hub_->Submit(AlertNamed("a"));
  EXPECT_EQ(next.incident_id(), incident);
  EXPECT_FALSE(next.opened());
  EXPECT_FALSE(next.duplicate());
  const std::vector<v1::Event> events = hub_->News();
  ASSERT_THAT(events, SizeIs(2));
  EXPECT_EQ(events[1].type(), kConverted);
  for (const v1::Alert& alert :
       {events[0].alert_received().alert(), events[1].alert_converted().alert()}) {
    EXPECT_TRUE(alert.deduplicated());
    EXPECT_EQ(alert.incident_id(), incident);
  }
  EXPECT_EQ(events[1].incident().title(), "disk full");
  EXPECT_NE(hub_->Submit(AlertNamed("b")).incident_id(), incident);
}

TEST_P(AlertsTest, AResolvedAlertResolvesItsIncident) {
  const std::string incident = hub_->Submit(AlertNamed("a")).incident_id();
  hub_->News();
  EXPECT_EQ(hub_->Submit(AlertNamed("a", kAlertResolved)).incident_id(), incident);
  const std::vector<v1::Event> events = hub_->News();
  ASSERT_THAT(events, SizeIs(3));
  EXPECT_EQ(events[2].type(), kResolved);
  EXPECT_EQ(events[2].incident().state(), v1::INCIDENT_STATE_RESOLVED);
  EXPECT_EQ(events[2].incident().resolution().resolution_method(), v1::RESOLUTION_METHOD_AUTOMATED);
  EXPECT_EQ(events[2].incident().resolution().resolved_by(), "prometheus");
  Start();
  // D1: what fires again is a new incident.
  const v1::SubmitAlertResponse again = hub_->Submit(AlertNamed("a"));
  EXPECT_TRUE(again.opened());
  EXPECT_NE(again.incident_id(), incident);
  EXPECT_EQ(hub_->StateOf(incident), v1::INCIDENT_STATE_RESOLVED);
}

// An alert of another fingerprint that was given to the incident by hand.
v1::Event ConvertedBy(const std::string& incident, v1::Alert alert) {
  v1::Event event = StateChange(kConverted, incident);
  *event.mutable_alert_converted()->mutable_alert() = std::move(alert);
  return event;
}

TEST_P(AlertsTest, AnIncidentStaysWhileAnotherOfItsAlertsIsOpen) {
  const std::string incident = hub_->Submit(AlertNamed("a")).incident_id();
  ASSERT_TRUE(hub_->Publish({ConvertedBy(incident, AlertNamed("b"))}).ok());
  Start();
  // The fingerprint of what was given by hand belongs to the incident from here on.
  EXPECT_EQ(hub_->Submit(AlertNamed("b")).incident_id(), incident);
  hub_->News();
  hub_->Submit(AlertNamed("a", kAlertResolved));
  EXPECT_THAT(hub_->NewTypes(), ElementsAre(kReceived, kConverted));
  EXPECT_EQ(hub_->StateOf(incident), v1::INCIDENT_STATE_DETECTED);
  hub_->Submit(AlertNamed("b", kAcknowledged));
  EXPECT_EQ(hub_->StateOf(incident), v1::INCIDENT_STATE_TRIAGED);
  Start();
  hub_->Submit(AlertNamed("a", kAlertResolved));
  EXPECT_EQ(hub_->StateOf(incident), v1::INCIDENT_STATE_TRIAGED);
  hub_->Submit(AlertNamed("b", kAlertResolved));
  EXPECT_EQ(hub_->StateOf(incident), v1::INCIDENT_STATE_RESOLVED);
}

TEST_P(AlertsTest, ResolvingWithAlertsCanBeTurnedOff) {
  Start({.alerts = {.resolve_incidents = false}});
  const std::string incident = hub_->Submit(AlertNamed("a")).incident_id();
  hub_->Submit(AlertNamed("a", kAlertResolved));
  EXPECT_EQ(hub_->StateOf(incident), v1::INCIDENT_STATE_DETECTED);
  EXPECT_EQ(hub_->RowsOf(incident)[0].shown.status(), kAlertResolved);
}

TEST_P(AlertsTest, AnAcknowledgedAlertTriagesWhatWasOnlyDetected) {
  const std::string incident = hub_->Submit(AlertNamed("a")).incident_id();
  hub_->News();
  hub_->Submit(AlertNamed("a", kAcknowledged));
  const std::vector<v1::Event> events = hub_->News();
  ASSERT_THAT(events, SizeIs(3));
  EXPECT_EQ(events[2].type(), kUpdated);
  EXPECT_EQ(events[2].incident().state(), v1::INCIDENT_STATE_TRIAGED);
  EXPECT_EQ(events[2].incident_updated().previous_state(), v1::INCIDENT_STATE_DETECTED);
  EXPECT_EQ(events[2].incident().title(), "disk full");
  hub_->Submit(AlertNamed("a", kAcknowledged));
  EXPECT_THAT(hub_->NewTypes(), ElementsAre(kReceived, kConverted));
  EXPECT_EQ(hub_->StateOf(incident), v1::INCIDENT_STATE_TRIAGED);
}

TEST_P(AlertsTest, WhatEndsAndBelongsToNoActiveIncidentIsAppendedAlone) {
  for (const v1::AlertStatus status : {kAlertResolved, kAcknowledged}) {
    const v1::SubmitAlertResponse answer = hub_->Submit(AlertNamed("a", status));
    EXPECT_EQ(answer.incident_id(), "");
    EXPECT_FALSE(answer.duplicate());
    const std::vector<v1::Event> events = hub_->News();
    ASSERT_THAT(events, SizeIs(1));
    EXPECT_FALSE(events[0].alert_received().alert().has_incident_id());
    // As a report of a state it says nothing.
    EXPECT_TRUE(hub_->Report(AlertNamed("a", status)).duplicate());
    EXPECT_THAT(hub_->News(), IsEmpty());
  }
}

TEST_P(AlertsTest, ARetryIsTheSameAlertAndOtherContentAConflict) {
  v1::Alert alert = AlertNamed("a");
  alert.set_id(TestUuid(7));
  const v1::SubmitAlertResponse first = hub_->Submit(alert);
  EXPECT_EQ(first.alert_id(), TestUuid(7));
  hub_->Submit(AlertNamed("a", kAlertResolved));
  hub_->News();
  Start();
  const v1::SubmitAlertResponse again = hub_->Submit(alert);
  EXPECT_TRUE(again.duplicate());
  EXPECT_EQ(again.alert_id(), TestUuid(7));
  EXPECT_EQ(again.incident_id(), first.incident_id());
  EXPECT_EQ(again.cursor(), "");
  EXPECT_THAT(hub_->News(), IsEmpty());

  alert.set_title("another");
  const auto conflict = hub_->Send(alert);
  hub_->sequencer().RunOnce();
  EXPECT_EQ(conflict->status().code(), absl::StatusCode::kAlreadyExists) << conflict->status();
  EXPECT_EQ(ErrorDetailsOf(conflict->status()).field, "alert.id");
  EXPECT_THAT(hub_->News(), IsEmpty());
  // Ids that follow one another have no event in common.
  alert.set_id(TestUuid(8));
  EXPECT_FALSE(hub_->Submit(alert).duplicate());
}

TEST_P(AlertsTest, ConcurrentTwinsOpenOneIncident) {
  constexpr int kRounds = testing::Rounds(50);
  for (int round = 0; round < kRounds; ++round) {
    const std::string name = "round " + std::to_string(round);
    std::vector<std::shared_ptr<AlertOutcome>> outcomes;
    for (int i = 0; i < 100; ++i) {
      outcomes.push_back(hub_->Send(AlertNamed(name)));
    }
    while (hub_->sequencer().RunOnce()) {
    }
    std::set<std::string> incidents;
    int opened = 0;
    for (const auto& outcome : outcomes) {
      ASSERT_TRUE(outcome->ok()) << outcome->status();
      incidents.insert((*outcome)->response.incident_id());
      opened += (*outcome)->response.opened() ? 1 : 0;
    }
    EXPECT_THAT(incidents, SizeIs(1));
    EXPECT_EQ(opened, 1);
  }
}

TEST_P(AlertsTest, ConcurrentThreadsOpenOneIncident) {
  hub_->sequencer().Start();
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 100; ++i) hub_->Send(AlertNamed(std::to_string(i)));
    });
  }
  for (std::thread& thread : threads) thread.join();
  hub_->sequencer().Stop();
  int created = 0;
  for (const v1::EventType type : hub_->NewTypes()) created += type == kCreated ? 1 : 0;
  EXPECT_EQ(created, 100);
}

TEST_P(AlertsTest, AnIncidentListsEachFingerprintOnceWithItsCount) {
  const std::string incident = hub_->Submit(AlertNamed("a")).incident_id();
  ASSERT_TRUE(hub_->Publish({ConvertedBy(incident, AlertNamed("b"))}).ok());
  const absl::Time first = now();
  clock_.Advance(absl::Seconds(5));
  v1::Alert worse = AlertNamed("a");
  worse.set_severity(v1::SEVERITY_P0);
  const std::string newest = hub_->Submit(worse).alert_id();
  Start();
  const std::vector<AlertRow> rows = hub_->RowsOf(incident);
  ASSERT_THAT(rows, SizeIs(2));
  EXPECT_EQ(rows[0].shown.fingerprint(), "a");
  EXPECT_EQ(rows[0].shown.count(), 2u);
  EXPECT_EQ(rows[0].shown.alert_id(), newest);
  EXPECT_EQ(rows[0].shown.severity(), v1::SEVERITY_P0);
  EXPECT_EQ(rows[0].shown.status(), v1::ALERT_STATUS_FIRING);
  EXPECT_EQ(ToTime(rows[0].shown.first_at()), first);
  EXPECT_EQ(ToTime(rows[0].shown.last_at()), now());
  EXPECT_EQ(rows[1].shown.count(), 1u);
  EXPECT_EQ((*log_->GetIncident(incident))->alerts, (AlertCounts{.rows = 2, .open = 2}));
}

TEST_P(AlertsTest, AnIncidentThatWasCreatedWithAFingerprintTakesItsAlerts) {
  v1::Event created = IncidentCreated(TestUuid(5));
  created.mutable_incident()->set_fingerprint("a");
  ASSERT_TRUE(hub_->Publish({created}).ok());
  Start();
  EXPECT_EQ(hub_->Submit(AlertNamed("a")).incident_id(), TestUuid(5));
  EXPECT_THAT(hub_->RowsOf(TestUuid(5)), SizeIs(1));
}

TEST_P(AlertsTest, AlertsGoWithTheirIncident) {
  const std::string incident = hub_->Submit(AlertNamed("a")).incident_id();
  ASSERT_TRUE(hub_->Publish({ConvertedBy(incident, AlertNamed("b"))}).ok());
  ASSERT_TRUE(hub_->Publish({StateChange(v1::EVENT_TYPE_INCIDENT_CLOSED, incident)}).ok());
  const std::string other = hub_->Submit(AlertNamed("a")).incident_id();
  const Retention retention{.max_over_age = absl::Hours(1)};
  ASSERT_EQ(log_->Trim(retention, now() + absl::Hours(2)), absl::OkStatus());
  EXPECT_THAT(hub_->RowsOf(incident), IsEmpty());
  EXPECT_EQ(*log_->IncidentOfFingerprint("b"), "");
  EXPECT_EQ(*log_->IncidentOfFingerprint("a"), other);
  const std::vector<OpenAlert> open = *log_->ReadOpenAlerts();
  ASSERT_THAT(open, SizeIs(1));
  EXPECT_EQ(open[0].incident, other);
}

TEST_P(AlertsTest, AnIncidentKeepsABoundedNumberOfFingerprints) {
  const std::string incident = hub_->Submit(AlertNamed("first")).incident_id();
  std::vector<v1::Event> events;
  for (uint32_t i = 0; i < kAlertRows; ++i) {
    clock_.Advance(absl::Milliseconds(1));
    ASSERT_TRUE(hub_->Publish({ConvertedBy(incident, AlertNamed(std::to_string(i)))}).ok());
    if (i == 5) hub_->Submit(AlertNamed("5", kAlertResolved));
  }
  // What was resolved went first, though it was not the oldest.
  EXPECT_THAT(hub_->RowsOf(incident), SizeIs(kAlertRows));
  EXPECT_EQ(*log_->IncidentOfFingerprint("5"), "");
  EXPECT_EQ(*log_->IncidentOfFingerprint("first"), incident);
  ASSERT_TRUE(hub_->Publish({ConvertedBy(incident, AlertNamed("one more"))}).ok());
  EXPECT_EQ(*log_->IncidentOfFingerprint("first"), "");
  EXPECT_EQ((*log_->GetIncident(incident))->alerts,
            (AlertCounts{.rows = kAlertRows, .open = kAlertRows}));
}

INSTANTIATE_TEST_SUITE_P(Stores, AlertsTest, ::testing::Bool(), AlertStoreName);

}  // namespace
}  // namespace tocsin::hub
