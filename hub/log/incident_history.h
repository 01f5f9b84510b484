// incident_history.h: what grows of an incident, its timeline and notes, as rows that are appended.
//
// Shape:   rows of each kind are numbered on from 0; the newest kHistoryRows of them are kept, and
//          the oldest goes when one comes. A row that is too long is cut, and says so: its event
//          has it whole.
// Threads: pure.
// Bounds:  of one incident 100 rows of each kind, 16 KiB a row: at most some 3 MiB, so that a query
//          can answer them in one message.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/event/limits.h"
#include "tocsin/v1/incident.pb.h"

namespace tocsin::hub {

enum class HistoryKind : uint8_t { kTimeline, kNote };

inline constexpr uint32_t kHistoryRows = 100;
inline constexpr size_t kHistoryRowBytes = 16 * limits::kKiB;

// The rows that are kept of one kind.
struct HistoryRange {
  uint32_t first = 0;
  uint32_t next = 0;

  friend bool operator==(const HistoryRange&, const HistoryRange&) = default;
};

struct HistoryRanges {
  std::array<HistoryRange, 2> of_kind;

  HistoryRange& operator[](HistoryKind kind) { return of_kind[static_cast<size_t>(kind)]; }
  const HistoryRange& operator[](HistoryKind kind) const {
    return of_kind[static_cast<size_t>(kind)];
  }
  friend bool operator==(const HistoryRanges&, const HistoryRanges&) = default;
};

// A change: the row's bytes, or that it goes (no bytes).
struct HistoryRow {
  std::string incident;  // its id
  HistoryKind kind = HistoryKind::kNote;
  uint32_t number = 0;
  std::string bytes;
};

// What one event does to its incident's history.
struct HistoryChange {
  HistoryRanges ranges;  // after it
  std::vector<HistoryRow> rows;
};

// Takes the timeline and notes that `given` has out of it; where it has any of a kind, they take
// the place of what was known. `note`, if not null, comes after them.
HistoryChange TakeHistory(v1::Incident& given, const HistoryRanges& known,
                          std::string_view incident, const v1::Note* note);

// Adds an entry to the timeline after what the change has.
void AddToTimeline(v1::TimelineEntry entry, std::string_view incident, HistoryChange& change);

// Adds a row as it was kept to an incident. False when it cannot be read.
bool AddHistoryRow(HistoryKind kind, std::string_view bytes, v1::Incident& incident);

}  // namespace tocsin::hub
