#include "hub/service/subscribe_shard.h"

#include <grpc/support/time.h>
#include <pthread.h>

#include <algorithm>

#include "core/base/check.h"
#include "hub/service/subscribe_encoder.h"

namespace tocsin::hub {
namespace {

// Calls that a shard waits for at a time: so many may arrive within one turn.
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

SubscribeShard::SubscribeShard(EventHubRpc& service,
                               std::unique_ptr<grpc::ServerCompletionQueue> queue,
                               Admission& admission, HubMetrics& metrics, const Window& window,
                               LogReader& log, Clock& clock, const ShardOptions& options)
    : service_(service),
      admission_(admission),
      metrics_(metrics),
      clock_(clock),
      queue_(std::move(queue)),
      engine_(window, log, clock, options) {
  engine_.SetBell([this] { RingBell(); });
}

SubscribeShard::~SubscribeShard() { Stop(); }

void SubscribeShard::Start() {
  TOCSIN_CHECK(!thread_.joinable());
  thread_ = std::thread([this] { Run(); });
  pthread_setname_np(thread_.native_handle(), "subscribe");
}

void SubscribeShard::Drain() {
  engine_.Post([this] {
    for (auto& [stream, owned] : streams_) {
      stream->Drain();
    }
  });
}

void SubscribeShard::Stop() {
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

void SubscribeShard::Close() {
  MutexLock lock(bell_mutex_);
  silent_ = true;
  closed_ = true;
  queue_->Shutdown();
}

void SubscribeShard::Run() {
  owner_.store(std::this_thread::get_id());
  while (listening_ < kListening) {
    Listen();
  }
  absl::Duration due = absl::ZeroDuration();
  do {
    again_ = false;
    due = engine_.RunOnce();
    pending_bytes_.store(engine_.pending_bytes());
  } while (TakeCompletions(due));
  TOCSIN_CHECK(streams_.empty());
}

bool SubscribeShard::TakeCompletions(absl::Duration due) {
  void* tag = nullptr;
  bool ok = false;
  gpr_timespec deadline =
      again_ ? Past() : After(due == absl::InfiniteDuration() ? due : due - clock_.Monotonic());
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

void SubscribeShard::Complete(void* tag, bool ok) {
  if (tag == this) {
    MutexLock lock(bell_mutex_);
    armed_ = false;
    return;
  }
  const auto* completion = static_cast<SubscribeStream::Completion*>(tag);
  SubscribeStream* stream = completion->stream;
  (stream->*completion->done)(ok);
  if (stream->over()) {
    streams_.erase(stream);
  }
  open_streams_.store(streams_.size() - listening_);
}

void SubscribeShard::Listen() {
  auto stream = std::make_unique<SubscribeStream>(*this);
  SubscribeStream& added = *stream;
  streams_.emplace(&added, std::move(stream));
  ++listening_;
  added.Listen();
}

void SubscribeShard::Listened(bool ok) {
  --listening_;
  if (ok && !closed_) {
    Listen();
  }
}

// Streams share the bytes: a copy of a buffer is a share of its slices.
const grpc::ByteBuffer& SubscribeShard::EncodedRun(const WriteView& view) {
  if (encoded_run_ != view.run) {
    EncodedItems encoded = EncodeItems(view.items);
    TOCSIN_CHECK(encoded.responses.size() == 1 && !encoded.end);
    encoded_ = std::move(encoded.responses.front());
    encoded_run_ = view.run;
  }
  return encoded_;
}

void SubscribeShard::RingBell() {
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
