// What an alert does to incidents, over both stores and over restarts.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <thread>

#include "core/event/error.h"
#include "hub/alert_fingerprint.h"
#include "hub/log/memory_log.h"
#include "tests/hub/alert_fixture.h"
#include "tests/hub/wrapped_log.h"

namespace tocsin::hub {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr auto kReceived = v1::EVENT_TYPE_ALERT_RECEIVED;
constexpr auto kCreated = v1::EVENT_TYPE_INCIDENT_CREATED;
constexpr auto kConverted = v1::EVENT_TYPE_ALERT_CONVERTED;
constexpr auto kResolved = v1::EVENT_TYPE_INCIDENT_RESOLVED;
constexpr auto kUpdated = v1::EVENT_TYPE_INCIDENT_UPDATED;
constexpr auto kAlertResolved = v1::ALERT_STATUS_RESOLVED;
constexpr auto kAcknowledged = v1::ALERT_STATUS_ACKNOWLEDGED;

class AlertsTest : public testing::TestWithParam<bool> {
 protected:
  AlertsTest() { Start(); }

  void Start(SequencerOptions options = {}) {
    hub_.reset();
    if (log_ == nullptr || GetParam()) {
      log_.reset();
      log_ = GetParam() ? std::unique_ptr<Log>(OpenRocks(RocksIn(dir_, Durability::kMemory)))
                        : std::make_unique<MemoryLog>();
    }
    hub_ = std::make_unique<AlertHub>(*log_, clock_, options);
    hub_->News();
  }
  absl::Time now() { return clock_.Now(); }

