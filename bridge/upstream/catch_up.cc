// Three lives of different length:
//
//   Handle   the shard's; destroying it is the end of the matter for the shard
//   Reading  what is to be read: the place, the answer that is due; shared by Handle and Attempt
//   Attempt  one gRPC call; deletes itself in OnDone, and leaves the next one to Reading
//
// An answer is posted to the shard only while the Handle lives (checked under Reading's mutex), and
// the task checks again when it runs, on the thread on which the Handle dies.
#include "bridge/upstream/catch_up.h"

#include <grpcpp/alarm.h>
#include <grpcpp/grpcpp.h>

#include <atomic>
#include <deque>
#include <functional>
#include <optional>
#include <utility>

#include "absl/time/clock.h"
#include "bridge/upstream/backoff.h"
#include "bridge/upstream/grpc_status.h"
#include "bridge/upstream/response.h"
#include "core/base/mutex.h"
#include "core/event/error.h"
#include "core/stream/shard.h"
#include "tocsin/v1/hub.grpc.pb.h"

namespace tocsin::bridge {
namespace {

constexpr absl::Duration kFirstWait = absl::Milliseconds(100);
constexpr absl::Duration kLastWait = absl::Seconds(2);
// A filter that seldom matches makes progress by these.
constexpr absl::Duration kBookmarkInterval = absl::Milliseconds(500);

}  // namespace

// Who may have a stream open, and who waits.
class HubLogReader::Slots {
 public:
  // Answers false when it does not want the slot any more.
  using Start = std::function<bool()>;

  explicit Slots(size_t free) : free_(free) {}

  // `start` runs now, or on the thread that gives a slot back.
  void Take(Start start) {
    {
      MutexLock lock(mutex_);
      ++users_;
      if (free_ == 0) {
        waiting_.push_back(std::move(start));
        return;
      }
      --free_;
    }
    if (!start()) {
      Give();
    }
  }

  void Give() {
    for (Start next = Next(); next && !next();) {
      next = Next();
    }
  }

  void WaitForAll() {
    MutexLock lock(mutex_);
    while (users_ > 0) {
      changed_.Wait(mutex_);
    }
  }

 private:
  // Whose turn it is; nothing when no one waits, and the slot is free.
  Start Next() {
    MutexLock lock(mutex_);
    --users_;
    changed_.NotifyAll();
    if (waiting_.empty()) {
      ++free_;
      return nullptr;
    }
    Start next = std::move(waiting_.front());
    waiting_.pop_front();
    return next;
  }

  Mutex mutex_;
  CondVar changed_;
  size_t free_ ABSL_GUARDED_BY(mutex_);
  size_t users_ ABSL_GUARDED_BY(mutex_) = 0;  // with a slot or waiting for one
  std::deque<Start> waiting_ ABSL_GUARDED_BY(mutex_);
};

namespace {

struct ReadingOptions {
  std::shared_ptr<grpc::Channel> channel;
  const Window* window;
  Shard* shard;
  FilterPtr filter;
  LogReader::Deliver deliver;
  std::function<void(std::function<bool()>)> take_slot;
  std::function<void()> give_slot;
};

class Attempt;

class Reading : public std::enable_shared_from_this<Reading> {
 public:
  Reading(ReadingOptions options, const StartPoint& start)
      : options_(std::move(options)),
        from_(FormatStartPoint(start)),
        backoff_(kFirstWait, kLastWait) {}

  // The shard's thread.
  void Want();
  void Cancel();

  // Of the attempt, on gRPC's threads. OnResponse answers whether to read on.
  bool OnResponse(const v1::SubscribeResponse& response);
  void Forget(Attempt* attempt);
  // True when no attempt follows: the slot is free.
  bool OnDone(const grpc::Status& status);

  const ReadingOptions& options() const { return options_; }

 private:
  // With a slot: opens a stream. False when cancelled.
  bool Begin();
  void BeginAfter(absl::Duration wait) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Answer(LogSlice slice) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void AnswerBatch(HubBatch batch) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void AnswerError(absl::Status status) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const ReadingOptions options_;
  bool alive_ = true;  // the shard's thread only

