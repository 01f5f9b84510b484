// asked.h: what a stream asked for, held against each kind of event of the log once.
//
// Shape:   a bit for each of the log's different facts. A stream with `priority` is judged as two
//          parts, one of the urgent events and one of the others, each in the log's order.
// Threads: immutable.
// Errors:  Make: INVALID_ARGUMENT that names the filter's field.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/history/final_log.h"
#include "core/history/plain_filter.h"

namespace tocsin::history {

class Asked {
 public:
  enum class Part { kAll, kOrdinary, kUrgent };

  static absl::StatusOr<std::shared_ptr<const Asked>> Make(const StreamRecord& record,
                                                           const FinalLog& log);

  bool Matches(const LogEntry& entry) const { return Lets(entry, filter_, matches_); }
  // Whether the entry's incident is in the set after it.
  bool Has(const LogEntry& entry) const {
    return entry.incident != FinalLog::kNoIncident && Lets(entry, set_, has_);
  }
  bool filters() const { return !filter_.everything(); }

  std::string name;
  std::optional<Cursor> start;
  bool leaves = false;
  bool latest_only = false;
  bool priority = false;

 private:
  explicit Asked(const FinalLog& log) : log_(log) {}
  bool Lets(const LogEntry& entry, const PlainFilter& filter, const std::vector<bool>& bits) const {
    const bool has_incident = entry.incident != FinalLog::kNoIncident;
    return bits[entry.facts] &&
           filter.MatchesIncident(has_incident ? &log_.incidents()[entry.incident] : nullptr);
  }

  const FinalLog& log_;
  PlainFilter filter_;
  PlainFilter set_;
  std::vector<bool> matches_;  // by LogEntry::facts
  std::vector<bool> has_;
};

}  // namespace tocsin::history
