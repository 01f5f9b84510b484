#include "bridge/upstream/response.h"

#include <string>
#include <utility>

#include "core/base/status_macros.h"
#include "core/event/wire_scanner.h"
#include "tocsin/v1/hub.pb.h"

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

absl::StatusOr<Gap> ReadGap(std::string_view bytes) {
  v1::Gap gap;
  if (!gap.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return absl::DataLossError("the hub sent a gap that is damaged");
  }
  Gap read;
  read.reason = ReasonOf(gap.reason());
  // What is missing may begin at a place that has no cursor, such as a time.
  if (!gap.from().empty()) {
    ASSIGN_OR_RETURN(read.from, ParseCursor(gap.from()));
  }
  ASSIGN_OR_RETURN(read.to, ParseCursor(gap.to()));
  return read;
}

// `field` with its tag and length.
absl::Status ReadEvent(std::string_view field, RecordFacts facts, HubBatch& batch) {
  ASSIGN_OR_RETURN(EventPtr record, MakeStoredRecord(std::string(field), facts));
  if (record->cursor.epoch == 0 || record->cursor.sequence == 0) {
    return absl::DataLossError("the hub sent an event without epoch and sequence");
  }
  batch.events.push_back(std::move(record));
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<HubBatch> ReadResponse(std::string_view response, RecordFacts facts) {
  HubBatch batch;
  WireScanner scan(response);
  for (const char* begin = response.data(); scan.Next(); begin = scan.rest().data()) {
    if (!scan.is_bytes()) {
      batch.caught_up |= scan.number() == v1::SubscribeResponse::kCaughtUpFieldNumber;
      continue;
    }
    if (scan.number() == v1::SubscribeResponse::kEventsFieldNumber) {
      const auto size = static_cast<size_t>(scan.rest().data() - begin);
      RETURN_IF_ERROR(ReadEvent({begin, size}, facts, batch));
    } else if (scan.number() == v1::SubscribeResponse::kCursorFieldNumber) {
      ASSIGN_OR_RETURN(batch.cursor, ParseCursor(scan.bytes()));
    } else if (scan.number() == v1::SubscribeResponse::kGapFieldNumber) {
      ASSIGN_OR_RETURN(batch.gap, ReadGap(scan.bytes()));
    }
  }
  if (!scan.ok()) {
    return absl::DataLossError("the hub sent a response that is damaged");
  }
  if (!batch.cursor.has_value() && !batch.events.empty()) {
    batch.cursor = batch.events.back()->cursor;
  }
  batch.gap_first =
      batch.gap.has_value() &&
      (batch.events.empty() || batch.gap->to.sequence < batch.events.front()->cursor.sequence);
  return batch;
}

absl::StatusOr<grpc::Slice> SliceOf(const grpc::ByteBuffer& response) {
  grpc::Slice slice;
  if (!response.TrySingleSlice(&slice).ok() && !response.DumpToSingleSlice(&slice).ok()) {
    return absl::DataLossError("the hub sent a response that cannot be read");
  }
  return slice;
}

absl::StatusOr<HubBatch> ReadResponse(const grpc::ByteBuffer& response, RecordFacts facts) {
  ASSIGN_OR_RETURN(const grpc::Slice slice, SliceOf(response));
  return ReadResponse(ViewOf(slice), facts);
}

Cursor PlaceBefore(const HubBatch& batch) {
  if (batch.events.empty()) {
    return batch.cursor.value_or(Cursor{});
  }
  const Cursor first = batch.events.front()->cursor;
  return {first.epoch, first.sequence - 1};
}

}  // namespace tocsin::bridge
