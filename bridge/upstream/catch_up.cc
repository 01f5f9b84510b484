// Three lives of different length:
//
//   Handle   the shard's; destroying it is the end of the matter for the shard
//   Reading  what is to be read: the place, the answer that is due; shared by Handle and Attempt
//   Attempt  one gRPC call; deletes itself in OnDone, and leaves the next one to Reading
//
// A Reading has a slot from Begin until the last attempt's OnDone. Between a response and the next
// Want it rests, and may have to give the slot to someone else; the next Want then waits in line
// and goes on from the place it came to.
//
// An answer is posted to the shard only while the Handle lives (checked under Reading's mutex), and
// the task checks again when it runs, on the thread on which the Handle dies.
#include "bridge/upstream/catch_up.h"

#include <grpcpp/alarm.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include <optional>
#include <utility>

#include "absl/time/clock.h"
#include "bridge/upstream/backoff.h"
#include "bridge/upstream/catch_up_slots.h"
#include "bridge/upstream/grpc_status.h"
#include "bridge/upstream/response.h"
#include "core/base/mutex.h"
#include "core/event/error.h"
#include "core/stream/shard.h"
#include "tocsin/v1/hub.pb.h"

namespace tocsin::bridge {
namespace {

constexpr absl::Duration kFirstWait = absl::Milliseconds(100);
constexpr absl::Duration kLastWait = absl::Seconds(2);
// A filter that seldom matches makes progress by these.
constexpr absl::Duration kBookmarkInterval = absl::Milliseconds(500);

// The stub and the window outlive every call; a Reading may outlive them.
using RawStub = grpc::TemplatedGenericStub<v1::SubscribeRequest, grpc::ByteBuffer>;
constexpr char kMethod[] = "/tocsin.v1.EventHub/Subscribe";

struct ReadingOptions {
  RawStub* stub;
  const Window* window;
  Shard* shard;
  FilterPtr filter;
  LogReader::Deliver deliver;
  std::shared_ptr<CatchUpSlots> slots;
};

class Attempt;

class Reading final : public CatchUpSlots::Holder, public std::enable_shared_from_this<Reading> {
 public:
  // What becomes of the slot when a stream has ended.
  enum class Slot { kKept, kDone, kYielded, kYieldedAndWanted };

  Reading(ReadingOptions options, const StartPoint& start)
      : options_(std::move(options)),
        from_(FormatStartPoint(start)),
        backoff_(kFirstWait, kLastWait) {}

  // The shard's thread.
  void Want();
  void Cancel();

  // Of the attempt, on gRPC's threads. OnResponse answers whether to read on.
  bool OnResponse(const grpc::ByteBuffer& response);
  void Forget();
  Slot OnDone(const grpc::Status& status);

  // Of the slots.
  bool Yield() override;
  void TakeSlot();

  const ReadingOptions& options() const { return options_; }

 private:
  enum class State {
    kClosed,    // no stream and no slot
    kWaiting,   // for a slot
    kReading,   // a stream is opened or read, or will be after a wait
    kResting,   // a stream is open, and no read outstanding
    kYielding,  // the stream is closed for someone else's sake
    kEnded,     // by Cancel or by an error that has been answered
  };

  // With a slot: opens a stream. False when cancelled.
  bool Begin();
  void BeginAfter(absl::Duration wait) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Rest() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Close() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Answer(LogSlice slice) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void AnswerBatch(HubBatch batch) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void AnswerError(absl::Status status) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const ReadingOptions options_;
  bool alive_ = true;  // the shard's thread only

  Mutex mutex_;  // no leaf: slots, shard and stream are called under it
  State state_ ABSL_GUARDED_BY(mutex_) = State::kClosed;
  bool yields_ ABSL_GUARDED_BY(mutex_) = false;  // the slots count on it
  bool wanted_ ABSL_GUARDED_BY(mutex_) = false;  // while yielding
  std::string from_ ABSL_GUARDED_BY(mutex_);     // of the next attempt
  Cursor place_ ABSL_GUARDED_BY(mutex_);         // up to which answers went; epoch 0: none did
  std::optional<LogSlice> next_ ABSL_GUARDED_BY(mutex_);  // read already, for the next Want
  Attempt* attempt_ ABSL_GUARDED_BY(mutex_) = nullptr;
  Backoff backoff_ ABSL_GUARDED_BY(mutex_);
  // A new one each time: the old one's callback may still be returning.
  std::unique_ptr<grpc::Alarm> alarm_ ABSL_GUARDED_BY(mutex_);
};

class Attempt final : public grpc::ClientBidiReactor<v1::SubscribeRequest, grpc::ByteBuffer> {
 public:
  Attempt(std::shared_ptr<Reading> reading, const std::string& from)
      : reading_(std::move(reading)) {
    *request_.mutable_filter() = reading_->options().filter->proto();
    request_.set_from(from);
    request_.set_on_gap(v1::ON_GAP_NOTIFY);
    request_.mutable_bookmark_interval()->set_nanos(
        static_cast<int32_t>(absl::ToInt64Nanoseconds(kBookmarkInterval)));
    request_.set_label("bridge-catch-up");
  }

