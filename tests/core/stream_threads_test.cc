// The engine under real threads, for ThreadSanitizer: one appends, two shards run, subscribers come
// and go.
#include <gtest/gtest.h>

#include <thread>

#include "tests/core/stream_fixture.h"

namespace tocsin {
namespace {

using testing::kEpoch;
using testing::MakeEvent;

// Runs a shard on a thread of its own, with a sink whose writes leave in the next turn.
class Runner {
 public:
  Runner(const Window& window, LogReader& log) : shard(window, log, Clock::Real(), {}) {
    shard.SetBell([this] {
      MutexLock lock(mutex_);
      rung_ = true;
      changed_.NotifyOne();
    });
    thread_ = std::thread([this] { Run(); });
  }
  ~Runner() {
    {
      MutexLock lock(mutex_);
      stop_ = true;
      changed_.NotifyOne();
    }
    thread_.join();
  }

  Shard shard;

 private:
  void Run() {
    absl::Duration due = absl::ZeroDuration();
    while (true) {
      {
        MutexLock lock(mutex_);
        while (!rung_ && !stop_) {
          const absl::Duration left = due - Clock::Real().Monotonic();
          if (left <= absl::ZeroDuration()) break;
          changed_.WaitFor(mutex_, std::min(left, absl::Seconds(1)));
        }
        if (stop_) return;
        rung_ = false;
      }
      due = shard.RunOnce();
    }
  }

  Mutex mutex_;
  CondVar changed_;
  bool rung_ ABSL_GUARDED_BY(mutex_) = false;
  bool stop_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

class CheckingSink : public Sink {
 public:
  CheckingSink(Shard& shard, Sequence until) : shard_(shard), until_(until) {}
  bool Write(const WriteView& view) override {
    for (const Item& item : view.items) {
      if (item.kind != Item::Kind::kEvent) continue;
      in_order_ = in_order_ && (last_ == 0 || item.cursor.sequence == last_ + 1);
      last_ = item.cursor.sequence;
    }
    shard_.Post([this] {
      shard_.Written(id);
      if (last_ >= until_) done.store(true);
    });
    return false;
  }
  void Stuck() override {}
  void Failed() override {}

  SubscriberId id = 0;
  std::atomic<bool> done{false};
  bool in_order() const { return in_order_; }

 private:
  Shard& shard_;
  const Sequence until_;
  Sequence last_ = 0;
  bool in_order_ = true;
};

class NoLog : public LogReader {
 public:
  std::unique_ptr<CatchUp> Open(Shard&, const StartPoint&, FilterPtr, Deliver) override {
    ADD_FAILURE() << "the window holds everything";
    return nullptr;
  }
};

TEST(StreamThreadsTest, EverySubscriberOfEveryShardSeesEveryEventInOrder) {
  constexpr Sequence kEvents = 20'000;
  Window window({kEvents + 1, 1 << 30});
  window.Start({kEpoch, 0});
  NoLog log;
  Runner runners[2] = {{window, log}, {window, log}};
  std::vector<std::unique_ptr<CheckingSink>> sinks;
  for (int i = 0; i < 8; ++i) {
    Shard& shard = runners[i % 2].shard;
    sinks.push_back(std::make_unique<CheckingSink>(shard, kEvents));
    shard.Post([&shard, sink = sinks.back().get()] {
      sink->id = shard.Add(sink, absl::Seconds(1));
      shard.Subscribe(sink->id,
                      {.tag = 1, .filter = Filter::MatchAll(), .start = Cursor{kEpoch, 0}});
    });
  }
  std::thread publisher([&] {
    for (Sequence next = 1; next <= kEvents; ++next) {
      const EventPtr event = MakeEvent(next);
      window.Append(std::span(&event, 1));
      for (Runner& runner : runners) runner.shard.Ring();
    }
  });
  publisher.join();
  for (const auto& sink : sinks) {
    while (!sink->done.load()) std::this_thread::yield();
    EXPECT_TRUE(sink->in_order());
  }
}

}  // namespace
}  // namespace tocsin
