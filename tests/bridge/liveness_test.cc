#include "bridge/ws/liveness.h"

#include <gtest/gtest.h>

namespace tocsin::bridge::ws {
namespace {

using Verdict = Liveness::Verdict;

class LivenessTest : public ::testing::Test {
 protected:
  // Looks every second for so long; answers the first verdict that is neither kAlive nor kPingDue.
  Verdict LookFor(absl::Duration time) {
    for (const absl::Duration end = now + time; now < end;) {
      now += absl::Seconds(1);
      const Verdict verdict = liveness.Look(now);
      pings += verdict == Verdict::kPingDue ? 1 : 0;
      if (verdict == Verdict::kPingDue && answers) {
        liveness.Heard(now);
      } else if (verdict == Verdict::kSilent || verdict == Verdict::kIdle) {
        return verdict;
      }
    }
    return Verdict::kAlive;
  }

  absl::Duration now = absl::Seconds(1'000);
  Liveness liveness{absl::Seconds(30), absl::Minutes(5), now};
  bool answers = true;
  int pings = 0;
};

TEST_F(LivenessTest, PingsOnceAnInterval) {
  EXPECT_EQ(LookFor(absl::Seconds(100)), Verdict::kAlive);
  EXPECT_EQ(pings, 3);
}

TEST_F(LivenessTest, TwoIntervalsWithoutASignAreTheEnd) {
  answers = false;
  EXPECT_EQ(LookFor(absl::Seconds(59)), Verdict::kAlive);
  EXPECT_EQ(LookFor(absl::Seconds(1)), Verdict::kSilent);
  EXPECT_EQ(pings, 1);
}

TEST_F(LivenessTest, FramesAloneDoNotKeepASession) {
  EXPECT_EQ(LookFor(absl::Seconds(299)), Verdict::kAlive);
  EXPECT_EQ(LookFor(absl::Seconds(1)), Verdict::kIdle);
}

TEST_F(LivenessTest, AMessageKeepsASession) {
  for (int minute = 0; minute < 20; ++minute) {
    liveness.Active(now);
    EXPECT_EQ(LookFor(absl::Seconds(60)), Verdict::kAlive);
  }
}

// Symptom: after a pause of the whole program all clients were dropped, whose answers were waiting
// to be read. Cause: the pause was counted as their silence. No test had let time pass unseen.
TEST_F(LivenessTest, APauseOfThisProgramIsNoSilenceOfThePeers) {
  EXPECT_EQ(LookFor(absl::Seconds(45)), Verdict::kAlive);
  now += absl::Minutes(10);
  EXPECT_EQ(liveness.Look(now), Verdict::kPingDue);
  answers = false;
  EXPECT_EQ(LookFor(absl::Seconds(44)), Verdict::kAlive) << "silent for 15 s before it";
  EXPECT_EQ(LookFor(absl::Seconds(1)), Verdict::kSilent);
}

}  // namespace
}  // namespace tocsin::bridge::ws
