// final_log.h: what the log holds in the end: the last full read of a history, which all else is
// compared with.
//
// Shape:   Add the last read's events in the order in which they came, then Close. The entries are
//          then in the order of their sequences; an id is found by Find. What a filter may ask about
//          an event is kept once for all events of which it is the same.
// Threads: not thread-safe.
// Owns:    some 120 bytes an event, and each different `facts` once.
// Errors:  what breaks Ordered or Unique within the read goes to the verdict in Close.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "core/history/record.h"
#include "core/history/verdict.h"

namespace tocsin::history {

struct LogEntry {
  UuidKey id;
  Cursor cursor;
  Content content = 0;
  int64_t invoked_us = 0;   // of the first call that had it; 0: not told
  int64_t answered_us = 0;  // of the first answer; 0: none, or not told
  uint32_t facts = 0;
  uint32_t incident = 0;  // kNoIncident, or an index below incidents()
  uint32_t call = 0;      // kNoCall, or a number for each call
  bool urgent = false;
  bool others = false;
  bool extra = false;  // an id or a place again: the log should not hold it, and nobody is owed it
};

class FinalLog {
 public:
  static constexpr uint32_t kNoIncident = ~uint32_t{0};
  static constexpr uint32_t kNoCall = 0;

  void Clear();
  void Add(const ReadRecord& record);
  void Close(Verdict& verdict);

  std::vector<LogEntry>& entries() { return entries_; }
  const std::vector<LogEntry>& entries() const { return entries_; }
  // nullptr when the log does not hold it.
  LogEntry* Find(const UuidKey& id);
  const LogEntry* Find(const UuidKey& id) const;
  // The event of that sequence; nullptr when there is none.
  const LogEntry* At(Sequence sequence) const;
  // The last sequence that a cursor stands for: its own, or the last of its epoch where the log has
  // lost what came after that.
  Sequence Reach(const Cursor& cursor) const;
  // The index of the first entry after that sequence.
  size_t After(Sequence sequence) const;
  size_t IndexOf(const LogEntry& entry) const {
    return static_cast<size_t>(&entry - entries_.data());
  }

  // The different facts, as JSON.
  const std::vector<std::string>& facts() const { return facts_; }
  const std::vector<UuidKey>& incidents() const { return incidents_; }

 private:
  uint32_t FactsOf(const std::string& facts);
  uint32_t IncidentOf(const UuidKey& incident);

  std::vector<LogEntry> entries_;
  absl::flat_hash_map<UuidKey, uint32_t> by_id_;
  absl::flat_hash_map<Epoch, Sequence> last_of_;
  std::vector<std::string> facts_;
  absl::flat_hash_map<std::string, uint32_t> by_facts_;
  std::vector<UuidKey> incidents_;
  absl::flat_hash_map<UuidKey, uint32_t> by_incident_;
};

// "0198… at 1-c"
std::string TextOf(const UuidKey& id, const Cursor& cursor);
std::string TextOf(const LogEntry& entry);

}  // namespace tocsin::history
