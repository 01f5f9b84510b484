// Who is let to the log first.
#include <gmock/gmock.h>

#include <memory>
#include <string>
#include <vector>

#include "core/stream/log_queue.h"

namespace tocsin {
namespace {

using ::testing::ElementsAre;

class LogQueueTest : public ::testing::Test {
 protected:
  static constexpr size_t kTurns = LogQueue::kTurns;

  void Push(StartPoint start) {
    waiting.push_back(std::make_unique<Subscription>());
    waiting.back()->start = start;
    queue.Push(*waiting.back());
  }
  // Too far from each other to share a reading.
  void Returning(size_t n) { Push(Cursor{1, n * (LogQueue::kNear + 1)}); }
  void Newcomer(size_t n) { Push(absl::FromUnixSeconds(static_cast<int64_t>(n))); }
  // "r2" for the second that returned, "n1" for the first newcomer; "" for nobody.
  std::string Next(bool passed = false) {
    const auto party = queue.Next([&](const Cursor&) { return passed; });
    if (!party.has_value()) {
      return "";
    }
    EXPECT_EQ(party->members.size(), 1u);
    const auto* const cursor = std::get_if<Cursor>(&party->start);
    return cursor != nullptr
               ? "r" + std::to_string(cursor->sequence / (LogQueue::kNear + 1))
               : "n" + std::to_string(absl::ToUnixSeconds(std::get<absl::Time>(party->start)));
  }

  LogQueue queue;
  std::vector<std::unique_ptr<Subscription>> waiting;
};

TEST_F(LogQueueTest, WhoComesBackIsLetInBeforeNewcomersThatCameEarlier) {
  for (size_t i = 1; i <= 3; ++i) Newcomer(i);
  for (size_t i = 1; i <= kTurns - 1; ++i) Returning(i);
  for (size_t i = 1; i <= kTurns - 1; ++i) EXPECT_EQ(Next(), "r" + std::to_string(i));
  EXPECT_EQ(Next(), "n1");
  EXPECT_EQ(Next(), "n2");
  Returning(1);
  EXPECT_EQ(Next(), "r1");
  EXPECT_EQ(Next(), "n3");
  EXPECT_TRUE(queue.empty());
}

TEST_F(LogQueueTest, HoweverManyComeBackNewcomersHaveATurnOfEight) {
  for (size_t i = 1; i <= 3; ++i) Newcomer(i);
  for (size_t i = 1; i <= 4 * kTurns; ++i) Returning(i);
  std::vector<size_t> turns;
  for (size_t turn = 1; turn <= 4 * kTurns; ++turn) {
    if (Next().front() == 'n') turns.push_back(turn);
  }
  EXPECT_THAT(turns, ElementsAre(kTurns, 2 * kTurns, 3 * kTurns));
}

// A reading comes by where they wait.
TEST_F(LogQueueTest, WhereAllWhoComeBackGoOnWaitingANewcomerHasTheTurn) {
  Returning(1);
  EXPECT_EQ(Next(/*passed=*/true), "");
  Newcomer(1);
  EXPECT_EQ(Next(/*passed=*/true), "n1");
  EXPECT_EQ(Next(), "r1");
}

TEST_F(LogQueueTest, WhoLeavesIsPassedOver) {
  Newcomer(1);
  Returning(1);
  Returning(2);
  queue.Remove(*waiting[1]);
  EXPECT_EQ(Next(), "r2");
  queue.Remove(*waiting[0]);
  EXPECT_EQ(Next(), "");
  EXPECT_TRUE(queue.empty());
}

}  // namespace
}  // namespace tocsin
