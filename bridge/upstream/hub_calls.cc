#include "bridge/upstream/hub_calls.h"

#include <grpcpp/channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/impl/codegen/proto_utils.h>

#include <optional>

#include "core/base/backoff.h"
#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/event/error.h"
#include "core/http/io_thread.h"
#include "core/rpc/hub_error.h"

namespace tocsin::bridge {
namespace {

constexpr absl::Duration kFirstWait = absl::Milliseconds(50);
constexpr absl::Duration kLastWait = absl::Seconds(1);

absl::Status Unavailable(std::string_view why) {
  return MakeError(ErrorCode::kServiceUnavailable, why, {.retry_after = absl::Seconds(1)});
}

}  // namespace

// A call from its beginning to its answer, over all tries.
struct HubCalls::Pending {
  std::string method;
  grpc::ByteBuffer request;
  size_t bytes = 0;
  absl::Duration timeout;
  Done done;
  // Made by the first failure: its random seed would be a good part of what a call costs.
  std::optional<Backoff> backoff;
  Try* running = nullptr;    // the loop's
  grpc::Status unavailable;  // how the last try failed that may be made again
  bool late = false;
  std::optional<rpc::HubLoop::TimerKey> deadline;
  std::optional<rpc::HubLoop::TimerKey> retry;
};

// One try.
class HubCalls::Try final : public rpc::HubLoop::Call {
 public:
  Try(HubCalls& calls, std::shared_ptr<Pending> pending)
      : calls_(calls), pending_(std::move(pending)), stub_(calls.channel_), context_(calls.token_) {
    call_ =
        stub_.PrepareUnaryCall(&context_, pending_->method, pending_->request, calls.loop_.queue());
    call_->StartCall();
    call_->Finish(&response_, &status_, this);
  }

  void Cancel() { context_.TryCancel(); }
  void Abandon() override {
    pending_ = nullptr;
    Cancel();
  }
  bool OnOperation(bool /*ok*/) override {
    if (pending_ != nullptr) {
      calls_.OnEnd(pending_, status_, response_);
    }
    return false;
  }

