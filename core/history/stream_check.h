// stream_check.h: judges one stream, or one part of a stream with `priority`, against the log.
//
// Shape:   give it the steps in the order in which they came. It walks the log beside them: what
//          the stream passes over and is owed is missing from then on. What a fault is called is
//          known only later: a missing event that comes after all was out of order (Ordered), or
//          overtaken by a bookmark (Bookmarkable); one that never comes was lost (Reliable), or
//          skipped by a resume (Resumable). One fault is one finding.
// Threads: not thread-safe. The log and the verdict outlive it.
// Owns:    a bit for each event of the log and each incident; up to kMostMissing missing events.
// Errors:  to the verdict.
// Source:  docs/guarantees.md
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "core/history/asked.h"
#include "core/history/final_log.h"
#include "core/history/verdict.h"

namespace tocsin::history {

class StreamCheck {
 public:
  // Past so many at a time a missing event counts as lost without waiting for it.
  static constexpr size_t kMostMissing = 100'000;

  StreamCheck(std::shared_ptr<const Asked> asked, Asked::Part part, const FinalLog& log,
              Verdict& verdict);

  // The log holds the event as `entry`.
  void Event(const LogEntry& entry, uint64_t connection);
  void Left(const UuidKey& incident, const Cursor& cursor);
  void Bookmark(const Cursor& cursor);
  void Gap(const Cursor& from, const Cursor& to);
  void Resume(const Cursor& cursor);
  void Snapshot(const Cursor& cursor, const std::vector<UuidKey>& incidents);
  // After the last step: what is still missing will not come.
  void End();

  bool IsOf(const LogEntry& entry) const {
    return part_ == Asked::Part::kAll || entry.urgent == (part_ == Asked::Part::kUrgent);
  }

 private:
  // What the stream had got instead when it passed over an event.
  enum class PassedBy : uint8_t { kEvent, kResume, kBookmark };
  struct Missing {
    PassedBy by;
    Sequence told;  // the place of what it had instead
  };

  // Where the walk is not yet: the log up to and including `last` has been passed.
  void PassUpTo(Sequence last, PassedBy by, Sequence told);
  void PassOver(size_t index, PassedBy by, Sequence told);
  // Moves past the entries up to `last`, of which the stream is owed nothing.
  void Skip(Sequence last);
  void Repeated(const LogEntry& entry);
  void Late(const LogEntry& entry);
  void Delivered(const LogEntry& entry);
  bool Owes(const LogEntry& entry) const;
  bool LeavesBy(const LogEntry& entry) const;
  void FollowSet(const LogEntry& entry);
  void MissLatest(size_t index, Missing missing);
  void Lose(size_t index, const Missing& missing);
  void Report(Guarantee guarantee, std::string what, std::vector<std::string> offending);
  std::string Seen(const LogEntry& entry) const;

  const std::shared_ptr<const Asked> asked_;
  const Asked::Part part_;
  const FinalLog& log_;
  Verdict& verdict_;

  size_t next_ = 0;          // the first entry of the log that has not been passed
  Sequence reached_ = 0;     // everything up to here has been told
  Sequence resumed_ = 0;     // where the last resume began
  bool fresh_ = false;       // no event has come since that
  uint64_t connection_ = 0;  // of the last event
  std::vector<bool> delivered_;
  std::vector<bool> in_set_;  // by incident; only of one that is told of leaves
  std::map<size_t, Missing> missing_;
  // With latest_only: the newest missing one of each incident. A newer event of it stands for it.
  absl::flat_hash_map<uint32_t, size_t> missing_of_;
};

}  // namespace tocsin::history
