#include "hub/log/timeline_row.h"

#include <utility>

#include "hub/log/incident_history.h"
#include "hub/log/incident_timeline.h"
#include "hub/log/log_codec.h"

namespace tocsin::hub {
namespace {

absl::Status Damaged() {
  return absl::DataLossError(
      "an incident's timeline cannot be read: it is not of the form written");
}

}  // namespace

StoredEntry EntryOf(const v1::Event& event) {
  return {event.sequence(), TimelineEntryBytes(TimelineOf(event))};
}

std::string EncodeTimelineRow(const TimelineRow& row) {
  std::string value;
  PutU64(value, row.total);
  for (const StoredEntry& entry : row.entries) {
    PutU64(value, entry.sequence);
    PutU64(value, entry.bytes.size());
    value += entry.bytes;
  }
  return value;
}

absl::StatusOr<TimelineRow> DecodeTimelineRow(std::string_view value) {
  TimelineRow row;
  if (!TakeU64(value, row.total)) {
    return Damaged();
  }
  while (!value.empty()) {
    StoredEntry entry;
    uint64_t size = 0;
    if (!TakeU64(value, entry.sequence) || !TakeU64(value, size) || size > value.size()) {
      return Damaged();
    }
    entry.bytes = value.substr(0, size);
    value.remove_prefix(size);
    row.entries.push_back(std::move(entry));
  }
  return row;
}

absl::StatusOr<uint64_t> DecodeTimelineTotal(std::string_view value) {
  uint64_t total = 0;
  return TakeU64(value, total) ? absl::StatusOr<uint64_t>(total) : Damaged();
}

}  // namespace tocsin::hub