 private:
  HubCalls& calls_;
  std::shared_ptr<Pending> pending_;
  grpc::GenericStub stub_;
  rpc::HubContext context_;
  std::unique_ptr<grpc::GenericClientAsyncResponseReader> call_;
  grpc::ByteBuffer response_;
  grpc::Status status_;
};

HubCalls::HubCalls(std::shared_ptr<grpc::Channel> channel, rpc::HubTokenPtr token)
    : channel_(std::move(channel)), token_(std::move(token)), thread_([this] { loop_.Run(); }) {
  apart_.Start("large bodies");
}

HubCalls::~HubCalls() {
  apart_.Stop();
  loop_.Stop();
  thread_.join();
}

// The loop's tasks are copyable.
void HubCalls::Run(absl::AnyInvocable<void()> task) {
  auto shared = std::make_shared<absl::AnyInvocable<void()>>(std::move(task));
  loop_.Post([shared] { http::Guarded("hub call", [&] { (*shared)(); }); });
}

void HubCalls::RunApart(absl::AnyInvocable<void(absl::Status)> task) {
  auto shared = std::make_shared<absl::AnyInvocable<void(absl::Status)>>(std::move(task));
  TaskThread::Task run = [shared] {
    http::Guarded("large body", [&] { (*shared)(absl::OkStatus()); });
  };
  if (!apart_.Run(run)) {
    (*shared)(Unavailable("too many large bodies wait to be read"));
  }
}

bool HubCalls::Admit(size_t bytes) {
  const bool few = calls_.fetch_add(1) < kMaxCalls;
  const bool small = bytes_.fetch_add(bytes) + bytes <= kMaxBytes;
  if (!few || !small) {
    calls_ -= 1;
    bytes_ -= bytes;
  }
  return few && small;
}

void HubCalls::Begin(std::string method, const google::protobuf::Message& request,
                     absl::Duration timeout, Done done) {
  auto pending = std::make_shared<Pending>();
  pending->method = std::move(method);
  pending->timeout = timeout;
  pending->done = std::move(done);
  pending->bytes = request.ByteSizeLong();
  if (!Admit(pending->bytes)) {
    return pending->done(Unavailable("too many requests wait for the hub"), nullptr);
  }
  bool own = false;
  grpc::SerializationTraits<google::protobuf::Message>::Serialize(request, &pending->request, &own);
  loop_.Post([this, pending] {
    pending->deadline = loop_.After(pending->timeout, [this, pending] { OnTimeout(pending); });
    Start(pending);
  });
}

void HubCalls::Start(std::shared_ptr<Pending> pending) {
  auto next = std::make_unique<Try>(*this, pending);
  pending->running = next.get();
  loop_.Adopt(std::move(next));
}

void HubCalls::OnEnd(const std::shared_ptr<Pending>& pending, const grpc::Status& status,
                     const grpc::ByteBuffer& response) {
  pending->running = nullptr;
  if (status.ok()) {
    return Finish(pending, absl::OkStatus(), &response);
  }
  if (pending->late) {
    return Finish(pending, WhyLate(*pending, "the hub did not answer in time"), nullptr);
  }
  if (status.error_code() != grpc::StatusCode::UNAVAILABLE && !rpc::TokenRefused(status)) {
    return Finish(pending, ForClient(status), nullptr);
  }
  pending->unavailable = status;
  if (!pending->backoff) {
    pending->backoff.emplace(kFirstWait, kLastWait);
  }
  pending->retry = loop_.After(pending->backoff->Next(), [this, pending] { Start(pending); });
}

// What the hub itself said when it was last tried (its disk is full, it is going down), if it did. A
// proxy before it may refuse the token as well, without the hub's details.
absl::Status HubCalls::WhyLate(const Pending& pending, std::string_view otherwise) {
  const bool said = !rpc::ReadHubError(pending.unavailable).reason.empty() ||
                    rpc::TokenRefused(pending.unavailable);
  return said ? ForClient(pending.unavailable) : Unavailable(otherwise);
}

// Of the bridge's own token its client is told no more than that it is wrong: the client's is good.
absl::Status HubCalls::ForClient(const grpc::Status& status) {
  if (rpc::TokenRefused(status)) {
    return Unavailable("the hub refuses this bridge's own token");
  }
  if (status.error_code() == grpc::StatusCode::PERMISSION_DENIED) {
    LogWarning("the hub refuses a call of the bridge", {{"error", rpc::FromGrpcStatus(status)}});
    return Unavailable("this bridge's own token does not allow the call");
  }
  return rpc::FromGrpcStatus(status);
}

void HubCalls::OnTimeout(const std::shared_ptr<Pending>& pending) {
  pending->late = true;
  if (pending->running != nullptr) {
    return pending->running->Cancel();  // its end follows
  }
  Finish(pending, WhyLate(*pending, "the hub could not be reached in time"), nullptr);
}

void HubCalls::Finish(const std::shared_ptr<Pending>& pending, absl::Status status,
                      const grpc::ByteBuffer* response) {
  for (const auto& timer : {pending->deadline, pending->retry}) {
    if (timer.has_value()) {
      loop_.CancelTimer(*timer);
    }
  }
  calls_ -= 1;
  bytes_ -= pending->bytes;
  http::Guarded("hub call", [&] { pending->done(std::move(status), response); });
}

absl::Status HubCalls::Parse(const grpc::ByteBuffer& bytes, google::protobuf::Message& message) {
  grpc::ByteBuffer copy(bytes);
  const grpc::Status parsed =
      grpc::SerializationTraits<google::protobuf::Message>::Deserialize(&copy, &message);
  return parsed.ok() ? absl::OkStatus()
                     : MakeError(ErrorCode::kInternal, "the hub's answer cannot be read");
}

}  // namespace tocsin::bridge
