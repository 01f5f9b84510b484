// A stream whose other end is gone without a word is noticed twice over: gRPC's keepalive pings the
// connection, and the bookmarks that the hub sends once a second are missed here, which also
// notices a hub that is alive and stuck.
#include "bridge/upstream/upstream.h"

#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/time/clock.h"
#include "bridge/upstream/grpc_status.h"
#include "bridge/upstream/response.h"
#include "core/base/log.h"
#include "core/base/strings.h"
#include "core/event/error.h"
#include "core/event/limits.h"
#include "tocsin/v1/hub.pb.h"

namespace tocsin::bridge {
namespace {

constexpr absl::Duration kBookmarkInterval = absl::Seconds(1);
constexpr absl::Duration kSilence = absl::Seconds(5);  // several bookmarks missed
constexpr absl::Duration kFirstWait = absl::Milliseconds(100);
constexpr absl::Duration kLastWait = absl::Seconds(2);
// A response is at most one write or one event; this leaves room for what later versions add.
constexpr int kMaxResponseBytes = 16 * static_cast<int>(limits::kMiB);

v1::SubscribeRequest Request(const std::string& from) {
  v1::SubscribeRequest request;
  request.set_from(from);
  request.set_on_gap(v1::ON_GAP_NOTIFY);
  request.mutable_bookmark_interval()->set_seconds(absl::ToInt64Seconds(kBookmarkInterval));
  request.set_label("bridge");
  return request;
}

}  // namespace

std::shared_ptr<grpc::Channel> MakeHubChannel(const std::string& address) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 10'000);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 5'000);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 3'000);  // how long one attempt may take
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 2'000);
  // http_proxy is meant for the web: it would send even 127.0.0.1 to the proxy.
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  arguments.SetMaxReceiveMessageSize(kMaxResponseBytes);
  return grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
}

// One call, read on this thread with a deadline for each response, whose bytes are taken as they
// are.
class Upstream::Stream {
 public:
  Stream(const std::shared_ptr<grpc::Channel>& channel, grpc::ClientContext& context,
         const v1::SubscribeRequest& request)
      : context_(context), call_(RawStub(channel).PrepareCall(&context, kMethod, &queue_)) {
    call_->StartCall(this);
    ok_ = Wait();
    if (ok_) {
      call_->WriteLast(request, grpc::WriteOptions(), this);
      ok_ = Wait();
    }
  }
  ~Stream() {
    queue_.Shutdown();
    void* tag;
    bool ok;
    while (queue_.Next(&tag, &ok)) {
    }
  }

  bool Read(grpc::ByteBuffer& response) {
    if (!ok_) {
      return false;
    }
    call_->Read(&response, this);
    return ok_ = Wait();
  }
  bool silent() const { return silent_; }

  grpc::Status Finish() {
    grpc::Status status;
    call_->Finish(&status, this);
    Wait();
    return status;
  }

 private:
  using RawStub = grpc::TemplatedGenericStub<v1::SubscribeRequest, grpc::ByteBuffer>;
  static constexpr char kMethod[] = "/tocsin.v1.EventHub/Subscribe";

  // The outcome of the one outstanding operation. One that takes too long is cancelled, and then
  // ends soon.
  bool Wait() {
    void* tag;
    bool ok = false;
    const auto deadline = absl::ToChronoTime(absl::Now() + kSilence);
    if (queue_.AsyncNext(&tag, &ok, deadline) == grpc::CompletionQueue::TIMEOUT) {
      silent_ = true;
      context_.TryCancel();
      queue_.Next(&tag, &ok);
    }
    return ok;
  }

  grpc::ClientContext& context_;
  grpc::CompletionQueue queue_;
  std::unique_ptr<grpc::ClientAsyncReaderWriter<v1::SubscribeRequest, grpc::ByteBuffer>> call_;
  bool ok_ = false;
  bool silent_ = false;
};

Upstream::Upstream(std::shared_ptr<grpc::Channel> channel, Window& window, Metrics& metrics,
                   Callbacks callbacks)
    : channel_(std::move(channel)),
      window_(window),
      metrics_(metrics),
      callbacks_(std::move(callbacks)),
      backoff_(kFirstWait, kLastWait) {}

Upstream::~Upstream() { Stop(); }

void Upstream::Start() {
  thread_ = std::thread([this] { Run(); });
}

void Upstream::Stop() {
  {
    MutexLock lock(mutex_);
    stop_ = true;
    if (stream_ != nullptr) {
      stream_->TryCancel();
    }
    changed_.NotifyAll();
  }
  if (thread_.joinable()) {
    thread_.join();
  }
}

