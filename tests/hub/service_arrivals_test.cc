// Places and Arrivals without gRPC, and half-sent calls over a real socket.
#include <gtest/gtest.h>

#include <deque>
#include <optional>

#include "hub/service/arrivals.h"
#include "hub/service/places.h"

namespace tocsin::hub {
namespace {

TEST(PeerOf, IsAnAddressOrOverLoopbackAConnection) {
  EXPECT_EQ(PeerOf("ipv4:192.0.2.7:5000"), PeerOf("ipv4:192.0.2.7:6000"));
  EXPECT_NE(PeerOf("ipv4:192.0.2.7:5000"), PeerOf("ipv4:192.0.2.8:5000"));
  EXPECT_EQ(PeerOf("ipv6:%5B2001:db8:1:2:3:4:5:6%5D:1"), PeerOf("ipv6:%5B2001:db8:1:2::%5D:2"));
  EXPECT_NE(PeerOf("ipv6:%5B2001:db8:1:2::%5D:1"), PeerOf("ipv6:%5B2001:db8:1:3::%5D:1"));
  for (const char* loopback : {"ipv4:127.0.0.1:5000", "ipv6:%5B::1%5D:5000", "unix:"}) {
    EXPECT_EQ(PeerOf(loopback), loopback);
  }
}

class TestHolder final : public Places::Holder {
 public:
  TestHolder(std::string peer, absl::Duration since) : peer_(std::move(peer)), since_(since) {}
  std::string peer() const override { return peer_; }
  absl::Duration idle_since() const override { return since_; }
  void GiveWay() override { gave_way_ = true; }
  bool gave_way() const { return gave_way_; }

 private:
  const std::string peer_;
  const absl::Duration since_;
  bool gave_way_ = false;
};

constexpr absl::Duration kNow = absl::Seconds(100);

class PlacesTest : public testing::Test {
 protected:
  TestHolder& Add(const std::string& peer, absl::Duration since = kNow) {
    EXPECT_TRUE(Take(peer, since));
    return holders_.back();
  }
  bool Take(const std::string& peer, absl::Duration since = kNow, absl::Duration now = kNow) {
    return places_.Take(holders_.emplace_back(peer, since), now);
  }
  Places places_{4};
  std::deque<TestHolder> holders_;
};

TEST_F(PlacesTest, ANewcomerTakesTheIdlestPlaceOfThePeerThatHoldsMost) {
  TestHolder& few = Add("few", absl::Seconds(1));
  Add("many", absl::Seconds(3));
  TestHolder& idlest = Add("many", absl::Seconds(2));
  Add("many", absl::InfiniteDuration());
  EXPECT_FALSE(idlest.gave_way());
  EXPECT_TRUE(Add("new").placed());
  EXPECT_TRUE(idlest.gave_way());
  EXPECT_FALSE(idlest.placed());
  EXPECT_FALSE(few.gave_way());
  EXPECT_EQ(places_.taken(), 4u);
}

TEST_F(PlacesTest, ABusyPlaceIsGivenUpToAPeerThatHoldsFewerToo) {
  for (int i = 0; i < 4; ++i) Add("many", absl::InfiniteDuration());
  EXPECT_FALSE(Take("many"));
  EXPECT_TRUE(Take("new"));
}

TEST_F(PlacesTest, OneThatLeavesMakesRoom) {
  for (int i = 0; i < 4; ++i) Add("one");
  EXPECT_FALSE(Take("one"));
  places_.Leave(holders_.front());
  EXPECT_TRUE(Take("one"));
}

TEST_F(PlacesTest, EqualPeersDoNotTakeTurnsByForce) {
  Add("one");
  Add("one");
  Add("other");
  Add("other");
  EXPECT_FALSE(Take("other"));
  EXPECT_FALSE(Take("one"));
  EXPECT_TRUE(Take("third"));  // of "one" or "other", which now holds one less
  // To take one back would only turn them round.
  EXPECT_FALSE(Take("one"));
  EXPECT_FALSE(Take("other"));
  EXPECT_TRUE(Take("one", kNow, kNow + Places::kPatience));
}

class TestArrival final : public Arrivals::Arrival {
 public:
  explicit TestArrival(std::string peer) : peer_(std::move(peer)) {}
  std::string peer() const override { return peer_; }
  void StartRead() override { read_ = true; }
  void GiveUp(const absl::Status& status) override { ended_ = status; }

  bool read() const { return read_; }
  const std::optional<absl::Status>& ended() const { return ended_; }

