// A subscription at the hub itself, read by blocking calls.
#include <utility>

#include "absl/strings/str_cat.h"
#include "cli/client.h"
#include "cli/verify/feed.h"
#include "core/rpc/hub_error.h"

namespace tocsin::cli::verify {
namespace {

class GrpcFeed final : public Feed {
 public:
  explicit GrpcFeed(const Globals& globals)
      : token_(globals.token),
        hub_(v1::EventHub::NewStub(OpenChannel(globals, rpc::Connection::kOwn))) {}
  ~GrpcFeed() override {
    if (context_ != nullptr) context_->TryCancel();
  }

  absl::Status Open(const Ask& ask, absl::Time) override {
    chain_ = ask.chain;
    request_.set_from(ask.from);
    *request_.mutable_filter() = ask.filter;
    request_.set_leaves(ask.leaves);
    request_.set_snapshot(ask.snapshot);
    request_.set_latest_only(ask.latest_only);
    request_.set_priority(ask.priority);
    request_.set_on_gap(v1::ON_GAP_NOTIFY);
    request_.set_label("tocsin verify");
    request_.mutable_bookmark_interval()->set_nanos(kBookmarkNanos);
    return absl::OkStatus();
  }

  // The call ends at `until` by its deadline: where that is a cut, so it is meant. A later Next
  // would have to begin a new one, so the follower never asks for one.
  absl::Status Next(absl::Time until, std::vector<history::Record>& told) override {
    if (stream_ == nullptr) {
      context_ = std::make_unique<rpc::HubContext>(token_);
      context_->set_deadline(absl::ToChronoTime(until));
      stream_ = hub_->Subscribe(context_.get(), request_);
    }
    v1::SubscribeResponse response;
    if (stream_->Read(&response)) return TakeResponse(response, chain_, parts_, told);
    const grpc::Status end = stream_->Finish();
    if (!end.ok() && end.error_code() != grpc::StatusCode::DEADLINE_EXCEEDED &&
        !rpc::MayRetry(end)) {
      return absl::InvalidArgumentError(end.error_message());
    }
    return absl::UnavailableError(absl::StrCat("the hub: ", WhyLost(end)));
  }

 private:
  static constexpr int kBookmarkNanos = 200'000'000;

  const rpc::HubTokenPtr token_;
  const std::unique_ptr<v1::EventHub::Stub> hub_;
  v1::SubscribeRequest request_;
  Chain chain_;
  SnapshotParts parts_;
  std::unique_ptr<rpc::HubContext> context_;
  std::unique_ptr<grpc::ClientReader<v1::SubscribeResponse>> stream_;
};

}  // namespace

std::unique_ptr<Feed> MakeGrpcFeed(const Globals& globals) {
  return std::make_unique<GrpcFeed>(globals);
}

}  // namespace tocsin::cli::verify
