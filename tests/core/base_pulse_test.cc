// A prober whose clock and threads are the test's.
#include <gtest/gtest.h>

#include "core/base/pulse.h"

namespace tocsin {
namespace {

class PulseTest : public testing::Test {
 protected:
  PulseTest() {
    pulse_.Watch("shard 0", [this](Pulse::Task task) { first_.push_back(std::move(task)); });
    pulse_.Watch("shard 1", [this](Pulse::Task task) { second_.push_back(std::move(task)); });
    pulse_.Look();
  }
  static void Turn(std::vector<Pulse::Task>& tasks) {
    for (Pulse::Task& task : tasks) std::move(task)();
    tasks.clear();
  }
  // The second thread takes turns; so does the first, if told.
  void Pass(absl::Duration time, bool both = false) {
    for (; time > absl::ZeroDuration(); time -= Pulse::kInterval) {
      Turn(second_);
      if (both) Turn(first_);
      clock_.Advance(Pulse::kInterval);
      pulse_.Look();
    }
  }

  ManualClock clock_;
  Pulse pulse_{clock_};
  std::vector<Pulse::Task> first_, second_;
};

TEST_F(PulseTest, ThreadsThatTakeTurnsAreWell) {
  Pass(3 * Pulse::kLate, /*both=*/true);
  EXPECT_EQ(pulse_.Late(), "");
}

TEST_F(PulseTest, AThreadThatTakesNoneIsNamedUntilItDoes) {
  Pass(Pulse::kLate - Pulse::kInterval);
  EXPECT_EQ(pulse_.Late(), "");
  Pass(Pulse::kInterval);
  EXPECT_EQ(pulse_.Late(), "shard 0 has taken no turn for 5s");
  EXPECT_EQ(first_.size(), 1u);  // no task more, however long it waits
  Turn(first_);
  Pass(Pulse::kInterval);
  EXPECT_EQ(pulse_.Late(), "");
}

TEST_F(PulseTest, ATaskThatIsDroppedIsNoThreadThatIsStuck) {
  first_.clear();
  Pass(Pulse::kInterval);
  Pass(Pulse::kLate - Pulse::kInterval);
  EXPECT_EQ(pulse_.Late(), "");
}

TEST_F(PulseTest, TimeInWhichTheProcessWasSuspendedDoesNotCount) {
  Pass(absl::Seconds(2));
  clock_.Advance(absl::Hours(1));
  pulse_.Look();
  EXPECT_EQ(pulse_.Late(), "");
  Turn(first_);
  Pass(Pulse::kInterval, /*both=*/true);
  EXPECT_EQ(pulse_.Late(), "");
}

}  // namespace
}  // namespace tocsin
