#include "bridge/upstream/replay.h"

#include <utility>

#include "core/base/planted.h"
#include "core/base/status_macros.h"
#include "core/event/error.h"
#include "core/rpc/hub_error.h"
#include "core/rpc/hub_token.h"

namespace tocsin::bridge {
namespace {

// A filter that seldom matches makes progress by these.
constexpr absl::Duration kBookmarkInterval = absl::Milliseconds(500);
// The first response of a stream may only say where it begins. When the second moves nothing
// either, there is nothing to read at present.
constexpr int kEnoughResponses = 2;

v1::SubscribeRequest Request(const StartPoint& start, const Filter* filter) {
  v1::SubscribeRequest request;
  if (filter != nullptr) {
    filter->AskFor(request);
  }
  request.set_from(FormatStartPoint(start));
  request.set_on_gap(v1::ON_GAP_NOTIFY);
  request.mutable_bookmark_interval()->set_nanos(
      static_cast<int32_t>(absl::ToInt64Nanoseconds(kBookmarkInterval)));
  request.set_label("bridge-catch-up");
  return request;
}

LogSlice ErrorSlice(absl::Status status) {
  LogSlice slice;
  const ErrorDetails details = ErrorDetailsOf(status);
  slice.earliest = ParseCursor(details.earliest).value_or(Cursor{});
  slice.latest = ParseCursor(details.latest).value_or(Cursor{});
  slice.status = std::move(status);
  return slice;
}

}  // namespace

Replay::Replay(rpc::HubLink& link, ReplaySlots& slots, const Window& window,
               const StartPoint& start, const Filter* filter, Answer answer)
    : slots_(slots),
      window_(window),
      facts_(filter == nullptr || filter->tells_leaves() ? RecordFacts::kWith
                                                         : RecordFacts::kWithout),
      answer_(std::move(answer)),
      stream_(link, Request(start, filter), *this) {}

Replay::~Replay() { LeaveSlots(); }

void Replay::Want() {
  wanted_ = true;
  if (!ready_.empty()) {
    AnswerNext();
  } else if (slot_ == Slot::kHeld) {
    slots_.Rouse(*this);
    stream_.Next();
  } else if (slot_ == Slot::kNone && !ended_) {
    slot_ = Slot::kWaiting;
    slots_.Take(*this);
  }
}

void Replay::OnSlot() {
  slot_ = Slot::kHeld;
  responses_ = 0;
  moved_ = false;
  stream_.Next();
}

void Replay::OnYield() {
  slot_ = Slot::kNone;
  stream_.Close();
  stream_.GoOnFrom(FormatCursor(place_));
}

absl::Status Replay::OnResponse(const grpc::ByteBuffer& response) {
  ASSIGN_OR_RETURN(HubBatch batch, ReadResponse(response, facts_));
  if (batch.cursor.has_value() || batch.gap.has_value()) {
    AddSlices(std::move(batch));
    ++responses_;
  }
  if (wanted_ && !ready_.empty()) {
    AnswerNext();
  }
  if (ready_.empty() && (wanted_ || (!moved_ && responses_ < kEnoughResponses))) {
    stream_.Next();
  } else {
    slots_.Rest(*this);
  }
  return absl::OkStatus();
}

bool Replay::OnEnd(const grpc::Status& status) {
  const bool waits = rpc::TokenRefused(status) && !Planted("replay-ends-with-token");
  if (rpc::MayRetry(status) || waits) {
    if (place_.epoch != 0 && !Planted("broken-replay-begins-anew")) {
      stream_.GoOnFrom(FormatCursor(place_));
    }
    return true;
  }
  ended_ = true;
  LeaveSlots();
  ready_.push_back(ErrorSlice(rpc::FromGrpcStatus(status)));
  if (wanted_) {
    AnswerNext();
  }
  return false;
}

// A gap that lies behind the events of its response is a slice of its own.
void Replay::AddSlices(HubBatch batch) {
  const bool gap_behind = batch.gap.has_value() && !batch.gap_first;
  LogSlice slice;
  slice.from = place_.epoch != 0 ? place_ : PlaceBefore(batch);
  slice.earliest = slice.from;
  slice.latest = window_.view().head;
  if (batch.gap.has_value() && batch.gap_first) {
    slice.gap = batch.gap;
    slice.from = slice.earliest = batch.gap->to;
  }
  slice.to = gap_behind ? batch.events.back()->cursor : batch.cursor.value_or(slice.from);
  slice.events = std::move(batch.events);
  moved_ = moved_ || slice.gap.has_value() || (place_.epoch != 0 && slice.to != place_) ||
           !slice.events.empty();
  place_ = slice.to;
  const Cursor latest = slice.latest;
  ready_.push_back(std::move(slice));
  if (gap_behind) {
    place_ = batch.gap->to;
    ready_.push_back({.from = place_,
                      .gap = batch.gap,
                      .events = {},
                      .to = place_,
                      .status = absl::OkStatus(),
                      .earliest = place_,
                      .latest = latest});
  }
}

void Replay::AnswerNext() {
  wanted_ = false;
  LogSlice slice = std::move(ready_.front());
  ready_.pop_front();
  answer_(std::move(slice));
}

void Replay::LeaveSlots() {
  if (slot_ != Slot::kNone) {
    slots_.Leave(*this, std::exchange(slot_, Slot::kNone) == Slot::kHeld);
  }
}

}  // namespace tocsin::bridge
