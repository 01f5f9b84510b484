// Alerts that end by themselves.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/hub/alert_fixture.h"

namespace tocsin::hub {
namespace {

using namespace alert_test;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

using AlertEndsTest = AlertStoreTest;

// A6.
TEST_P(AlertEndsTest, AFiringAlertEndsWhenItsEndPasses) {
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

TEST_P(AlertEndsTest, AReportPutsTheEndOff) {
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

TEST_P(AlertEndsTest, AnEndInThePastIsAnEndNow) {
  hub_->Report(At(AlertNamed("a"), now()));
  hub_->News();
  hub_->Report(Until(At(AlertNamed("a"), now()), now() - absl::Seconds(1)));
  EXPECT_THAT(hub_->NewTypes(), ElementsAre(kReceived, kConverted, kResolved));
  EXPECT_EQ(hub_->Submit(Until(AlertNamed("b"), now())).incident_id(), "");
  EXPECT_THAT(hub_->NewTypes(), ElementsAre(kReceived));
}

TEST_P(AlertEndsTest, WithoutAnEndItLasts) {
  const std::string incident = hub_->Submit(AlertNamed("a")).incident_id();
  hub_->Pass(absl::Hours(24 * 365));
  EXPECT_EQ(hub_->StateOf(incident), v1::INCIDENT_STATE_DETECTED);
}

// After a start its sender has the resolve timeout to report it again, then it ends all the same.
TEST_P(AlertEndsTest, EndsAreKeptOverARestart) {
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

TEST_P(AlertEndsTest, AnEndedAlertLeavesAnIncidentThatIsOverAlone) {
  const std::string incident =
      hub_->Report(Until(AlertNamed("a"), now() + absl::Minutes(1))).incident_id();
  ASSERT_TRUE(hub_->Publish({StateChange(v1::EVENT_TYPE_INCIDENT_CLOSED, incident)}).ok());
  hub_->News();
  hub_->Pass(absl::Minutes(1));
  EXPECT_THAT(hub_->NewTypes(), ElementsAre(kReceived));
  EXPECT_EQ(hub_->StateOf(incident), v1::INCIDENT_STATE_CLOSED);
  EXPECT_EQ(hub_->RowsOf(incident)[0].shown.status(), kAlertResolved);
}

TEST_P(AlertEndsTest, ACrowdOfEndsIsEndedInTurns) {
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

INSTANTIATE_TEST_SUITE_P(Stores, AlertEndsTest, testing::Bool(), AlertStoreName);

}  // namespace
}  // namespace tocsin::hub
