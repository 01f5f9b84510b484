#include "hub/service/subscribe_stream.h"

#include <grpc/grpc.h>
#include <grpcpp/impl/codegen/proto_utils.h>

#include <algorithm>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "core/base/log.h"
#include "core/base/planted.h"
#include "core/base/status_macros.h"
#include "core/base/strings.h"
#include "core/event/error.h"
#include "core/event/limits.h"
#include "core/event/time_proto.h"
#include "core/event/uuid.h"
#include "core/stream/reads_log.h"
#include "core/stream/session_explanation.h"
#include "hub/service/grpc_status.h"
#include "hub/service/hub_shard.h"
#include "hub/service/subscribe_request.h"

namespace tocsin::hub {
namespace {

constexpr char kSessionMetadata[] = "tocsin-session";
constexpr char kTransport[] = "grpc";

// "192.0.2.1:40000" of gRPC's "ipv4:192.0.2.1:40000", "[::1]:40000" of "ipv6:%5B::1%5D:40000".
std::string PeerText(const std::string& peer) {
  const absl::string_view bare = absl::StripPrefix(absl::StripPrefix(peer, "ipv4:"), "ipv6:");
  return absl::StrReplaceAll(bare, {{"%5B", "["}, {"%5D", "]"}, {"%25", "%"}});
}

// gRPC says that a write is done, and not how far it has got. So one of more than the usual bytes is
// given the time in which a peer of this rate has the rest of it.
constexpr size_t kSlowPeerBytesPerSecond = 16 * limits::kKiB;

absl::Duration SlowPeerTime(size_t bytes) {
  const size_t beyond = bytes > limits::kWriteBytes ? bytes - limits::kWriteBytes : 0;
  return absl::Seconds(static_cast<double>(beyond) / double{kSlowPeerBytesPerSecond});
}

bool HasCaughtUp(const WriteView& view) {
  return std::ranges::any_of(view.items,
                             [](const Item& item) { return item.kind == Item::Kind::kCaughtUp; });
}

}  // namespace

SubscribeStream::SubscribeStream(HubShard& shard) : RequestCall(shard, shard.rpc(), "Subscribe") {}

SubscribeStream::~SubscribeStream() {
  Leave();
  shard_.token_ends().Leave(*this);
  if (admitted_) {
    shard_.admission().LeaveSubscription();
  }
}

std::unique_ptr<Call> SubscribeStream::Another() const {
  return std::make_unique<SubscribeStream>(shard_);
}

bool SubscribeStream::ended() const { return call_over_ && !reading() && !writing_ && !finishing_; }

void SubscribeStream::Serve() {
  const absl::Status begun = Subscribe();
  request_.Clear();
  if (!begun.ok()) {
    End(begun);
  }
}

absl::Status SubscribeStream::Subscribe() {
  RETURN_IF_ERROR(shard_.admission().CheckOpen());
  v1::SubscribeRequest request;
  if (!grpc::SerializationTraits<v1::SubscribeRequest>::Deserialize(&request_, &request).ok()) {
    return MakeError(ErrorCode::kInvalidMessage, "the request's bytes are no SubscribeRequest");
  }
  ASSIGN_OR_RETURN(subscribing_, ReadSubscribeRequest(request));
  RETURN_IF_ERROR(shard_.admission().EnterSubscription(
      std::holds_alternative<Cursor>(subscribing_.start) && !subscribing_.snapshot));
  admitted_ = true;
  asked_ = subscribing_.filter;
  if (!Planted("stream-not-narrowed")) subscribing_.filter = permission().Narrow(asked_);
  RETURN_IF_ERROR(TakePlaces());
  LogDebug("subscribed", {{"label", subscribing_.label}, {"peer", context_.peer()}});
  Enter();
  if (subscribing_.snapshot) {
    snapshot_ =
        shard_.snapshots().Open(shard_.engine(), subscribing_.filter,
                                [this](SnapshotPart part) { OnSnapshotPart(std::move(part)); });
    return absl::OkStatus();
  }
  if (subscribing_.recent > 0) {
    subscribing_.start = shard_.window().Before(subscribing_.recent);
  }
  EnterEngine();
  return absl::OkStatus();
}

absl::Status SubscribeStream::TakePlaces() {
  if (Planted("hub-stream-not-counted")) return absl::OkStatus();
  ASSIGN_OR_RETURN(share_, shard_.authenticator().limits().Open(
                               *Call::subject(), {Held::kConnection, Held::kSubscription}));
  replaying_ = !subscribing_.snapshot && subscribing_.recent == 0 &&
               ReadsLog(shard_.window(), subscribing_.start);
  if (subscribing_.snapshot) {
    return share_.Take(Held::kSnapshot);
  }
  return replaying_ ? share_.Take(Held::kReplay) : absl::OkStatus();
}

// The client is told its session's id before the first response.
void SubscribeStream::Enter() {
  since_ = shard_.clock().Now();
  series_ = shard_.metrics().SubscriptionOpened(subscribing_.label);
  session_ = NewUuid(since_);
  context_.AddInitialMetadata(kSessionMetadata, session_);
  shard_.engine().sessions().Enter(*this);
  shard_.token_ends().Enter(*this, token_ends());
}

void SubscribeStream::EnterEngine() {
  id_ = shard_.engine().Add(this, subscribing_.bookmark_interval);
  shard_.engine().Subscribe(id_, {.tag = 0,
                                  .filter = std::move(subscribing_.filter),
                                  .start = subscribing_.start,
                                  .urgent = subscribing_.urgent,
                                  .notify_on_gap = subscribing_.notify_on_gap,
                                  .priority = subscribing_.priority,
                                  .latest_only = subscribing_.latest_only,
                                  .leaves = subscribing_.leaves});
}

void SubscribeStream::OnSnapshotPart(SnapshotPart part) {
  if (token_ended()) {
    return TokenEnded();
  }
  if (!part.status.ok()) {
    // With a part in flight the call can only be cut.
    writing_ ? CancelSlow("SLOW_CONSUMER: the snapshot was not taken in time; ask for it again")
             : End(part.status);
    Leave();
    return;
  }
  subscribing_.start = part.place;
  snapshot_read_ = part.last;
  queue_.push_back(EncodeSnapshotPart(part));
  SendNext();
}

void SubscribeStream::OnSnapshotPartWritten() {
  if (!snapshot_read_) {
    return snapshot_->Next();
  }
  snapshot_.reset();
  share_.KeepAtMost(Held::kSnapshot, 0);
  EnterEngine();
}

const Filter* SubscribeStream::narrowed_by() const {
  const FilterPtr& filter = permission().filter();
  return filter == Filter::MatchAll() || Planted("leave-tells-hidden") ? nullptr : filter.get();
}

// A run is encoded once for all that are given it; where its leaves may tell more than the
// subscriber may see, for itself.
bool SubscribeStream::Write(const WriteView& view) {
  if (token_ended()) {
    queue_.push_back(EncodeClosing(ErrorCode::kUnauthorized, absl::ZeroDuration()));
    End(TokenEndedError());
    return false;
  }
  if (replaying_ && HasCaughtUp(view)) {
    replaying_ = false;
    share_.KeepAtMost(Held::kReplay, 0);
  }
  const Filter* const permission = subscribing_.leaves ? narrowed_by() : nullptr;
  if (view.run != 0 && subscribing_.leaves_as == LeavesAs::kLeft && permission == nullptr) {
    queue_ = shard_.EncodedRun(view);
  } else {
    EncodedItems encoded = EncodeItems(view.items, subscribing_.leaves_as, permission);
    queue_ = std::move(encoded.responses);
    if (encoded.end) {
      end_ = std::move(encoded.end);
    }
  }
  SendNext();
  return false;
}

uint64_t SubscribeStream::BytesTaken() {
  if (writing_ && shard_.clock().Monotonic() < write_until_) {
    ++progress_;
  }
  return progress_;
}

void SubscribeStream::SendNext() {
  if (writing_ || finish_called_ || call_over_ || shard_.closed()) {
    return;
  }
  if (!queue_.empty()) {
    writing_ = true;
    write_until_ = shard_.clock().Monotonic() + SlowPeerTime(queue_.front().Length());
    stream_.Write(queue_.front(), &written_);
    queue_.erase(queue_.begin());
    return;
  }
  if (!end_) {
    return;
  }
  finish_called_ = finishing_ = true;
  stream_.Finish(ToGrpcStatus(*end_), &finished_);
}

void SubscribeStream::OnWritten(bool ok) {
  writing_ = false;
  ++progress_;
  if (!ok) {
    queue_.clear();
    Leave();
    return;
  }
  const bool more = !queue_.empty() || end_.has_value();
  if (more && token_ended()) {
    TokenEnded();
  }
  if (more) {
    return SendNext();
  }
  std::vector<grpc::ByteBuffer>().swap(queue_);
  if (id_ != 0) {
    shard_.engine().Written(id_);
  } else if (snapshot_ != nullptr) {
    OnSnapshotPartWritten();
  }
}

void SubscribeStream::OnFinished(bool) {
  finishing_ = false;
  Leave();
}

void SubscribeStream::OnDone(bool) {
  call_over_ = true;
  queue_.clear();
  Leave();
}

void SubscribeStream::End(const absl::Status& status) {
  if (end_) {
    return;
  }
  end_ = status;
  SendNext();
}

void SubscribeStream::Drain() {
  EndFor(shard_.admission().NextReconnectSlot(), "the hub is shutting down");
}

void SubscribeStream::Kick(absl::Duration reconnect_after, std::string_view why) {
  EndFor(reconnect_after, why);
}

void SubscribeStream::EndFor(absl::Duration reconnect_after, std::string_view why) {
  Close(MakeError(ErrorCode::kServiceUnavailable,
                  absl::StrCat(ToAbsl(why), "; resume from the last cursor"),
                  {.retry_after = reconnect_after}),
        reconnect_after);
}

void SubscribeStream::Close(const absl::Status& status, absl::Duration reconnect_after) {
  if (!arrived()) {
    return;  // a request that arrives later is refused
  }
  if (!call_over_ && !end_) {
    queue_.clear();
    queue_.push_back(EncodeClosing(ErrorCodeOf(status), reconnect_after));
    End(status);
  }
  Leave();
}

void SubscribeStream::TokenEnded() { Close(TokenEndedError(), absl::ZeroDuration()); }

void SubscribeStream::CutOff() {
  Cancel(GRPC_STATUS_UNAUTHENTICATED,
         "UNAUTHORIZED: the token has expired; resume from the last cursor");
}

void SubscribeStream::Stuck() {
  CancelSlow("SLOW_CONSUMER: nothing was taken for 10 s; resume from the last cursor");
}

void SubscribeStream::CancelSlow(const char* why) {
  LogInfo("subscriber took nothing and is closed", {{"peer", context_.peer()}});
  Cancel(GRPC_STATUS_RESOURCE_EXHAUSTED, why);
}

void SubscribeStream::Cancel(grpc_status_code code, const char* why) {
  cut_ = why;
  grpc_call_cancel_with_status(context_.c_call(), code, why, nullptr);
}

void SubscribeStream::Failed() {
  Cancel(GRPC_STATUS_INTERNAL, "INTERNAL_SERVER_ERROR: resume from the last cursor");
}

v1::SessionExplanation SubscribeStream::Explain() const {
  v1::SessionExplanation session;
  session.set_session_id(session_);
  session.set_label(subscribing_.label);
  session.set_transport(kTransport);
  SetTimestamp(*session.mutable_since(), since_);
  if (const auto report = shard_.engine().Report(id_)) {
    FillSession(*report, shard_.clock(), session);
  }
  for (v1::SubscriptionExplanation& subscription : *session.mutable_subscriptions()) {
    SetFilter(*asked_, subscription);
  }
  return session;
}

SessionFace SubscribeStream::Face() const {
  return {.address = PeerText(context_.peer()),
          .label = subscribing_.label,
          .transport = kTransport,
          .since = since_,
          .subscriber = id_};
}

void SubscribeStream::LeaveSessions() {
  LiveSessions& sessions = shard_.engine().sessions();
  if (cut_ != nullptr) {
    const std::pair<absl::string_view, absl::string_view> why =
        absl::StrSplit(cut_, absl::MaxSplits(": ", 1));
    sessions.Leave(*this, ToStd(why.first), ToStd(why.second));
  } else if (end_ && !end_->ok()) {
    sessions.Leave(*this, RowOf(ErrorCodeOf(*end_)).name, ToStd(end_->message()));
  } else {
    sessions.Leave(*this, kClientGone, "");
  }
}

void SubscribeStream::Leave() {
  snapshot_.reset();
  share_ = SubjectLimits::Share();
  shard_.engine().Remove(std::exchange(id_, 0));
  if (series_.has_value()) {
    LeaveSessions();
    shard_.metrics().SubscriptionClosed(*std::exchange(series_, std::nullopt));
  }
}

}  // namespace tocsin::hub