 private:
  const std::string peer_;
  bool read_ = false;
  std::optional<absl::Status> ended_;
};

class ArrivalsTest : public testing::Test {
 protected:
  TestArrival& Begin(const std::string& peer) {
    arrivals_.Begin(calls_.emplace_back(peer));
    return calls_.back();
  }
  void Fill(const std::string& peer) {
    for (size_t i = 0; i < Arrivals::kReading; ++i) Begin(peer);
  }
  // As the shard's turns do: they end at the time that Tick names.
  void Pass(absl::Duration time) {
    for (; time > absl::ZeroDuration(); time -= Arrivals::kLook) {
      clock_.Advance(Arrivals::kLook);
      arrivals_.Tick();
    }
  }
  ManualClock clock_;
  std::deque<TestArrival> calls_;
  Arrivals arrivals_{clock_};
};

TEST_F(ArrivalsTest, ACallIsReadAsItBeginsAndForgottenWhenItHasCome) {
  TestArrival& call = Begin("a");
  EXPECT_TRUE(call.read());
  EXPECT_EQ(arrivals_.Tick(), clock_.Monotonic() + Arrivals::kLook);
  arrivals_.Came(call);
  EXPECT_EQ(arrivals_.Tick(), absl::InfiniteDuration());
  Pass(2 * Arrivals::kWholeWithin);
  EXPECT_FALSE(call.ended());
}

TEST_F(ArrivalsTest, ARequestThatDoesNotComeWholeEndsItsCall) {
  TestArrival& call = Begin("a");
  Pass(Arrivals::kWholeWithin - absl::Seconds(2));
  EXPECT_FALSE(call.ended());
  Pass(absl::Seconds(2));
  ASSERT_TRUE(call.ended());
  EXPECT_EQ(call.ended()->code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_NE(call.ended()->message().find("message did not come whole within 1m"),
            absl::string_view::npos);
  arrivals_.Came(call);  // its read ends with the call
  EXPECT_EQ(arrivals_.reading(), 0u);
}

TEST_F(ArrivalsTest, TimeInWhichTheProcessStoodStillEndsNothing) {
  TestArrival& call = Begin("a");
  Pass(absl::Seconds(3));
  clock_.Advance(absl::Hours(1));
  arrivals_.Tick();
  EXPECT_FALSE(call.ended());
}

TEST_F(ArrivalsTest, OnePeersHalfSentCallsHoldUpNobodyElse) {
  Fill("bad");
  TestArrival& waits = Begin("bad");
  EXPECT_FALSE(waits.read());
  TestArrival& other = Begin("good");
  EXPECT_FALSE(other.read());
  Pass(Arrivals::kSpared);
  EXPECT_TRUE(other.read()) << "though one that came before it still waits";
  ASSERT_TRUE(calls_.front().ended());
  EXPECT_EQ(calls_.front().ended()->code(), absl::StatusCode::kUnavailable);
  EXPECT_FALSE(waits.read());
  arrivals_.Came(other);
  EXPECT_TRUE(waits.read());
  EXPECT_EQ(arrivals_.reading(), Arrivals::kReading);
}

// Symptom: of 1,000 streams that ten clients opened at once some were refused. Cause: whoever held
// most gave way at once, though its requests were on their way. The older tests' requests never came.
TEST_F(ArrivalsTest, OfManyClientsThatCallAtOnceNoneIsRefused) {
  for (size_t i = 0; i < Arrivals::kReading; ++i) {
    for (const char* peer : {"a", "b", "c", "d", "e"}) Begin(peer);
  }
  clock_.Advance(absl::Minutes(1));  // a turn that takes long
  arrivals_.Tick();
  for (TestArrival& call : calls_) {
    EXPECT_TRUE(call.read());
    arrivals_.Came(call);
    EXPECT_FALSE(call.ended());
  }
}

TEST_F(ArrivalsTest, OneThatIsSlowGivesWayToThoseThatWaitOfItsOwnPeer) {
  Fill("a");
  TestArrival& waits = Begin("a");
  arrivals_.Tick();
  EXPECT_FALSE(waits.read());
  Pass(Places::kPatience);
  EXPECT_TRUE(waits.read());
  EXPECT_TRUE(calls_[0].ended());
  EXPECT_FALSE(calls_[1].ended());
}

TEST_F(ArrivalsTest, WhatWaitsIsBounded) {
  Fill("a");
  for (size_t i = 0; i < Arrivals::kWaiting; ++i) EXPECT_FALSE(Begin("a").ended());
  TestArrival& refused = Begin("a");
  ASSERT_TRUE(refused.ended());
  EXPECT_EQ(refused.ended()->code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(arrivals_.waiting(), Arrivals::kWaiting);
}

TEST_F(ArrivalsTest, AtTheEndAllAreRead) {
  Fill("a");
  TestArrival& waits = Begin("a");
  arrivals_.ReadAll();
  EXPECT_TRUE(waits.read());
  EXPECT_TRUE(Begin("a").read());
  while (!calls_.empty()) {
    arrivals_.Came(calls_.front());
    calls_.pop_front();
  }
  EXPECT_EQ(arrivals_.reading(), 0u);
}

}  // namespace
}  // namespace tocsin::hub
