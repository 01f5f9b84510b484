#include "hub/service/hub_shard.h"

#include <grpc/support/time.h>
#include <pthread.h>

#include <algorithm>
#include <utility>

#include "core/base/check.h"
#include "hub/service/admin_methods.h"
#include "hub/service/health_watch.h"
#include "hub/service/publish_stream.h"
#include "hub/service/reflection_stream.h"
#include "hub/service/subscribe_encoder.h"
#include "hub/service/subscribe_stream.h"
#include "hub/service/unary_methods.h"

namespace tocsin::hub {
namespace {

// Subscribe calls that a shard waits for at a time: so many may arrive within one turn.
constexpr size_t kListening = 32;
// Completions between two turns of the engine.
constexpr size_t kCompletionsPerTurn = 1024;

gpr_timespec Past() { return gpr_inf_past(GPR_CLOCK_MONOTONIC); }

gpr_timespec After(absl::Duration wait) {
  if (wait == absl::InfiniteDuration()) {
    return gpr_inf_future(GPR_CLOCK_MONOTONIC);
  }
  const int64_t micros = std::max<int64_t>(0, absl::ToInt64Microseconds(wait));
  return gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC), gpr_time_from_micros(micros, GPR_TIMESPAN));
}

}  // namespace

HubShard::HubShard(const HubParts& parts, std::unique_ptr<grpc::ServerCompletionQueue> queue,
                   const ShardOptions& options)
    : parts_(parts),
      queue_(std::move(queue)),
      engine_(parts.window, parts.log, parts.clock, options),
      arrivals_(parts.clock),
      publish_streams_(PublishStream::kMost),
      watches_(HealthWatch::kMost),
      reflections_(ReflectionStream::kMost) {
  engine_.SetBell([this] { RingBell(); });
}

HubShard::~HubShard() { Stop(); }

void HubShard::Start() {
  TOCSIN_CHECK(!thread_.joinable());
  thread_ = std::thread([this] { Run(); });
  pthread_setname_np(thread_.native_handle(), "shard");
}

void HubShard::SetServing(bool serving) {
  engine_.Post([this, serving] {
    serving_ = serving;
    ForEachCall([serving](Call& call) { call.OnServing(serving); });
  });
}

void HubShard::Drain() {
  engine_.Post([this] { ForEachCall([](Call& call) { call.Drain(); }); });
}

// Of those that have come. None begins or ends inside.
template <class Tell>
void HubShard::ForEachCall(Tell tell) {
  for (auto& [call, owned] : calls_) {
    if (!call->listening()) {
      tell(*call);
    }
  }
}

void HubShard::Stop() {
  if (thread_.joinable()) {
    engine_.Post([this] { Close(); });
    thread_.join();
  } else if (!closed_) {
    // The hub did not get as far as Start: a queue must be drained all the same.
    Close();
    void* tag = nullptr;
    bool ok = false;
    while (queue_->Next(&tag, &ok)) {
    }
  }
}

// What was answered goes out first: afterwards nothing can.
void HubShard::Close() {
  RunAnswers();
  MutexLock lock(bell_mutex_);
  silent_ = true;
  closed_ = true;
  queue_->Shutdown();
}

void HubShard::Run() {
  owner_.store(std::this_thread::get_id());
  ListenToAll();
  absl::Duration due = absl::ZeroDuration();
  do {
    again_ = false;
    // First: nothing that is new goes to whom it is too late for.
    const absl::Duration tokens = token_ends_.Tick(parts_.clock.Monotonic());
    due = std::min({engine_.RunOnce(), arrivals_.Tick(), tokens});
    RunAnswers();
  } while (TakeCompletions(due));
  // Those whose last answer came after the queue's last tag.
  RunAnswers();
  absl::erase_if(calls_, [](const auto& call) { return call.first->over(); });
  TOCSIN_CHECK(calls_.empty());
}

void HubShard::PostAnswer(Shard::Task answer) {
  bool first = false;
  {
    MutexLock lock(answers_mutex_);
    first = answers_.empty();
    answers_.push_back(std::move(answer));
  }
  if (first) {
    RingBell();
  }
}

void HubShard::RunAnswers() {
  std::vector<Shard::Task> answers;
  {
    MutexLock lock(answers_mutex_);
    answers.swap(answers_);
  }
  for (Shard::Task& answer : answers) {
    std::move(answer)();
  }
}

void HubShard::ListenToAll() {
  for (size_t i = 0; i < kListening; ++i) {
    Listen(std::make_unique<SubscribeStream>(*this));
  }
  Listen(std::make_unique<PublishStream>(*this));
  Listen(std::make_unique<HealthWatch>(*this));
  Listen(std::make_unique<ReflectionStream>(*this));
  for (std::unique_ptr<Call>& call : UnaryMethods(*this)) {
    Listen(std::move(call));
  }
  for (std::unique_ptr<Call>& call : AdminMethods(*this)) {
    Listen(std::move(call));
  }
}

bool HubShard::TakeCompletions(absl::Duration due) {
  void* tag = nullptr;
  bool ok = false;
  gpr_timespec deadline =
      again_ ? Past()
             : After(due == absl::InfiniteDuration() ? due : due - parts_.clock.Monotonic());
  for (size_t i = 0; i < kCompletionsPerTurn; ++i) {
    switch (queue_->AsyncNext(&tag, &ok, deadline)) {
      case grpc::CompletionQueue::SHUTDOWN:
        return false;
      case grpc::CompletionQueue::TIMEOUT:
        return true;
      case grpc::CompletionQueue::GOT_EVENT:
        Complete(tag, ok);
        deadline = Past();
    }
  }
  return true;
}

void HubShard::Complete(void* tag, bool ok) {
  if (tag == this) {
    MutexLock lock(bell_mutex_);
    armed_ = false;
    return;
  }
  const auto* completion = static_cast<Call::Completion*>(tag);
  Call* const call = completion->call;
  (call->*completion->done)(ok);
  if (call->over()) {
    calls_.erase(call);
  }
}

void HubShard::Listen(std::unique_ptr<Call> call) {
  Call& added = *call;
  calls_.emplace(&added, std::move(call));
  added.Listen();
}

void HubShard::Listened(const Call& call, bool ok) {
  if (!ok) {
    arrivals_.ReadAll();
  } else if (!closed_) {
    Listen(call.Another());
  }
}

// Streams share the bytes: a copy of a buffer is a share of its slices.
const std::vector<grpc::ByteBuffer>& HubShard::EncodedRun(const WriteView& view) {
  if (encoded_run_ != view.run) {
    EncodedItems encoded = EncodeItems(view.items);
    TOCSIN_CHECK(!encoded.responses.empty() && !encoded.end);
    encoded_ = std::move(encoded.responses);
    encoded_run_ = view.run;
  }
  return encoded_;
}

void HubShard::RingBell() {
  if (std::this_thread::get_id() == owner_.load()) {
    again_ = true;
    return;
  }
  MutexLock lock(bell_mutex_);
  if (armed_ || silent_) {
    return;
  }
  armed_ = true;
  alarm_.Set(queue_.get(), Past(), this);
}

}  // namespace tocsin::hub