  Mutex mutex_;
  bool cancelled_ ABSL_GUARDED_BY(mutex_) = false;
  bool opened_ ABSL_GUARDED_BY(mutex_) = false;  // a slot was asked for
  bool failed_ ABSL_GUARDED_BY(mutex_) = false;  // the error has been answered
  bool idle_ ABSL_GUARDED_BY(mutex_) = false;    // a stream is open and no read outstanding
  std::string from_ ABSL_GUARDED_BY(mutex_);     // of the next attempt
  Cursor place_ ABSL_GUARDED_BY(mutex_);         // up to which answers went; epoch 0: none did
  std::optional<LogSlice> next_ ABSL_GUARDED_BY(mutex_);  // read already, for the next Want
  Attempt* attempt_ ABSL_GUARDED_BY(mutex_) = nullptr;
  Backoff backoff_ ABSL_GUARDED_BY(mutex_);
  // A new one each time: the old one's callback may still be returning.
  std::unique_ptr<grpc::Alarm> alarm_ ABSL_GUARDED_BY(mutex_);
};

class Attempt final : public grpc::ClientReadReactor<v1::SubscribeResponse> {
 public:
  Attempt(std::shared_ptr<Reading> reading, const std::string& from)
      : reading_(std::move(reading)), stub_(v1::EventHub::NewStub(reading_->options().channel)) {
    *request_.mutable_filter() = reading_->options().filter->proto();
    request_.set_from(from);
    request_.set_on_gap(v1::ON_GAP_NOTIFY);
    request_.mutable_bookmark_interval()->set_nanos(
        static_cast<int32_t>(absl::ToInt64Nanoseconds(kBookmarkInterval)));
    request_.set_label("bridge-catch-up");
  }

  // Reads the first response at once. The hold is for Read, which comes from outside the reactions.
  void Start() {
    stub_->async()->Subscribe(&context_, &request_, this);
    AddHold();
    StartRead(&response_);
    StartCall();
  }
  // Both only while no read is outstanding and the hold is held.
  void Read() { StartRead(&response_); }
  void LetGo() { RemoveHold(); }
  void Cancel() { context_.TryCancel(); }

  void OnReadDone(bool ok) override {
    if (!ok) {
      RemoveHold();
    } else if (reading_->OnResponse(response_)) {
      StartRead(&response_);
    }
  }

  void OnDone(const grpc::Status& status) override {
    std::shared_ptr<Reading> reading = std::move(reading_);
    reading->Forget(this);
    delete this;
    const std::function<void()> give_slot = reading->options().give_slot;
    const bool over = reading->OnDone(status);
    // With its share of the channel, before whoever waits for the last slot goes on.
    reading.reset();
    if (over) {
      give_slot();
    }
  }