  TempDir dir_;
  ManualClock clock_{kStart};
  std::unique_ptr<Log> log_;
  std::unique_ptr<AlertHub> hub_;
};

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
  constexpr int kRounds = 50;
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

// ---- reports of a state ----

// A2, A5: reported again and again, by several.
TEST_P(AlertsTest, RepeatedReportsAppendEachChangeOnce) {
  const v1::Alert firing = At(AlertNamed("a"), now());
  const std::string incident = hub_->Report(firing).incident_id();
  hub_->News();
  for (int i = 0; i < 240; ++i) {
    clock_.Advance(absl::Seconds(15));
    const v1::SubmitAlertResponse again = hub_->Report(firing);
    EXPECT_TRUE(again.duplicate());
    EXPECT_EQ(again.incident_id(), incident);
    EXPECT_FALSE(again.alert_id().empty());
  }
  EXPECT_THAT(hub_->News(), IsEmpty());
  v1::Alert resolved = firing;
  resolved.set_status(kAlertResolved);
  EXPECT_EQ(hub_->Report(resolved).incident_id(), incident);
  EXPECT_THAT(hub_->NewTypes(), ElementsAre(kReceived, kConverted, kResolved));
  Start();
  for (int i = 0; i < 60; ++i) {
    clock_.Advance(absl::Seconds(15));
    const v1::SubmitAlertResponse again = hub_->Report(resolved);
    EXPECT_TRUE(again.duplicate());
    EXPECT_EQ(again.incident_id(), incident);
  }
  EXPECT_THAT(hub_->News(), IsEmpty());
}

TEST_P(AlertsTest, AStaleReportOfWhatHasEndedReopensNothing) {
  const v1::Alert firing = At(AlertNamed("a"), now());
  const std::string incident = hub_->Report(firing).incident_id();
  hub_->Report(At(AlertNamed("a", kAlertResolved), now()));
  hub_->News();
  clock_.Advance(absl::Minutes(1));
  EXPECT_TRUE(hub_->Report(firing).duplicate());  // the other replica, late
  EXPECT_THAT(hub_->News(), IsEmpty());
  EXPECT_EQ(hub_->StateOf(incident), v1::INCIDENT_STATE_RESOLVED);
  const v1::SubmitAlertResponse next = hub_->Report(At(AlertNamed("a"), now()));
  EXPECT_TRUE(next.opened());
  EXPECT_NE(next.incident_id(), incident);
}

TEST_P(AlertsTest, AStaleEndDoesNotEndTheNextFiring) {
  hub_->Report(At(AlertNamed("a"), now()));
  hub_->Report(At(AlertNamed("a", kAlertResolved), now()));
  const v1::Alert ended = At(AlertNamed("a", kAlertResolved), now());
  clock_.Advance(absl::Minutes(1));
  const std::string second = hub_->Report(At(AlertNamed("a"), now())).incident_id();
  hub_->News();
  EXPECT_TRUE(hub_->Report(ended).duplicate());
  EXPECT_THAT(hub_->News(), IsEmpty());
  EXPECT_EQ(hub_->StateOf(second), v1::INCIDENT_STATE_DETECTED);
}

// Two Prometheus see the same trouble some seconds apart.
TEST_P(AlertsTest, TheLaterOfTwoReplicasTimestampsCounts) {
  const absl::Time a = now();
  const absl::Time b = a + absl::Seconds(13);
  hub_->Report(At(AlertNamed("a"), a));
  hub_->News();
  EXPECT_TRUE(hub_->Report(At(AlertNamed("a"), b)).duplicate());
  EXPECT_TRUE(hub_->Report(At(AlertNamed("a", kAlertResolved), a)).duplicate());
  EXPECT_THAT(hub_->News(), IsEmpty());
  hub_->Report(At(AlertNamed("a", kAlertResolved), b));
  EXPECT_THAT(hub_->NewTypes(), ElementsAre(kReceived, kConverted, kResolved));
  EXPECT_TRUE(hub_->Report(At(AlertNamed("a"), b)).duplicate());
  EXPECT_THAT(hub_->News(), IsEmpty());
}

// The same, both in one group commit.
TEST_P(AlertsTest, ReplicasInOneGroupAreOneAlert) {
  const absl::Time b = now() + absl::Seconds(13);
  const auto first = hub_->Send(At(AlertNamed("a"), now()), AlertReport::kStateReport);
  const auto second = hub_->Send(At(AlertNamed("a"), b), AlertReport::kStateReport);
  hub_->sequencer().RunOnce();
  ASSERT_TRUE(first->ok() && second->ok());
  EXPECT_TRUE((*first)->response.opened());
  EXPECT_TRUE((*second)->response.duplicate());
  EXPECT_EQ((*second)->response.incident_id(), (*first)->response.incident_id());
  Start();
  hub_->News();
  EXPECT_TRUE(hub_->Report(At(AlertNamed("a", kAlertResolved), b - absl::Seconds(1))).duplicate());
}

// Somebody resolved the incident; the alert goes on, and then comes back.
TEST_P(AlertsTest, WhatWasResolvedByHandStaysSoUntilTheAlertFiresAnew) {
  const v1::Alert firing = At(AlertNamed("a"), now());
  const std::string incident = hub_->Report(firing).incident_id();
  clock_.Advance(absl::Minutes(2));
  ASSERT_TRUE(hub_->Publish({StateChange(kResolved, incident)}).ok());
  hub_->News();
  clock_.Advance(absl::Minutes(2));
  EXPECT_TRUE(hub_->Report(firing).duplicate());
  // The other replica's, which began before the end of the incident too.
  EXPECT_TRUE(hub_->Report(At(AlertNamed("a"), kStart + absl::Seconds(13))).duplicate());
  EXPECT_THAT(hub_->News(), IsEmpty());
  hub_->Report(At(AlertNamed("a", kAlertResolved), kStart + absl::Seconds(13)));
  EXPECT_THAT(hub_->NewTypes(), ElementsAre(kReceived));
  EXPECT_EQ(hub_->RowsOf(incident)[0].shown.status(), kAlertResolved);
  EXPECT_TRUE(
      hub_->Report(At(AlertNamed("a", kAlertResolved), kStart + absl::Seconds(13))).duplicate());
  EXPECT_TRUE(hub_->Report(At(AlertNamed("a"), now())).opened());
}

TEST_P(AlertsTest, AFiringThatBeganAfterTheEndOfItsIncidentIsANewOne) {
  const std::string incident = hub_->Report(At(AlertNamed("a"), now())).incident_id();
  ASSERT_TRUE(hub_->Publish({StateChange(kResolved, incident)}).ok());
  clock_.Advance(absl::Minutes(2));
  // Nobody reported the end of the first.
  const v1::SubmitAlertResponse next = hub_->Report(At(AlertNamed("a"), now()));
  EXPECT_TRUE(next.opened());
  // Its fingerprint is the new one's; the old incident counts it as over.
  EXPECT_EQ(hub_->RowsOf(incident)[0].shown.status(), kAlertResolved);
  EXPECT_EQ((*log_->GetIncident(incident))->alerts.open, 0u);
  EXPECT_EQ(hub_->sequencer().open_alerts(), 1u);
}

TEST_P(AlertsTest, AnAcknowledgementIsReportedOnce) {
  hub_->Report(At(AlertNamed("a"), now()));
  hub_->News();
  hub_->Report(At(AlertNamed("a", kAcknowledged), now()));
  EXPECT_THAT(hub_->NewTypes(), ElementsAre(kReceived, kConverted, kUpdated));
  EXPECT_TRUE(hub_->Report(At(AlertNamed("a", kAcknowledged), now())).duplicate());
  EXPECT_TRUE(hub_->Report(At(AlertNamed("a"), now())).duplicate());
  EXPECT_THAT(hub_->News(), IsEmpty());
  hub_->Report(At(AlertNamed("a", kAlertResolved), now()));
  EXPECT_THAT(hub_->NewTypes(), ElementsAre(kReceived, kConverted, kResolved));
  EXPECT_TRUE(hub_->Report(At(AlertNamed("a", kAcknowledged), now())).duplicate());
}

// ---- ends ----

// A6.
TEST_P(AlertsTest, AFiringAlertEndsWhenItsEndPasses) {
  v1::Alert alert = AlertNamed("a");
  (*alert.mutable_labels())["env"] = "production";
  const std::string incident = hub_->Report(Until(alert, now() + absl::Minutes(4))).incident_id();
  hub_->News();
  hub_->Pass(absl::Minutes(4) - absl::Seconds(1));
  EXPECT_THAT(hub_->News(), IsEmpty());
  hub_->Pass(absl::Seconds(1));
  const std::vector<v1::Event> events = hub_->News();
  ASSERT_THAT(events, SizeIs(3));
  EXPECT_EQ(events[2].type(), kResolved);
  EXPECT_EQ(hub_->StateOf(incident), v1::INCIDENT_STATE_RESOLVED);
  // With all that the alert had, so that a filter finds it.
  const v1::Alert& ended = events[0].alert_received().alert();
  EXPECT_EQ(ended.status(), kAlertResolved);
  EXPECT_EQ(ended.labels().at("env"), "production");
  hub_->Pass(absl::Hours(1));
  EXPECT_THAT(hub_->News(), IsEmpty());
  EXPECT_EQ(hub_->sequencer().open_alerts(), 0u);
}

TEST_P(AlertsTest, AReportPutsTheEndOff) {
  const v1::Alert alert = At(AlertNamed("a"), now());
  hub_->Report(Until(alert, now() + absl::Minutes(4)));
  hub_->News();
  for (int i = 0; i < 10; ++i) {
    hub_->Pass(absl::Minutes(3));
    EXPECT_TRUE(hub_->Report(Until(alert, now() + absl::Minutes(4))).duplicate());
  }
  // A replica that lags does not bring it forward.
  hub_->Report(Until(alert, now() + absl::Minutes(1)));
  hub_->Pass(absl::Minutes(3));
  EXPECT_THAT(hub_->News(), IsEmpty());
  hub_->Pass(absl::Minutes(1));
  EXPECT_THAT(hub_->NewTypes(), ElementsAre(kReceived, kConverted, kResolved));
}

TEST_P(AlertsTest, AnEndInThePastIsAnEndNow) {
  hub_->Report(At(AlertNamed("a"), now()));
  hub_->News();
  hub_->Report(Until(At(AlertNamed("a"), now()), now() - absl::Seconds(1)));
  EXPECT_THAT(hub_->NewTypes(), ElementsAre(kReceived, kConverted, kResolved));
  EXPECT_EQ(hub_->Submit(Until(AlertNamed("b"), now())).incident_id(), "");
  EXPECT_THAT(hub_->NewTypes(), ElementsAre(kReceived));
}

TEST_P(AlertsTest, WithoutAnEndItLasts) {
  const std::string incident = hub_->Submit(AlertNamed("a")).incident_id();
  hub_->Pass(absl::Hours(24 * 365));
  EXPECT_EQ(hub_->StateOf(incident), v1::INCIDENT_STATE_DETECTED);
}

// After a start its sender has the resolve timeout to report it again, then it ends all the same.
TEST_P(AlertsTest, EndsAreKeptOverARestart) {
  const std::string incident =
      hub_->Report(Until(AlertNamed("a"), now() + absl::Minutes(1))).incident_id();
  hub_.reset();
  clock_.Advance(absl::Hours(1));
  Start();
  hub_->Pass(limits::kAlertResolveTimeout - absl::Seconds(1));
  EXPECT_EQ(hub_->StateOf(incident), v1::INCIDENT_STATE_DETECTED);
  hub_->Pass(absl::Seconds(1));
  EXPECT_EQ(hub_->StateOf(incident), v1::INCIDENT_STATE_RESOLVED);
  EXPECT_THAT(hub_->NewTypes(), ElementsAre(kReceived, kConverted, kResolved));
}

TEST_P(AlertsTest, AnEndedAlertLeavesAnIncidentThatIsOverAlone) {
  const std::string incident =
      hub_->Report(Until(AlertNamed("a"), now() + absl::Minutes(1))).incident_id();
  ASSERT_TRUE(hub_->Publish({StateChange(v1::EVENT_TYPE_INCIDENT_CLOSED, incident)}).ok());
  hub_->News();
  hub_->Pass(absl::Minutes(1));
  EXPECT_THAT(hub_->NewTypes(), ElementsAre(kReceived));
  EXPECT_EQ(hub_->StateOf(incident), v1::INCIDENT_STATE_CLOSED);
  EXPECT_EQ(hub_->RowsOf(incident)[0].shown.status(), kAlertResolved);
}

TEST_P(AlertsTest, ACrowdOfEndsIsEndedInTurns) {
  for (size_t i = 0; i < kMostEnds + 10; ++i) {
    hub_->Send(Until(AlertNamed(std::to_string(i)), now() + absl::Minutes(1)));
  }
  while (hub_->sequencer().RunOnce()) {
  }
  EXPECT_EQ(hub_->sequencer().open_alerts(), kMostEnds + 10);
  hub_->Pass(absl::Minutes(1));
  EXPECT_EQ(hub_->sequencer().open_alerts(), 10u);
  hub_->sequencer().RunOnce();
  EXPECT_EQ(hub_->sequencer().open_alerts(), 0u);
}

// ---- incidents ----

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

INSTANTIATE_TEST_SUITE_P(Stores, AlertsTest, testing::Bool(),
                         [](const auto& each) { return each.param ? "RocksDb" : "Memory"; });

// ---- failures ----

class AlertFailureTest : public testing::Test {
 protected:
  ManualClock clock_{kStart};
  WrappedLog log_;
  AlertHub hub_{log_, clock_};
};

TEST_F(AlertFailureTest, OfAGroupThatFailsNothingIsKnown) {
  log_.append_error = absl::UnavailableError("injected");
  const auto first = hub_.Send(AlertNamed("a"));
  const auto twin = hub_.Send(AlertNamed("a"), AlertReport::kStateReport);
  hub_.sequencer().RunOnce();
  EXPECT_EQ(first->status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(twin->status().code(), absl::StatusCode::kUnavailable);
  log_.append_error = absl::OkStatus();
  EXPECT_TRUE(hub_.Submit(AlertNamed("a")).opened());
  EXPECT_THAT(hub_.NewTypes(), ElementsAre(kReceived, kCreated));
  EXPECT_EQ(hub_.sequencer().open_alerts(), 1u);
}

TEST_F(AlertFailureTest, AnEndThatCannotBeAppendedIsTriedAgain) {
  const std::string incident =
      hub_.Report(Until(AlertNamed("a"), clock_.Now() + absl::Minutes(1))).incident_id();
  hub_.News();
  log_.append_error = absl::UnavailableError("injected");
  hub_.Pass(absl::Minutes(1));
  const int appends = log_.appends;
  hub_.sequencer().RunOnce();
  EXPECT_EQ(log_.appends, appends);  // not again and again
  EXPECT_THAT(hub_.News(), IsEmpty());
  log_.append_error = absl::OkStatus();
  hub_.Pass(kEndsRetry);
  EXPECT_EQ(hub_.StateOf(incident), v1::INCIDENT_STATE_RESOLVED);
}

// Every part of an alert is in the one append.
TEST_F(AlertFailureTest, AnAlertIsOneAppend) {
  const int appends = log_.appends;
  hub_.Submit(AlertNamed("a"));
  EXPECT_EQ(log_.appends, appends + 1);
  hub_.Submit(AlertNamed("a", kAlertResolved));
  EXPECT_EQ(log_.appends, appends + 2);
}

TEST(AlertFingerprintTest, IsOfSourceTypeTitleAndTheSetOfServices) {
  v1::Alert alert = AlertNamed("ignored");
  alert.add_affected_services("b");
  alert.add_affected_services("a");
  const std::string fingerprint = DefaultFingerprint(alert);
  EXPECT_EQ(fingerprint.size(), 64u);
  v1::Alert same = AlertNamed("");
  for (const char* service : {"a", "", "b", "a"}) same.add_affected_services(service);
  (*same.mutable_labels())["env"] = "production";
  EXPECT_EQ(DefaultFingerprint(same), fingerprint);
  v1::Alert other = alert;
  other.set_title("disk ful");
  other.set_source("lprometheus");  // the lengths tell them apart
  EXPECT_NE(DefaultFingerprint(other), fingerprint);
  other = alert;
  other.set_alert_type(v1::INCIDENT_TYPE_DATA);
  EXPECT_NE(DefaultFingerprint(other), fingerprint);
  // It is kept in logs: never another one for the same alert.
  EXPECT_EQ(fingerprint, "2b55c77944dec7161b34c9f2618d6d1d81e94b11866f8752a2fe058bc86a4211");
}

}  // namespace
}  // namespace tocsin::hub
