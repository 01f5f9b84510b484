// log_marks.h: milestones along the log, so that its size, its trimming and PlaceAt need no scan.
//
// Shape:   a mark every 64 events or 64 KiB: how many bytes were appended up to and including its
//          event since the log began, and when that event was accepted. 24 bytes of memory for
//          every 64 events held.
// Threads: not thread-safe; the log's mutex guards it.
// Errors:  a mark that cannot be decoded is DATA_LOSS.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "core/event/cursor.h"
#include "core/event/limits.h"

namespace tocsin::hub {

struct LogMark {
  Sequence sequence = 0;
  uint64_t bytes = 0;  // of all events up to and including this one, since the log began
  absl::Time time = absl::InfinitePast();
};

inline constexpr uint64_t kMarkEvents = 64;
inline constexpr uint64_t kMarkBytes = 64 * limits::kKiB;

// Of the value; the key is the sequence's.
std::string EncodeMark(const LogMark& mark);
absl::StatusOr<LogMark> DecodeMark(Sequence sequence, std::string_view value);

class LogMarks {
 public:
  // True when an event at `sequence`, after which `bytes` were appended in all, should become a
  // mark.
  static bool IsDue(const LogMark& previous, Sequence sequence, uint64_t bytes) {
    return sequence - previous.sequence >= kMarkEvents || bytes - previous.bytes >= kMarkBytes;
  }

  // Where counting starts: the place before the first event held.
  void SetBase(const LogMark& base);
  void Add(const LogMark& mark) { marks_.push_back(mark); }

  // The newest mark, or the base.
  const LogMark& last() const { return marks_.empty() ? base_ : marks_.back(); }
  const LogMark& base() const { return base_; }
  // The newest mark (or the base) at or before `sequence`.
  LogMark AtOrBefore(Sequence sequence) const;
  // The newest mark (or the base) whose event was accepted before `time`.
  LogMark BeforeTime(absl::Time time) const;
  // The newest mark (or the base) up to which fewer than `bytes` were appended.
  LogMark BelowBytes(uint64_t bytes) const;
  // The sequences of the marks up to and including `sequence`.
  std::vector<Sequence> UpTo(Sequence sequence) const;

 private:
  LogMark base_;
  std::deque<LogMark> marks_;
};

}  // namespace tocsin::hub
