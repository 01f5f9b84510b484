// What the engine says it holds, against what the allocator says.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "absl/strings/str_cat.h"
#include "core/stream/shard.h"
#include "tests/core/allocated_bytes.h"
#include "tests/core/stream_fixture.h"

namespace tocsin {
namespace {

using testing::AllocatedBytes;
using testing::MakeEvent;
using testing::SeverityFilter;
using testing::VectorLog;

constexpr size_t kSubscribers = 1000;
// What is counted may be off by so much: the allocator's rounding and headers are not in it.
constexpr double kTolerance = 0.25;

// Keeps nothing, so that what is allocated is the engine's.
class QuietSink : public Sink {
 public:
  bool Write(const WriteView&) override { return takes; }
  void Stuck() override {}
  void Failed() override {}
  bool takes = true;
};

FilterPtr WideFilter(size_t n) {
  v1::Filter filter;
  filter.add_severities(v1::SEVERITY_P0);
  filter.add_severities(v1::SEVERITY_P1);
  filter.add_sources(absl::StrCat("monitoring-system-of-customer-", n));
  filter.add_affected_resources(absl::StrCat("cluster-", n % 50, "/node-", n));
  (*filter.mutable_labels())["team"] = absl::StrCat("the-team-with-the-number-", n);
  return Filter::Compile(filter).value();
}

FilterPtr SourceFilter(size_t n) {
  v1::Filter filter;
  filter.add_sources(absl::StrCat("source-", n));
  return Filter::Compile(filter).value();
}

// The fixture's events match it.
FilterPtr BusyFilter(size_t n) {
  v1::Filter filter;
  filter.add_sources("monitor");
  filter.add_sources(absl::StrCat("another-source-", n));
  return Filter::Compile(filter).value();
}

class ShardMemoryTest : public ::testing::Test {
 protected:
  ShardMemoryTest() : log({100, 1 << 20}), shard(log.window, log, clock, {}) { Settle(); }

  void Settle() {
    for (int turn = 0; turn < 200; ++turn) {
      clock.Advance(limits::kHotTick);
      shard.RunOnce();
    }
  }
  // Long enough for a sweep, which gives back what idle batches have grown.
  void Idle() {
    Settle();
    clock.Advance(absl::Seconds(2));
    shard.RunOnce();
    Settle();
  }

  template <class MakeFilter>
  std::vector<SubscriberId> AddMany(MakeFilter make_filter, size_t each = 1) {
    const uint64_t live = shard.stats().live;
    std::vector<SubscriberId> ids;
    ids.reserve(kSubscribers);
    for (size_t i = 0; i < kSubscribers; ++i) {
      ids.push_back(shard.Add(&sink, absl::ZeroDuration()));
      for (size_t tag = 1; tag <= each; ++tag) {
        shard.Subscribe(ids.back(), {.tag = static_cast<SubscriptionTag>(tag),
                                     .filter = make_filter(i * each + tag)});
      }
    }
    Idle();
    EXPECT_EQ(shard.stats().live, live + kSubscribers * each);
    return ids;
  }
  void RemoveAll(const std::vector<SubscriberId>& ids) {
    for (const SubscriberId id : ids) {
      shard.Remove(id);
    }
  }

  template <class MakeFilter>
  void ExpectCountIsRight(MakeFilter make_filter, size_t each = 1) {
    make_filter(1);  // what is made once for all
    const size_t before = AllocatedBytes();
    const std::vector<SubscriberId> ids = AddMany(make_filter, each);
    const auto allocated =
        static_cast<double>(AllocatedBytes() - before - ids.capacity() * sizeof(SubscriberId));
    const auto counted = static_cast<double>(shard.SumMemory().total());
    RecordProperty("allocated", static_cast<int>(allocated));
    RecordProperty("counted", static_cast<int>(counted));
    EXPECT_NEAR(counted, allocated, kTolerance * allocated);
    RemoveAll(ids);
    ExpectNothingHeld();
  }
  void ExpectNothingHeld() {
    const MemoryUse now = shard.SumMemory();
    EXPECT_EQ(now.subscribers, 0u);
    EXPECT_EQ(now.subscriptions, 0u);
    EXPECT_EQ(now.subscriber_bytes, 0u);
    EXPECT_EQ(now.subscription_bytes, 0u);
    EXPECT_EQ(now.index_bytes, 0u);
    EXPECT_EQ(now.batch_bytes, 0u);
    EXPECT_EQ(now.pending_bytes, 0u);
  }

