// Where publishers commit: hub/sequencer.h, SequencerOptions::publishers_commit.
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <thread>
#include <vector>

#include "hub/sequencer.h"
#include "tests/hub/hub_fixtures.h"
#include "tests/hub/wrapped_log.h"

namespace tocsin::hub {
namespace {

class SequencerTurnTest : public testing::Test {
 protected:
  void Open(SequencerOptions options) {
    sequencer_ = std::make_unique<Sequencer>(log_, window_, clock_, options);
    ASSERT_EQ(sequencer_->Open(), absl::OkStatus());
  }
  void Publish(std::atomic<int>& answered) {
    sequencer_->Publish({{SystemEvent("a"), SystemEvent("b")}, {}}, [&](PublishOutcome outcome) {
      ASSERT_TRUE(outcome.ok());
      // Contiguous: nobody's events come between.
      EXPECT_EQ((*outcome)[1].sequence(), (*outcome)[0].sequence() + 1);
      ++answered;
    });
  }

  ManualClock clock_{kStart};
  WrappedLog log_;
  Window window_{{1000, 1 << 20}};
  std::unique_ptr<Sequencer> sequencer_;
};

TEST_F(SequencerTurnTest, APublisherCommitsAllThatWaits) {
  Open({.publishers_commit = true});
  std::atomic<int> answered{0};
  Publish(answered);
  Publish(answered);
  EXPECT_EQ(answered, 0);
  sequencer_->CommitWaiting();
  EXPECT_EQ(answered, 2);
  EXPECT_EQ(log_.appends, 1);
  EXPECT_EQ(window_.view().head.sequence, 4u);
}

TEST_F(SequencerTurnTest, AGroupAtATime) {
  Open({.group = {.events = 2, .bytes = 1 << 20}, .publishers_commit = true});
  std::atomic<int> answered{0};
  Publish(answered);
  Publish(answered);
  EXPECT_TRUE(sequencer_->CommitWaiting());
  EXPECT_EQ(answered, 1);
  EXPECT_FALSE(sequencer_->CommitWaiting());
  EXPECT_EQ(answered, 2);
}

TEST_F(SequencerTurnTest, APublisherThatFindsTheQueueFullMakesRoom) {
  Open({.queue = {.events = 4, .bytes = 1 << 20}, .publishers_commit = true});
  std::atomic<int> answered{0};
  for (int i = 0; i < 5; ++i) {
    Publish(answered);  // expects that it is let in
  }
  EXPECT_GE(answered, 2);
  sequencer_->CommitWaiting();
  EXPECT_EQ(answered, 5);
}

TEST_F(SequencerTurnTest, ElsewhereItIsTheThreadsToCommit) {
  Open({.publishers_commit = false});
  std::atomic<int> answered{0};
  Publish(answered);
  sequencer_->CommitWaiting();
  EXPECT_EQ(answered, 0);
  sequencer_->RunOnce();
  EXPECT_EQ(answered, 1);
}

TEST_F(SequencerTurnTest, TheThreadTrimsAfterEachBurst) {
  Open({.retention = {.max_events = 2},
        .trim_interval = absl::Hours(1),
        .trim_after_events = 10,
        .publishers_commit = true});
  sequencer_->Start();
  std::atomic<int> answered{0};
  // More than once: at the first the thread may be on its way to its wait.
  for (Sequence burst = 0; burst < 3; ++burst) {
    for (int i = 0; i < 5; ++i) {
      Publish(answered);
    }
    sequencer_->CommitWaiting();
    const Sequence last = 10 * (burst + 1);
    const auto trimmed = [&] {
      const LogExtent extent = log_.extent();
      return extent.latest.sequence == last && extent.events == 2;
    };
    const absl::Time late = absl::Now() + absl::Seconds(20);
    while (!trimmed() && absl::Now() < late) {
      std::this_thread::yield();
    }
    ASSERT_TRUE(trimmed());
  }
  sequencer_->Stop();
}

TEST_F(SequencerTurnTest, ManyPublishersTakeTurns) {
  Open({.publishers_commit = true});
  constexpr int kThreads = 4;
  constexpr int kEach = 500;
  std::array<std::atomic<int>, kThreads> answered{};
  std::vector<std::thread> threads;
  for (std::atomic<int>& mine : answered) {
    threads.emplace_back([&] {
      for (int i = 0; i < kEach; ++i) {
        Publish(mine);
        sequencer_->CommitWaiting();
      }
      while (sequencer_->CommitWaiting()) {
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  // Nothing was left lying: whose turn it was saw to what came in it.
  for (const std::atomic<int>& mine : answered) {
    EXPECT_EQ(mine, kEach);
  }
  EXPECT_EQ(log_.extent().latest.sequence, 2u * kThreads * kEach);
}

TEST_F(SequencerTurnTest, StoppingAnswersWhatWaits) {
  Open({.publishers_commit = true});
  sequencer_->Start();
  std::atomic<int> answered{0};
  Publish(answered);
  sequencer_->Stop();
  EXPECT_EQ(answered, 1);
}

}  // namespace
}  // namespace tocsin::hub
