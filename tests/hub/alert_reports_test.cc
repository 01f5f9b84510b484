// Reports of an alert's state, made again and again and by several: each change is appended once.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/hub/alert_fixture.h"

namespace tocsin::hub {
namespace {

using namespace alert_test;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

using AlertReportsTest = AlertStoreTest;

// A2, A5: reported again and again, by several.
TEST_P(AlertReportsTest, RepeatedReportsAppendEachChangeOnce) {
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

TEST_P(AlertReportsTest, AStaleReportOfWhatHasEndedReopensNothing) {
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

TEST_P(AlertReportsTest, AStaleEndDoesNotEndTheNextFiring) {
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
TEST_P(AlertReportsTest, TheLaterOfTwoReplicasTimestampsCounts) {
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
TEST_P(AlertReportsTest, ReplicasInOneGroupAreOneAlert) {
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
TEST_P(AlertReportsTest, WhatWasResolvedByHandStaysSoUntilTheAlertFiresAnew) {
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

TEST_P(AlertReportsTest, AFiringThatBeganAfterTheEndOfItsIncidentIsANewOne) {
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

TEST_P(AlertReportsTest, AnAcknowledgementIsReportedOnce) {
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

v1::Alert WithSeverity(v1::Alert alert, v1::Severity severity) {
  alert.set_severity(severity);
  return alert;
}

// Symptom: a PagerDuty trigger that made a firing problem worse was answered as a duplicate, and
// nobody was called. Cause: a report of a firing alert was a repetition whatever else it said.
// Why older tests missed it: all their alerts had one severity.
TEST_P(AlertReportsTest, AFiringAlertThatGetsWorseRaisesItsIncident) {
  const v1::Alert firing = At(AlertNamed("a"), now());
  const std::string incident = hub_->Report(firing).incident_id();
  hub_->News();
  const v1::Alert worse = WithSeverity(firing, v1::SEVERITY_P0);
  const v1::SubmitAlertResponse answer = hub_->Report(worse);
  EXPECT_EQ(answer.incident_id(), incident);
  EXPECT_FALSE(answer.duplicate());
  EXPECT_FALSE(answer.opened());
  const std::vector<v1::Event> news = hub_->News();
  ASSERT_THAT(news, SizeIs(3));
  EXPECT_EQ(news[0].type(), kReceived);
  EXPECT_EQ(news[1].type(), kConverted);
  ASSERT_EQ(news[2].type(), v1::EVENT_TYPE_ESCALATED);
  EXPECT_EQ(news[2].escalated().from_severity(), v1::SEVERITY_P1);
  EXPECT_EQ(news[2].escalated().to_severity(), v1::SEVERITY_P0);
  EXPECT_EQ(news[2].incident().severity(), v1::SEVERITY_P0);
  EXPECT_EQ(news[2].priority(), v1::PRIORITY_CRITICAL);
  EXPECT_EQ(news[2].actor(), "prometheus");
  // Once, by whoever reports it, and also after a start.
  EXPECT_TRUE(hub_->Report(worse).duplicate());
  Start();
  EXPECT_TRUE(hub_->Report(worse).duplicate());
}

TEST_P(AlertReportsTest, AFiringAlertThatGetsMilderIsNoNews) {
  const v1::Alert firing = At(AlertNamed("a"), now());
  const std::string incident = hub_->Report(firing).incident_id();
  hub_->News();
  EXPECT_TRUE(hub_->Report(WithSeverity(firing, v1::SEVERITY_P3)).duplicate());
  EXPECT_TRUE(hub_->Report(firing).duplicate()) << "it is as bad as it was";
  EXPECT_THAT(hub_->News(), IsEmpty());
  EXPECT_EQ((*log_->GetIncident(incident))->severity, v1::SEVERITY_P1);
}

TEST_P(AlertReportsTest, AStaleReportRaisesNothing) {
  const v1::Alert earlier = At(AlertNamed("a"), now());
  hub_->Report(earlier);
  clock_.Advance(absl::Minutes(1));
  hub_->Report(At(AlertNamed("a", kAlertResolved), now()));
  clock_.Advance(absl::Minutes(1));
  hub_->Report(At(AlertNamed("a"), now()));
  hub_->News();
  EXPECT_TRUE(hub_->Report(WithSeverity(earlier, v1::SEVERITY_P0)).duplicate());
  EXPECT_THAT(hub_->News(), IsEmpty());
}

// Somebody judged it: only an alert that got worse since then speaks against that.
TEST_P(AlertReportsTest, WhatSomebodyLoweredStaysUnlessTheAlertGetsWorse) {
  const v1::Alert firing = At(AlertNamed("a"), now());
  const std::string incident = hub_->Submit(firing).incident_id();
  v1::Event lowered = StateChange(v1::EVENT_TYPE_ESCALATED, incident);
  lowered.mutable_escalated()->set_to_severity(v1::SEVERITY_P4);
  ASSERT_TRUE(hub_->Publish({lowered}).ok());
  hub_->News();
  hub_->Submit(firing);
  EXPECT_THAT(hub_->NewTypes(), ElementsAre(kReceived, kConverted));
  hub_->Submit(WithSeverity(firing, v1::SEVERITY_P0));
  EXPECT_THAT(hub_->NewTypes(), ElementsAre(kReceived, kConverted, v1::EVENT_TYPE_ESCALATED));
}

TEST_P(AlertReportsTest, WhatGetsWorseAfterItsIncidentWasResolvedOpensAnother) {
  const v1::Alert firing = At(AlertNamed("a"), now());
  const std::string incident = hub_->Report(firing).incident_id();
  clock_.Advance(absl::Minutes(1));
  ASSERT_TRUE(hub_->Publish({StateChange(kResolved, incident)}).ok());
  EXPECT_TRUE(hub_->Report(firing).duplicate());
  const v1::Alert worse = WithSeverity(firing, v1::SEVERITY_P0);
  EXPECT_TRUE(hub_->Report(worse).opened());
  EXPECT_TRUE(hub_->Report(worse).duplicate());
}

INSTANTIATE_TEST_SUITE_P(Stores, AlertReportsTest, testing::Bool(), AlertStoreName);

}  // namespace
}  // namespace tocsin::hub
