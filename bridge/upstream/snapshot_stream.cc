#include "bridge/upstream/snapshot_stream.h"

#include <utility>

#include "bridge/upstream/response.h"
#include "core/base/status_macros.h"
#include "core/event/error.h"
#include "core/rpc/hub_error.h"
#include "core/rpc/hub_token.h"

namespace tocsin::bridge {
namespace {

v1::SubscribeRequest Request(const Filter& filter) {
  v1::SubscribeRequest request;
  filter.AskFor(request);
  request.set_snapshot(true);
  request.set_label("bridge-snapshot");
  return request;
}

}  // namespace

SnapshotStream::SnapshotStream(rpc::HubLink& link, const Filter& filter, SnapshotFormPtr form,
                               Answer answer)
    : form_(std::move(form)), answer_(std::move(answer)), stream_(link, Request(filter), *this) {}

void SnapshotStream::Want() {
  if (over_) {
    return;
  }
  if (part_.done()) {
    return stream_.Next();
  }
  if (absl::Status answered = AnswerNext(); !answered.ok()) {
    stream_.Close();
    Fail(std::move(answered));
  }
}

absl::Status SnapshotStream::OnResponse(const grpc::ByteBuffer& response) {
  ASSIGN_OR_RETURN(const grpc::Slice bytes, SliceOf(response));
  ASSIGN_OR_RETURN(part_, SnapshotPart::Read(ViewOf(bytes)));
  return AnswerNext();
}

absl::Status SnapshotStream::AnswerNext() {
  SnapshotMessage message;
  message.place = part_.place();
  message.first = first_;
  ASSIGN_OR_RETURN(message.text, part_.NextMessage(*form_, first_));
  first_ = false;
  message.last = part_.last() && part_.done();
  if (message.last) {
    over_ = true;
    stream_.Close();
  }
  answer_(std::move(message));
  return absl::OkStatus();
}

// A hub that ends a stream for being slow would do so again.
bool SnapshotStream::OnEnd(const grpc::Status& status) {
  const absl::Status error = rpc::FromGrpcStatus(status);
  const bool away = rpc::MayRetry(status) || rpc::TokenRefused(status);
  if (away && ErrorCodeOf(error) != ErrorCode::kSlowConsumer) {
    part_ = {};
    first_ = true;
    return true;
  }
  Fail(error);
  return false;
}

void SnapshotStream::Fail(absl::Status status) {
  over_ = true;
  SnapshotMessage message;
  message.status = std::move(status);
  answer_(std::move(message));
}

}  // namespace tocsin::bridge
