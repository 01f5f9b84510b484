// subscribe_encoder.h: encodes a subscriber's items as SubscribeResponse messages.
//
// Shape:   concatenated messages merge, and an event's record holds its bytes as field 1 of the
//          response: so a response is the events' bytes, copied into one slice, and a few fields
//          after them. One response as a rule. Where a gap, the end of a catch-up or a leave stands
//          between events, one up to there and one for what follows. An event whose subscriber is to
//          resume elsewhere than after it (Item::place) gets that place as its cursor.
//          A part of a snapshot comes with its incidents encoded, and is a response of its own.
// Threads: pure.
#pragma once

#include <grpcpp/support/byte_buffer.h>

#include <optional>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "core/event/error.h"
#include "core/event/filter.h"
#include "core/stream/sink.h"
#include "hub/snapshot_reader.h"

namespace tocsin::hub {

// How a kLeft item is told.
enum class LeavesAs : uint8_t {
  kLeft,   // SubscribeResponse.leaves
  kEvent,  // the event by which it left, whole (SubscribeRequest.leaving_events)
};

struct EncodedItems {
  std::vector<grpc::ByteBuffer> responses;  // to be written in order
  std::optional<absl::Status> end;          // then the stream ends with this
};

// `permission` is what the subscriber may see; null: everything. Of an incident that it does not let
// pass after the event, a leave tells the id alone.
EncodedItems EncodeItems(std::span<const Item> items, LeavesAs leaves = LeavesAs::kLeft,
                         const Filter* permission = nullptr);
grpc::ByteBuffer EncodeSnapshotPart(const SnapshotPart& part);
// The last response of a stream that the hub ends.
grpc::ByteBuffer EncodeClosing(ErrorCode reason, absl::Duration reconnect_after);

}  // namespace tocsin::hub
