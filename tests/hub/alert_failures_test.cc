// Alerts whose append fails, and what makes two alerts the same.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "hub/alert_fingerprint.h"
#include "tests/hub/alert_fixture.h"
#include "tests/hub/wrapped_log.h"

namespace tocsin::hub {
namespace {

using namespace alert_test;
using testing::ElementsAre;
using testing::IsEmpty;

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