 private:
  std::shared_ptr<Reading> reading_;
  std::unique_ptr<v1::EventHub::Stub> stub_;
  grpc::ClientContext context_;
  v1::SubscribeRequest request_;
  v1::SubscribeResponse response_;
};

void Reading::Want() {
  bool open = false;
  {
    MutexLock lock(mutex_);
    if (next_.has_value()) {
      Answer(*std::exchange(next_, std::nullopt));
    } else if (idle_) {
      idle_ = false;
      attempt_->Read();
    } else if (!opened_) {
      open = opened_ = true;
    }
  }
  if (open) {
    options_.take_slot([self = shared_from_this()] { return self->Begin(); });
  }
}

void Reading::Cancel() {
  alive_ = false;
  MutexLock lock(mutex_);
  cancelled_ = true;
  if (attempt_ != nullptr) {
    attempt_->Cancel();
  }
  if (idle_) {
    idle_ = false;
    attempt_->LetGo();
  }
  if (alarm_ != nullptr) {
    alarm_->Cancel();
  }
}

bool Reading::Begin() {
  MutexLock lock(mutex_);
  if (cancelled_) {
    return false;
  }
  // Under the lock, so that no Cancel falls between; reactions come on gRPC's threads.
  attempt_ = new Attempt(shared_from_this(), from_);
  attempt_->Start();
  return true;
}

void Reading::BeginAfter(absl::Duration wait) {
  alarm_ = std::make_unique<grpc::Alarm>();
  // Moved out when it runs: an alarm keeps its callback until it is destroyed, and it is ours.
  alarm_->Set(absl::ToChronoTime(absl::Now() + wait), [self = shared_from_this()](bool) mutable {
    const std::shared_ptr<Reading> reading = std::move(self);
    if (!reading->Begin()) {
      reading->options_.give_slot();
    }
  });
}

bool Reading::OnResponse(const v1::SubscribeResponse& response) {
  absl::StatusOr<HubBatch> batch = ReadResponse(response);
  MutexLock lock(mutex_);
  if (cancelled_ || failed_) {
    return true;  // until the stream's end
  }
  if (!batch.ok()) {
    AnswerError(batch.status());
    attempt_->Cancel();
    return true;
  }
  if (!batch->cursor.has_value() && !batch->gap.has_value()) {
    return true;
  }
  backoff_.Reset();
  idle_ = true;
  AnswerBatch(*std::move(batch));
  return false;
}

void Reading::Forget(Attempt* attempt) {
  MutexLock lock(mutex_);
  if (attempt_ == attempt) {
    attempt_ = nullptr;
  }
}

bool Reading::OnDone(const grpc::Status& status) {
  MutexLock lock(mutex_);
  if (cancelled_ || failed_) {
    return true;
  }
  if (IsBrokenStream(status)) {
    BeginAfter(backoff_.Next());
    return false;
  }
  AnswerError(FromGrpcStatus(status));
  return true;
}

void Reading::AnswerBatch(HubBatch batch) {
  LogSlice slice;
  slice.from = place_.epoch != 0 ? place_ : PlaceBefore(batch);
  slice.to = batch.cursor.value_or(slice.from);
  slice.latest = options_.window->view().head;
  slice.earliest = slice.from;
  if (batch.gap.has_value()) {
    slice.earliest = batch.gap->to;
    if (batch.gap_first) {
      slice.gap = batch.gap;
      slice.from = batch.gap->to;
      slice.to = batch.cursor.value_or(batch.gap->to);
    } else {
      next_ = LogSlice{.from = batch.gap->to,
                       .gap = batch.gap,
                       .events = {},
                       .to = batch.gap->to,
                       .status = absl::OkStatus(),
                       .earliest = batch.gap->to,
                       .latest = slice.latest};
      slice.to = batch.events.back()->cursor;
    }
  }
  slice.events = std::move(batch.events);
  // A stream that breaks is opened again after all that has been read.
  from_ = FormatCursor(next_.has_value() ? next_->to : slice.to);
  Answer(std::move(slice));
}

void Reading::AnswerError(absl::Status status) {
  failed_ = true;
  LogSlice slice;
  const ErrorDetails details = ErrorDetailsOf(status);
  slice.earliest = ParseCursor(details.earliest).value_or(Cursor{});
  slice.latest = ParseCursor(details.latest).value_or(Cursor{});
  slice.status = std::move(status);
  Answer(std::move(slice));
}

void Reading::Answer(LogSlice slice) {
  place_ = slice.to;
  options_.shard->Post([self = shared_from_this(), slice = std::move(slice)]() mutable {
    if (self->alive_) {
      self->options_.deliver(std::move(slice));
    }
  });
}

class Handle final : public CatchUp {
 public:
  explicit Handle(std::shared_ptr<Reading> reading) : reading_(std::move(reading)) {}
  ~Handle() override { reading_->Cancel(); }

  // The hub bounds a response as the engine bounds a write.
  void Next(size_t, size_t) override { reading_->Want(); }

 private:
  const std::shared_ptr<Reading> reading_;
};

}  // namespace

HubLogReader::HubLogReader(std::shared_ptr<grpc::Channel> channel, const Window& window,
                           size_t max_streams)
    : channel_(std::move(channel)), window_(window), slots_(std::make_shared<Slots>(max_streams)) {}

HubLogReader::~HubLogReader() { slots_->WaitForAll(); }

std::unique_ptr<CatchUp> HubLogReader::Open(Shard& shard, const StartPoint& start, FilterPtr filter,
                                            Deliver deliver) {
  return std::make_unique<Handle>(std::make_shared<Reading>(
      ReadingOptions{
          .channel = channel_,
          .window = &window_,
          .shard = &shard,
          .filter = std::move(filter),
          .deliver = std::move(deliver),
          .take_slot = [slots =
                            slots_](std::function<bool()> begin) { slots->Take(std::move(begin)); },
          .give_slot = [slots = slots_] { slots->Give(); }},
      start));
}

}  // namespace tocsin::bridge