bool Upstream::stopping() {
  MutexLock lock(mutex_);
  return stop_;
}

void Upstream::Run() {
  while (!stopping()) {
    Follow();
    Wait(backoff_.Next());
  }
}

void Upstream::Follow() {
  grpc::ClientContext context;
  {
    MutexLock lock(mutex_);
    if (stop_) {
      return;
    }
    stream_ = &context;
  }
  const absl::Cleanup forget = [this] {
    MutexLock lock(mutex_);
    stream_ = nullptr;
  };
  // The channel connects only while a call is polled: the call waits for it.
  context.set_wait_for_ready(true);
  Stream stream(channel_, context,
                Request(started_ ? FormatCursor(place_) : FormatStartPoint(Latest{})));
  grpc::ByteBuffer response;
  while (stream.Read(response)) {
    absl::StatusOr<HubBatch> batch = ReadResponse(response, RecordFacts::kWith);
    if (!batch.ok() || !Take(*std::move(batch))) {
      LogError("the hub's stream makes no sense", {{"error", batch.status()}});
      context.TryCancel();
      break;
    }
    Connected();
  }
  const grpc::Status status = stream.Finish();
  OnEnd(stream.silent() ? grpc::Status(grpc::StatusCode::UNAVAILABLE, "the hub does not answer")
                        : status);
}

void Upstream::OnEnd(const grpc::Status& status) {
  if (stopping()) {
    return;
  }
  const absl::Status error = FromGrpcStatus(status);
  if (connected_.exchange(false)) {
    metrics_.hub_connected.Set(0);
    told_waiting_ = true;
    LogWarning("the hub is lost", {{"error", error}});
    callbacks_.on_state(false);
  } else if (!told_waiting_) {
    told_waiting_ = true;
    LogWarning("waiting for the hub", {{"error", error}});
  }
  if (status.error_code() != grpc::StatusCode::OUT_OF_RANGE || !started_) {
    return;
  }
  // The hub does not know the place where this bridge stands: it has lost events that were seen
  // here. Clients are told as they come to their own places; the window begins again where the hub
  // now is.
  LogError("the hub has lost events", {{"place", FormatCursor(place_)}, {"error", error}});
  const absl::StatusOr<Cursor> latest = ParseCursor(ErrorDetailsOf(error).latest);
  if (latest.ok()) {
    window_.Reset({.reason = GapReason::kDamaged, .from = window_.view().head, .to = *latest});
    place_ = *latest;
    callbacks_.on_news();
  }
}

void Upstream::Connected() {
  backoff_.Reset();
  if (connected_.exchange(true)) {
    return;
  }
  told_waiting_ = false;
  metrics_.hub_connected.Set(1);
  metrics_.hub_reconnects.Increment(was_connected_ ? 1 : 0);
  was_connected_ = true;
  LogInfo("the hub is connected", {{"cursor", FormatCursor(place_)}});
  callbacks_.on_state(true);
}

bool Upstream::Take(HubBatch batch) {
  if (!started_) {
    const Cursor start = PlaceBefore(batch);
    if (start.epoch == 0) {
      return false;
    }
    place_ = start;
    window_.Start(start);
    started_ = true;
  }
  if (batch.gap.has_value() && !batch.gap_first) {
    Append(batch);
  }
  if (batch.gap.has_value()) {
    LogWarning("the hub could not give everything", {{"reason", GapReasonName(batch.gap->reason)},
                                                     {"from", FormatCursor(batch.gap->from)},
                                                     {"to", FormatCursor(batch.gap->to)}});
    batch.gap->from = window_.view().head;  // under the name that the shards have it by
    window_.Reset(*batch.gap);
    place_ = batch.gap->to;
  }
  Append(batch);
  if (batch.cursor.has_value() && batch.cursor->sequence >= place_.sequence) {
    place_ = *batch.cursor;
    window_.Advance(place_);
  }
  callbacks_.on_news();
  return true;
}

void Upstream::Append(HubBatch& batch) {
  if (batch.events.empty()) {
    return;
  }
  window_.Append(batch.events);
  place_ = batch.events.back()->cursor;
  metrics_.events_broadcast.Increment(static_cast<double>(batch.events.size()));
  batch.events.clear();
}

void Upstream::Wait(absl::Duration time) {
  MutexLock lock(mutex_);
  if (!stop_) {
    changed_.WaitFor(mutex_, time);
  }
}

}  // namespace tocsin::bridge
