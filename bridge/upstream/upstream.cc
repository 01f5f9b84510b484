#include "bridge/upstream/upstream.h"

#include <utility>

#include "core/base/log.h"
#include "core/base/planted.h"
#include "core/base/status_macros.h"
#include "core/event/error.h"
#include "core/rpc/hub_error.h"
#include "core/rpc/hub_token.h"

namespace tocsin::bridge {
namespace {

constexpr absl::Duration kBookmarkInterval = absl::Seconds(1);

v1::SubscribeRequest Request(size_t recent) {
  v1::SubscribeRequest request;
  request.set_from(FormatStartPoint(Latest{}));
  request.set_on_gap(v1::ON_GAP_NOTIFY);
  request.mutable_bookmark_interval()->set_seconds(absl::ToInt64Seconds(kBookmarkInterval));
  request.set_label("bridge");
  request.set_recent(static_cast<uint32_t>(recent));
  return request;
}

}  // namespace

Upstream::Upstream(rpc::HubLink& link, Window& window, size_t recent, Metrics& metrics,
                   Callbacks callbacks)
    : window_(window),
      metrics_(metrics),
      callbacks_(std::move(callbacks)),
      stream_(link, Request(recent), *this) {}

absl::Status Upstream::OnResponse(const grpc::ByteBuffer& response) {
  ASSIGN_OR_RETURN(HubBatch batch, ReadResponse(response, RecordFacts::kWith));
  if (!started_) {
    RETURN_IF_ERROR(Begin(batch));
  }
  Take(std::move(batch));
  if (open_) {
    Connected();
  }
  stream_.Next();
  return absl::OkStatus();
}

absl::Status Upstream::Begin(const HubBatch& first) {
  const Cursor start = PlaceBefore(first);
  if (start.epoch == 0) {
    return absl::DataLossError("the hub's first response names no place");
  }
  place_ = start;
  window_.Start(start, /*open=*/false);
  started_ = true;
  return absl::OkStatus();
}

void Upstream::Take(HubBatch batch) {
  if (Planted("bridge-hides-gap")) batch.gap.reset();
  if (batch.gap.has_value()) {
    if (!batch.gap_first) {
      Append(batch);
    }
    LogWarning("the hub could not give everything", {{"reason", GapReasonName(batch.gap->reason)},
                                                     {"from", FormatCursor(batch.gap->from)},
                                                     {"to", FormatCursor(batch.gap->to)}});
    Reset(batch.gap->reason, batch.gap->to);
  }
  Append(batch);
  if (batch.cursor.has_value() && batch.cursor->sequence >= place_.sequence) {
    place_ = *batch.cursor;
    window_.Advance(place_);
  }
  if (batch.caught_up && !std::exchange(open_, true)) {
    window_.Open();
  }
  callbacks_.on_news();
}

void Upstream::Append(HubBatch& batch) {
  if (batch.events.empty()) {
    return;
  }
  window_.Append(batch.events);
  place_ = batch.events.back()->cursor;
  metrics_.events_broadcast.Increment(open_ ? static_cast<double>(batch.events.size()) : 0);
  batch.events.clear();
}

// The gap begins where the window ends, under the name that the shards have that place by.
void Upstream::Reset(GapReason reason, Cursor to) {
  window_.Reset({.reason = reason, .from = window_.view().head, .to = to});
  place_ = to;
}

void Upstream::Connected() {
  if (connected_.exchange(true)) {
    return;
  }
  told_waiting_ = false;
  NoteToken(grpc::Status::OK);
  metrics_.hub_connected.Set(1);
  metrics_.hub_reconnects.Increment(was_connected_ ? 1 : 0);
  was_connected_ = true;
  LogInfo("the hub is connected", {{"cursor", FormatCursor(place_)}});
  callbacks_.on_state(true);
}

bool Upstream::OnEnd(const grpc::Status& status) {
  const absl::Status error = rpc::FromGrpcStatus(status);
  NoteToken(status);
  Lost(status, error);
  if (status.error_code() == grpc::StatusCode::OUT_OF_RANGE && started_) {
    BeginAnew(error);
  }
  if (started_) {
    stream_.GoOnFrom(Planted("bridge-resumes-at-newest") ? "latest" : FormatCursor(place_));
  }
  return true;
}

void Upstream::NoteToken(const grpc::Status& status) {
  const bool refused = rpc::TokenRefused(status);
  if (std::exchange(token_refused_, refused) != refused) {
    callbacks_.on_token_refused(refused);
    told_waiting_ = told_waiting_ && !refused;  // told anew, since it is another reason
  }
}

void Upstream::Lost(const grpc::Status& status, const absl::Status& error) {
  const bool was_connected = connected_.exchange(false);
  if (!std::exchange(told_waiting_, true)) {
    LogWarning(rpc::TokenRefused(status) ? "the hub refuses this bridge's token; the one that is "
                                           "there then is shown again"
               : was_connected           ? "the hub is lost"
                                         : "waiting for the hub",
               {{"error", error}});
  }
  if (was_connected) {
    metrics_.hub_connected.Set(0);
    callbacks_.on_state(false);
  }
}

// The hub does not know the place where this bridge stands: it has lost events that were seen here.
// Clients are told as they come to their own places; the window begins again where the hub now is.
void Upstream::BeginAnew(const absl::Status& error) {
  LogError("the hub has lost events", {{"place", FormatCursor(place_)}, {"error", error}});
  const absl::StatusOr<Cursor> latest = ParseCursor(ErrorDetailsOf(error).latest);
  if (latest.ok()) {
    Reset(GapReason::kDamaged, *latest);
    callbacks_.on_news();
  }
}

}  // namespace tocsin::bridge
