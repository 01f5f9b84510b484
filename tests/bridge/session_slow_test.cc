// Clients that are slow, and clients that take nothing.
#include <gmock/gmock.h>

#include "absl/strings/match.h"
#include "tests/bridge/session_fixture.h"

namespace tocsin::bridge::testing {
namespace {

using ::testing::StartsWith;
using tocsin::testing::Range;

class SlowSessionTest : public SessionTest {
 protected:
  SlowSessionTest() : SessionTest({.pending_messages = 20}, {100, 1 << 30}) {}
};

TEST_F(SlowSessionTest, ASlowClientFallsBehindAndGetsEverythingInOrder) {
  Client& slow = Connect();
  Client& fast = Connect();
  Send(slow, Subscribe("a"));
  Send(fast, Subscribe("a"));
  Got(slow);
  Got(fast);
  slow.reads = false;
  for (Sequence last = 10; last <= 1000; last += 10) {
    PublishUpTo(last);
    Settle();
  }
  EXPECT_EQ(Sequences(Got(fast)), Range(1, 1000)) << "the others are not held up";
  EXPECT_LE(shard.SumMemory().pending_bytes, 2 * limits::kWriteBytes);
  slow.reads = true;
  Settle();
  EXPECT_EQ(Sequences(Got(slow)), Range(1, 1000));
  EXPECT_EQ(slow.output.close_code, 0);
}

TEST_F(SlowSessionTest, AClientThatTakesNothingIsEndedWithItsErrorFirst) {
  Client& stuck = Connect();
  Send(stuck, Subscribe("a"));
  Got(stuck);
  stuck.reads = false;
  Publish(1);
  Settle();
  for (int second = 0; second < 12 && stuck.output.close_code == 0; ++second) {
    clock.Advance(absl::Seconds(1));
    Settle();
  }
  EXPECT_EQ(stuck.output.close_code, 1013);
  EXPECT_THAT(stuck.output.close_reason, StartsWith("SLOW_CONSUMER"));
  const auto frames = TakeFrames(stuck.output.bytes);
  ASSERT_EQ(frames.size(), 3u);
  EXPECT_TRUE(absl::StrContains(frames[1].payload, "SLOW_CONSUMER"));
  EXPECT_TRUE(absl::StrContains(frames[2].payload, "\"closing\""));
}

TEST_F(SlowSessionTest, OneThatTakesALittleIsNotEnded) {
  Client& slow = Connect();
  Send(slow, Subscribe("a"));
  slow.reads = false;
  Publish(1);
  Settle();
  for (int second = 0; second < 60; ++second) {
    ++slow.output.taken;
    slow.session().OnPong();
    clock.Advance(absl::Seconds(1));
    Settle();
  }
  EXPECT_EQ(slow.output.close_code, 0);
}

TEST_F(SessionTest, AClientThatDoesNotTakeItsAnswersIsNotReadOn) {
  Client& client = Connect();
  EXPECT_TRUE(client.session().WantsRead());
  client.reads = false;
  int sent = 0;
  while (client.session().WantsRead() && sent < 1000) {
    client.session().OnText(R"({"type":"ping"})");
    clock.Advance(absl::Milliseconds(20));
    ++sent;
    Settle();
  }
  EXPECT_LT(sent, 300);
  EXPECT_GT(sent, 200);
  client.reads = true;
  Settle();
  EXPECT_TRUE(client.session().WantsRead());
  client.output.waiting = 65 * limits::kKiB;
  EXPECT_FALSE(client.session().WantsRead());
}

}  // namespace
}  // namespace tocsin::bridge::testing
