// response.h: a hub's SubscribeResponse as the engine takes it, read off its bytes.
//
// Shape:   the events are not parsed: their bytes become records as they are.
// Threads: pure.
// Errors:  DATA_LOSS for bytes that are no response, or one that does not follow the contract.
#pragma once

#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/slice.h>

#include <optional>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "core/event/cursor.h"
#include "core/event/record.h"
#include "core/event/stored_record.h"

namespace tocsin::bridge {

struct HubBatch {
  std::optional<Gap> gap;
  bool gap_first = false;  // the gap lies before the events
  std::vector<EventPtr> events;
  std::optional<Cursor> cursor;
  bool caught_up = false;
};

// The bytes in one piece.
absl::StatusOr<grpc::Slice> SliceOf(const grpc::ByteBuffer& response);
inline std::string_view ViewOf(const grpc::Slice& slice) {
  return {reinterpret_cast<const char*>(slice.begin()), slice.size()};
}

absl::StatusOr<HubBatch> ReadResponse(std::string_view response, RecordFacts facts);
absl::StatusOr<HubBatch> ReadResponse(const grpc::ByteBuffer& response, RecordFacts facts);
// The place before the batch's first event; its cursor when it has none.
Cursor PlaceBefore(const HubBatch& batch);

}  // namespace tocsin::bridge
