// A Publish call a batch, as many as may be in flight. One that is over is kept for the next one.
#include <set>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include "cli/bench/sender.h"
#include "cli/client.h"
#include "core/base/mutex.h"
#include "core/rpc/hub_error.h"

namespace tocsin::cli::bench {
namespace {

class UnarySender : public Sender {
 public:
  UnarySender(v1::EventHub::Stub& hub, rpc::HubTokenPtr token, RequestMaker maker,
              absl::Duration timeout, OnAnswer on_answer, OnEnd on_end)
      : hub_(hub),
        token_(std::move(token)),
        maker_(std::move(maker)),
        timeout_(timeout),
        on_answer_(std::move(on_answer)),
        on_end_(std::move(on_end)) {}

  ~UnarySender() override {
    Cancel();
    WaitForAll();
  }

  bool Send(const Batch& batch) override {
    Call* const call = Take();
    if (call == nullptr) return false;
    call->batch = batch;
    maker_.Fill(batch, call->request);
    hub_.async()->Publish(call->context.get(), &call->request, &call->response,
                          [this, call](const grpc::Status& status) { Done(call, status); });
    return true;
  }

  void Drain() override { WaitForAll(); }

  void Cancel() override {
    MutexLock lock(mutex_);
    cancelled_ = true;
    for (const Call* call : under_way_) call->context->TryCancel();
  }

  grpc::Status status() override {
    MutexLock lock(mutex_);
    return status_;
  }

 private:
  struct Call {
    std::unique_ptr<rpc::HubContext> context;
    v1::PublishRequest request;
    v1::PublishResponse response;
    Batch batch;
  };

  // Nothing when the hub has gone.
  Call* Take() {
    auto context = std::make_unique<rpc::HubContext>(token_);
    SetTimeout(*context, timeout_);
    MutexLock lock(mutex_);
    if (cancelled_ || !status_.ok()) return nullptr;
    if (idle_.empty()) {
      calls_.push_back(std::make_unique<Call>());
      idle_.push_back(calls_.back().get());
    }
    Call* const call = idle_.back();
    idle_.pop_back();
    call->context = std::move(context);
    under_way_.insert(call);
    return call;
  }

  void Done(Call* call, const grpc::Status& status) {
    const Batch batch = call->batch;
    // A status with a reason comes from the hub and is an answer. Without one it is gRPC's own: the
    // connection has failed.
    const bool answered =
        status.ok() || !rpc::MayRetry(status) || !rpc::ReadHubError(status).reason.empty();
    const bool timed_out = status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED;
    bool broken = false;
    {
      // First, so that there is a free call when there is room for it.
      MutexLock lock(mutex_);
      under_way_.erase(call);
      idle_.push_back(call);
      broken = !answered || timed_out || status.error_code() == grpc::StatusCode::UNAVAILABLE;
      if (broken && !cancelled_ && status_.ok()) status_ = status;
      ++reporting_;
    }
    if (broken) on_end_();
    if (answered && !timed_out) on_answer_(batch, status.ok() ? std::string() : ErrorName(status));
    MutexLock lock(mutex_);
    --reporting_;
    changed_.NotifyAll();
  }

  void WaitForAll() {
    MutexLock lock(mutex_);
    while (!under_way_.empty() || reporting_ > 0) changed_.Wait(mutex_);
  }

  v1::EventHub::Stub& hub_;
  const rpc::HubTokenPtr token_;
  const RequestMaker maker_;
  const absl::Duration timeout_;
  const OnAnswer on_answer_;
  const OnEnd on_end_;

  Mutex mutex_;
  CondVar changed_;
  std::vector<std::unique_ptr<Call>> calls_
      ABSL_GUARDED_BY(mutex_);  // all, at most those in flight
  std::vector<Call*> idle_ ABSL_GUARDED_BY(mutex_);
  std::set<Call*> under_way_ ABSL_GUARDED_BY(mutex_);
  int reporting_ ABSL_GUARDED_BY(mutex_) = 0;
  bool cancelled_ ABSL_GUARDED_BY(mutex_) = false;
  grpc::Status status_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace

std::unique_ptr<Sender> MakeUnarySender(v1::EventHub::Stub& hub, rpc::HubTokenPtr token,
                                        RequestMaker maker, absl::Duration timeout,
                                        Sender::OnAnswer on_answer, Sender::OnEnd on_end) {
  return std::make_unique<UnarySender>(hub, std::move(token), std::move(maker), timeout,
                                       std::move(on_answer), std::move(on_end));
}

}  // namespace tocsin::cli::bench
