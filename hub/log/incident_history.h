// incident_history.h: what grows of an incident, its timeline and notes, and what of it is written
// as rows when an event is committed.
//
// Shape:   a timeline is what a publisher gave (one row, if any did), then an entry for each event
//          since. Those are told by the events, and written only when retention takes the events
//          (timeline_row.h, timeline_reading.h). Notes are rows that are numbered on from 0. The
//          newest kHistoryRows of each are kept. An entry that is too long is cut, and says so: its
//          event has it whole.
// Threads: pure.
// Bounds:  of one incident 100 entries of each kind, 16 KiB an entry: at most some 3 MiB, so that a
//          query can answer them in one message.
// Source:  docs/adr/0023-timeline-from-events.md
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "core/event/cursor.h"
#include "core/event/limits.h"
#include "tocsin/v1/event.pb.h"
#include "tocsin/v1/incident.pb.h"

namespace tocsin::hub {

// As they stand in keys.
enum class HistoryKind : uint8_t {
  kTimeline = 0,       // entries of events that are not held any more; numbered by their sequences
  kNote = 1,           // numbered on from 0
  kGivenTimeline = 2,  // one row, number 0
};

inline constexpr uint32_t kHistoryRows = 100;
inline constexpr size_t kHistoryRowBytes = 16 * limits::kKiB;

// Rows that are numbered on.
struct HistoryRange {
  uint32_t first = 0;
  uint32_t next = 0;

  friend bool operator==(const HistoryRange&, const HistoryRange&) = default;
};

// What an incident's record says of its history.
struct HistoryExtent {
  // Events from this one on have their entries in the timeline: the incident's first, or the last
  // one that gave a timeline.
  Sequence timeline_since = 0;
  HistoryRange notes;

  friend bool operator==(const HistoryExtent&, const HistoryExtent&) = default;
};

// A change: the row's bytes, or that it goes (no bytes).
struct HistoryRow {
  std::string incident;  // its id
  HistoryKind kind = HistoryKind::kNote;
  uint64_t number = 0;
  std::string bytes;
};

// What one event does to its incident's history.
struct HistoryChange {
  HistoryExtent extent;  // after it
  std::vector<HistoryRow> rows;
};

// Takes the timeline and notes that `given` has out of it; where it has any of a kind, they take
// the place of what was known. `known` is null for a new incident. `note`, if not null, comes after
// them.
HistoryChange TakeHistory(v1::Incident& given, const HistoryExtent* known,
                          std::string_view incident, Sequence sequence, const v1::Note* note);

// The note that a comment, accepted at that time, becomes.
v1::Note NoteOf(const v1::Event& comment, absl::Time time);

// Encoded, and cut where it is too long.
std::string TimelineEntryBytes(v1::TimelineEntry entry);

// Adds a row of notes, or of a timeline that was given, to an incident. False when it cannot be
// read.
bool AddHistoryRow(HistoryKind kind, std::string_view bytes, v1::Incident& incident);

}  // namespace tocsin::hub
