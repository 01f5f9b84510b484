// response.h: a hub's SubscribeResponse as the engine takes it.
//
// Threads: pure.
// Errors:  DATA_LOSS for a response that does not follow the contract.
#pragma once

#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "bridge/event_json.h"
#include "core/event/cursor.h"
#include "core/event/record.h"
#include "tocsin/v1/hub.pb.h"

namespace tocsin::bridge {

struct HubBatch {
  std::optional<Gap> gap;
  bool gap_first = false;  // the gap lies before the events
  std::vector<EventPtr> events;
  std::optional<Cursor> cursor;
};

absl::StatusOr<HubBatch> ReadResponse(const v1::SubscribeResponse& response, RecordFacts facts);
// The place before the batch's first event; its cursor when it has none.
Cursor PlaceBefore(const HubBatch& batch);

}  // namespace tocsin::bridge