  // Reads the first response at once. The hold is for Read, which comes from outside the reactions.
  void Start() {
    reading_->options().stub->PrepareBidiStreamingCall(&context_, kMethod, {}, this);
    AddHold();
    StartWriteLast(&request_, grpc::WriteOptions());
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

  // This, and with it the call's share of the channel, goes before the slot does: whoever waits for
  // the last slot may destroy the channel, and gRPC's threads must not.
  void OnDone(const grpc::Status& status) override {
    const std::shared_ptr<Reading> reading = std::move(reading_);
    reading->Forget();
    delete this;
    const Reading::Slot slot = reading->OnDone(status);
    if (slot == Reading::Slot::kKept) {
      return;
    }
    if (slot == Reading::Slot::kYieldedAndWanted) {
      reading->TakeSlot();
    }
    reading->options().slots->Give(slot == Reading::Slot::kDone ? CatchUpSlots::End::kDone
                                                                : CatchUpSlots::End::kYielded);
  }

 private:
  std::shared_ptr<Reading> reading_;
  grpc::ClientContext context_;
  v1::SubscribeRequest request_;
  grpc::ByteBuffer response_;
};

void Reading::Want() {
  {
    MutexLock lock(mutex_);
    if (next_.has_value()) {
      Answer(*std::exchange(next_, std::nullopt));
      return;
    }
    if (state_ == State::kResting) {
      options_.slots->Rouse(this);
      state_ = State::kReading;
      attempt_->Read();
      return;
    }
    wanted_ = state_ == State::kYielding;
    if (state_ != State::kClosed) {
      return;
    }
    state_ = State::kWaiting;
  }
  TakeSlot();
}

void Reading::TakeSlot() {
  options_.slots->Take([self = shared_from_this()] { return self->Begin(); });
}

void Reading::Cancel() {
  alive_ = false;
  MutexLock lock(mutex_);
  if (attempt_ != nullptr) {
    attempt_->Cancel();
  }
  if (state_ == State::kResting) {
    options_.slots->Rouse(this);
    attempt_->LetGo();
  }
  state_ = State::kEnded;
  if (alarm_ != nullptr) {
    alarm_->Cancel();
  }
}

bool Reading::Begin() {
  MutexLock lock(mutex_);
  if (state_ == State::kEnded) {
    return false;
  }
  state_ = State::kReading;
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
      reading->options_.slots->Give(CatchUpSlots::End::kDone);
    }
  });
}

bool Reading::OnResponse(const grpc::ByteBuffer& response) {
  absl::StatusOr<HubBatch> batch = ReadResponse(response, RecordFacts::kWithout);
  MutexLock lock(mutex_);
  if (state_ == State::kEnded) {
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
  AnswerBatch(*std::move(batch));
  Rest();
  return false;
}

void Reading::Rest() {
  if (options_.slots->Rest(shared_from_this())) {
    state_ = State::kResting;
  } else {
    Close();
  }
}

bool Reading::Yield() {
  MutexLock lock(mutex_);
  if (state_ != State::kResting) {
    return false;
  }
  Close();
  return true;
}

void Reading::Close() {
  state_ = State::kYielding;
  yields_ = true;
  attempt_->Cancel();
  attempt_->LetGo();
}

void Reading::Forget() {
  MutexLock lock(mutex_);
  attempt_ = nullptr;
}

Reading::Slot Reading::OnDone(const grpc::Status& status) {
  MutexLock lock(mutex_);
  if (std::exchange(yields_, false)) {
    if (state_ == State::kEnded) {
      return Slot::kYielded;
    }
    const bool wanted = std::exchange(wanted_, false);
    state_ = wanted ? State::kWaiting : State::kClosed;
    return wanted ? Slot::kYieldedAndWanted : Slot::kYielded;
  }
  if (state_ == State::kEnded) {
    return Slot::kDone;
  }
  if (IsBrokenStream(status)) {
    BeginAfter(backoff_.Next());
    return Slot::kKept;
  }
  AnswerError(FromGrpcStatus(status));
  return Slot::kDone;
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
  state_ = State::kEnded;
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

struct HubLogReader::Hub {
  RawStub stub;
};

HubLogReader::HubLogReader(const std::shared_ptr<grpc::Channel>& channel, const Window& window,
                           size_t max_streams)
    : hub_(new Hub{RawStub(channel)}),
      window_(window),
      slots_(std::make_shared<CatchUpSlots>(max_streams)) {}

HubLogReader::~HubLogReader() { slots_->WaitForAll(); }

std::unique_ptr<CatchUp> HubLogReader::Open(Shard& shard, const StartPoint& start, FilterPtr filter,
                                            Deliver deliver) {
  return std::make_unique<Handle>(
      std::make_shared<Reading>(ReadingOptions{.stub = &hub_->stub,
                                               .window = &window_,
                                               .shard = &shard,
                                               .filter = std::move(filter),
                                               .deliver = std::move(deliver),
                                               .slots = slots_},
                                start));
}

}  // namespace tocsin::bridge
