// The engine under real threads, for ThreadSanitizer: one appends, one reads the log, two shards
// run, subscribers replay, follow, and go in the middle of either.
#include <gtest/gtest.h>

#include <thread>

#include "tests/core/running_shard.h"
#include "tests/core/stream_fixture.h"

namespace tocsin {
namespace {

using testing::kEpoch;
using testing::MakeEvent;
using testing::RunningShard;

// Writes leave in a later turn; sees that nothing is missing and nothing comes twice.
class CheckingSink : public Sink {
 public:
  CheckingSink(Shard& shard, Sequence from) : shard_(shard), last_(from) {}
  bool Write(const WriteView& view) override {
    for (const Item& item : view.items) {
      if (item.kind != Item::Kind::kEvent) continue;
      in_order_ = in_order_ && item.cursor.sequence == last_ + 1;
      last_ = item.cursor.sequence;
      seen.store(last_);
    }
    shard_.Post([this, alive = std::weak_ptr<int>(alive_)] {
      if (!alive.expired()) shard_.Written(id);
    });
    return false;
  }
  void Stuck() override {}
  void Failed() override {}

  SubscriberId id = 0;
  std::atomic<Sequence> seen{0};
  bool in_order() const { return in_order_; }
  // On the shard's thread: no write that is still to be confirmed touches the sink after this, so
  // that another thread may destroy it.
  void Leave() {
    shard_.Remove(id);
    alive_.reset();
  }

 private:
  Shard& shard_;
  Sequence last_;
  bool in_order_ = true;
  std::shared_ptr<int> alive_ = std::make_shared<int>(0);  // the shard's thread only
};

// All events, read by a thread of its own.
class ThreadedLog : public LogReader {
 public:
  ThreadedLog() : thread_([this] { Run(); }) {}
  ~ThreadedLog() override {
    {
      MutexLock lock(mutex_);
      stop_ = true;
      changed_.NotifyOne();
    }
    thread_.join();
  }

  void Append(const EventPtr& event) {
    MutexLock lock(mutex_);
    all_.push_back(event);
  }
  size_t read() {
    MutexLock lock(mutex_);
    return read_;
  }
  std::unique_ptr<CatchUp> Open(Shard& shard, const StartPoint& start, FilterPtr filter,
                                Deliver deliver) override {
    return std::make_unique<Reading>(
        *this, std::make_shared<Job>(Job{&shard, std::get<Cursor>(start), std::move(filter),
                                         std::move(deliver), true}));
  }

 private:
  struct Job {
    Shard* shard;
    Cursor place;  // the log's thread only, while asked
    FilterPtr filter;
    Deliver deliver;
    bool alive;  // the shard's thread only
  };
  class Reading : public CatchUp {
   public:
    Reading(ThreadedLog& log, std::shared_ptr<Job> job) : log_(log), job_(std::move(job)) {}
    ~Reading() override { job_->alive = false; }
    void Next(size_t, size_t) override {
      MutexLock lock(log_.mutex_);
      log_.asked_.push_back(job_);
      log_.changed_.NotifyOne();
    }

   private:
    ThreadedLog& log_;
    const std::shared_ptr<Job> job_;
  };

  void Run() {
    MutexLock lock(mutex_);
    while (!stop_) {
      if (asked_.empty()) {
        changed_.Wait(mutex_);
        continue;
      }
      std::shared_ptr<Job> job = std::move(asked_.front());
      asked_.pop_front();
      Answer(std::move(job));
    }
  }
  void Answer(std::shared_ptr<Job> job) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    LogSlice slice;
    slice.from = job->place;
    for (size_t i = job->place.sequence; i < all_.size() && slice.events.size() < 100; ++i) {
      if (job->filter == nullptr || job->filter->Matches(all_[i]->facts)) {
        slice.events.push_back(all_[i]);
      }
      job->place = all_[i]->cursor;
    }
    slice.to = job->place;
    read_ += slice.events.size();
    Shard& shard = *job->shard;
    shard.Post([job = std::move(job), slice = std::move(slice)]() mutable {
      if (job->alive) job->deliver(std::move(slice));
    });
  }

  Mutex mutex_;
  CondVar changed_;
  std::vector<EventPtr> all_ ABSL_GUARDED_BY(mutex_);
  std::deque<std::shared_ptr<Job>> asked_ ABSL_GUARDED_BY(mutex_);
  size_t read_ ABSL_GUARDED_BY(mutex_) = 0;
  bool stop_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

class Following {
 public:
  Following(Shard& shard, Sequence from) : shard_(shard), sink_(shard, from) {
    shard.Post([this, from] {
      sink_.id = shard_.Add(&sink_, absl::Seconds(1));
      shard_.Subscribe(sink_.id,
                       {.tag = 1, .filter = Filter::MatchAll(), .start = Cursor{kEpoch, from}});
    });
  }
  // Waits until it has seen the event.
  void WaitFor(Sequence sequence) {
    while (sink_.seen.load() < sequence) std::this_thread::yield();
  }
  // Goes, in the middle of whatever it does.
  void Leave() {
    std::atomic<bool> gone{false};
    shard_.Post([&] {
      sink_.Leave();
      gone.store(true);
    });
    while (!gone.load()) std::this_thread::yield();
  }
  bool in_order() const { return sink_.in_order(); }

 private:
  Shard& shard_;
  CheckingSink sink_;
};

TEST(StreamThreadsTest, WhoComesReplaysFollowsAndGoesSeesEveryEventInOrder) {
  constexpr Sequence kEvents = 20'000;
  constexpr size_t kWindowEvents = 500;
  Window window({kWindowEvents, 1 << 30});
  window.Start({kEpoch, 0});
  ThreadedLog log;
  RunningShard runners[2] = {{window, log}, {window, log}};
  std::vector<std::unique_ptr<Following>> stay;
  for (int i = 0; i < 8; ++i) {
    stay.push_back(std::make_unique<Following>(runners[i % 2].shard, 0));
  }
  std::atomic<Sequence> published{0};
  std::thread publisher([&] {
    for (Sequence next = 1; next <= kEvents; ++next) {
      const EventPtr event = MakeEvent(next);
      log.Append(event);
      window.Append(std::span(&event, 1));
      published.store(next);
      for (RunningShard& runner : runners) runner.shard.Ring();
    }
  });
  for (int round = 0; round < 40; ++round) {
    const Sequence from = published.load() * static_cast<Sequence>(round % 5) / 5;
    Following comes(runners[round % 2].shard, from);
    if (round % 3 != 0) comes.WaitFor(std::min<Sequence>(from + 50, kEvents));
    comes.Leave();
    EXPECT_TRUE(comes.in_order()) << round;
  }
  publisher.join();
  for (const auto& each : stay) {
    each->WaitFor(kEvents);
    each->Leave();
    EXPECT_TRUE(each->in_order());
  }
  // How much of the above came from the log is up to the threads' pace. This one reads from it
  // whatever the window no longer holds.
  const size_t read_before = log.read();
  Following late(runners[0].shard, 0);
  late.WaitFor(kEvents);
  late.Leave();
  EXPECT_TRUE(late.in_order());
  EXPECT_GE(log.read() - read_before, kEvents - kWindowEvents);
}

}  // namespace
}  // namespace tocsin
