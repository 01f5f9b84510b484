#include "bridge/upstream/response.h"

#include "core/base/status_macros.h"

namespace tocsin::bridge {
namespace {

GapReason ReasonOf(v1::GapReason reason) {
  switch (reason) {
    case v1::GAP_REASON_EPOCH:
      return GapReason::kEpoch;
    case v1::GAP_REASON_DAMAGED:
      return GapReason::kDamaged;
    default:
      return GapReason::kExpired;
  }
}

absl::StatusOr<Gap> ReadGap(const v1::Gap& gap) {
  Gap read;
  read.reason = ReasonOf(gap.reason());
  // What is missing may begin at a place that has no cursor, such as a time.
  if (!gap.from().empty()) {
    ASSIGN_OR_RETURN(read.from, ParseCursor(gap.from()));
  }
  ASSIGN_OR_RETURN(read.to, ParseCursor(gap.to()));
  return read;
}

}  // namespace

absl::StatusOr<HubBatch> ReadResponse(const v1::SubscribeResponse& response, RecordFacts facts) {
  HubBatch batch;
  batch.events.reserve(static_cast<size_t>(response.events_size()));
  for (const v1::Event& event : response.events()) {
    ASSIGN_OR_RETURN(EventPtr record, MakeJsonRecord(event, facts));
    batch.events.push_back(std::move(record));
  }
  if (!response.cursor().empty()) {
    ASSIGN_OR_RETURN(batch.cursor, ParseCursor(response.cursor()));
  } else if (!batch.events.empty()) {
    batch.cursor = batch.events.back()->cursor;
  }
  if (response.has_gap()) {
    ASSIGN_OR_RETURN(batch.gap, ReadGap(response.gap()));
    batch.gap_first =
        batch.events.empty() || batch.gap->to.sequence < batch.events.front()->cursor.sequence;
  }
  return batch;
}

Cursor PlaceBefore(const HubBatch& batch) {
  if (batch.events.empty()) {
    return batch.cursor.value_or(Cursor{});
  }
  const Cursor first = batch.events.front()->cursor;
  return {first.epoch, first.sequence - 1};
}

}  // namespace tocsin::bridge