  ManualClock clock;
  QuietSink sink;
  VectorLog log;
  Shard shard;
};

TEST_F(ShardMemoryTest, CountsSubscribersWithSmallFiltersOfTheirOwn) {
  ExpectCountIsRight(SourceFilter);
}

TEST_F(ShardMemoryTest, CountsSubscribersWithLargeFiltersOfTheirOwn) {
  ExpectCountIsRight(WideFilter);
}

TEST_F(ShardMemoryTest, CountsEqualFiltersOnce) {
  ExpectCountIsRight([](size_t) { return WideFilter(7); });
}

TEST_F(ShardMemoryTest, CountsSeveralSubscriptionsOfASubscriber) {
  ExpectCountIsRight(SourceFilter, /*each=*/5);
}

TEST_F(ShardMemoryTest, CountsThoseBehind) {
  sink.takes = false;
  log.AppendUpTo(1'000);
  const size_t before = AllocatedBytes();
  std::vector<SubscriberId> ids;
  ids.reserve(kSubscribers);
  for (size_t i = 0; i < kSubscribers; ++i) {
    ids.push_back(shard.Add(&sink, absl::ZeroDuration()));
    shard.Subscribe(ids.back(), {.tag = 1, .filter = BusyFilter(i), .start = Earliest{}});
  }
  Settle();
  Idle();
  ASSERT_EQ(shard.stats().live, 0u);
  // Few bytes of it are the fixture's, for the readings of the log.
  const auto allocated = static_cast<double>(AllocatedBytes() - before);
  EXPECT_NEAR(static_cast<double>(shard.SumMemory().total()), allocated, kTolerance * allocated);
  RemoveAll(ids);
  ExpectNothingHeld();
}

TEST_F(ShardMemoryTest, PendingBytesRiseAndFall) {
  const SubscriberId id = shard.Add(&sink, absl::ZeroDuration());
  shard.Subscribe(id, {.tag = 1, .filter = Filter::MatchAll()});
  Idle();
  EXPECT_EQ(shard.SumMemory().pending_bytes, 0u);
  const uint64_t idle = shard.SumMemory().batch_bytes;
  sink.takes = false;
  log.AppendUpTo(1);
  Settle();  // in flight
  log.AppendUpTo(51);
  Settle();
  EXPECT_EQ(shard.SumMemory().pending_bytes, 50 * (100 + sizeof(Item)));
  EXPECT_GE(shard.SumMemory().batch_bytes, idle + 50 * (sizeof(Item) + sizeof(SubscriptionTag)));
  sink.takes = true;
  shard.Written(id);
  Idle();
  EXPECT_EQ(shard.SumMemory().pending_bytes, 0u);
  EXPECT_EQ(shard.SumMemory().batch_bytes, idle);
}

// Each of the ways in which a subscription changes or ends.
TEST_F(ShardMemoryTest, NothingIsLeftWhenAllHaveLeft) {
  log.AppendUpTo(500);
  std::vector<SubscriberId> ids = AddMany(SourceFilter, /*each=*/2);
  for (size_t i = 0; i < ids.size(); ++i) {
    shard.Subscribe(ids[i], {.tag = 1, .filter = WideFilter(i)});  // replaces
    if (i % 3 == 0) {
      shard.Unsubscribe(ids[i], 2);
    }
    if (i % 5 == 0) {
      shard.Subscribe(ids[i], {.tag = 3, .filter = Filter::MatchAll(), .start = Earliest{}});
    }
    if (i % 7 == 0) {  // refused: past the end
      shard.Subscribe(ids[i],
                      {.tag = 4, .filter = WideFilter(i), .start = Cursor{testing::kEpoch, 9'999}});
    }
  }
  Settle();
  log.AppendUpTo(1'000);
  shard.RunOnce();
  log.window.Reset({GapReason::kDamaged, {testing::kEpoch, 1'000}, {testing::kEpoch, 1'001}});
  Settle();
  sink.takes = false;
  for (Sequence next = 1'002; next < 3'000; ++next) {
    const EventPtr event = MakeEvent(next);
    log.window.Append(std::span(&event, 1));
    shard.RunOnce();
    clock.Advance(limits::kHotTick);
  }
  RemoveAll(ids);
  ExpectNothingHeld();
  Settle();
  ExpectNothingHeld();
}

// A crowd that has gone leaves no tables of its size behind.
TEST_F(ShardMemoryTest, WhatACrowdTookGoesBackWhileOthersStay) {
  const SubscriberId stays = shard.Add(&sink, absl::ZeroDuration());
  shard.Subscribe(stays, {.tag = 1, .filter = SeverityFilter(v1::SEVERITY_P0)});
  Idle();
  const uint64_t before = shard.SumMemory().total();
  RemoveAll(AddMany(
      [](size_t n) { return n % 2 == 0 ? SourceFilter(n) : SeverityFilter(v1::SEVERITY_P0); }));
  EXPECT_EQ(shard.stats().subscriptions, 1u);
  EXPECT_LE(shard.SumMemory().total(), before + 1'024);
}

TEST_F(ShardMemoryTest, IsReadFromOtherThreads) {
  std::atomic<bool> done = false;
  uint64_t most = 0;
  std::thread reader([&] {
    while (!done.load()) {
      most = std::max(most, shard.memory().subscribers);
    }
  });
  for (int round = 0; round < 20; ++round) {
    RemoveAll(AddMany(SourceFilter));
  }
  done = true;
  reader.join();
  EXPECT_LE(most, kSubscribers);
}

}  // namespace
}  // namespace tocsin
