// timeline_row.h: entries of an incident's timeline as the log keeps them, once retention takes
// their events.
//
// Shape:   a row has the entries of some of the incident's events, the oldest first, each with the
//          sequence of its event; how many entries the rows have had up to its end comes before
//          them.
// Threads: pure.
// Errors:  DATA_LOSS for bytes that are not of that form.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "core/event/cursor.h"
#include "tocsin/v1/event.pb.h"

namespace tocsin::hub {

// Its bytes are an encoded v1::TimelineEntry.
struct StoredEntry {
  Sequence sequence = 0;
  std::string bytes;
};

// The entry of an event that has an incident.
StoredEntry EntryOf(const v1::Event& event);

struct TimelineRow {
  uint64_t total = 0;
  std::vector<StoredEntry> entries;
};

std::string EncodeTimelineRow(const TimelineRow& row);
absl::StatusOr<TimelineRow> DecodeTimelineRow(std::string_view value);
// TimelineRow::total alone.
absl::StatusOr<uint64_t> DecodeTimelineTotal(std::string_view value);

}  // namespace tocsin::hub
