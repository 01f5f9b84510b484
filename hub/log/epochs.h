// epochs.h: the lives of a log: every start of it begins one, and where each ended is kept.
//
// Shape:   sequences go on from life to life, and a cursor names both, so that no cursor names two
//          events: what a crash, a damaged disk or a copy that was put back took away was seen
//          under an epoch that ended earlier, or under one that this log has never heard of.
//          A place has one name that is given out: the cursor of the event it follows. (The place
//          before an epoch's first event may also be named in that epoch, and resolves the same.)
// Threads: immutable but for Begin, which comes before all else.
// Errors:  DATA_LOSS for a record that cannot be read.
// Source:  docs/adr/0009-cursors-and-epochs.md
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "core/event/cursor.h"

namespace tocsin::hub {

struct EpochStart {
  Epoch epoch = 0;
  Sequence first = 1;  // of its first event, if it ever had one
};

class Epochs {
 public:
  // A life whose events are all gone costs 16 bytes, so the bounds are generous. A hub that is
  // started once a second, and takes an event each time, reaches kMax in three days.
  static constexpr size_t kMax = 1 << 18;
  // Of those that never had an event: no cursor of theirs leads to one, so few are worth keeping.
  static constexpr size_t kMaxEmpty = 1'024;

  // Where a life was: its places are `before` to `last`.
  struct Life {
    Sequence before;
    Sequence last;
    bool present;  // its last is the log's own
  };

  // None yet: Begin comes first.
  Epochs() = default;

  // Begins a life after `last`. The lives that ended before `earliest`, the oldest place held, are
  // forgotten: a cursor of theirs reads as of an unknown epoch, and is told as a gap as well.
  void Begin(Epoch epoch, Sequence earliest, Sequence last);

  bool empty() const { return starts_.empty(); }
  size_t size() const { return starts_.size(); }
  Epoch present() const { return starts_.back().epoch; }
  // Oldest first; the last one is the present epoch.
  const std::vector<EpochStart>& starts() const { return starts_; }
  // The name of the place after the event `sequence`.
  Cursor PlaceAfter(Sequence sequence) const;
  // Nothing for an epoch that is not known. `last`: of the log.
  std::optional<Life> Find(Epoch epoch, Sequence last) const;

  std::string Encode() const;
  static absl::StatusOr<Epochs> Decode(std::string_view value);

 private:
  explicit Epochs(std::vector<EpochStart> starts);
  void Forget(Sequence earliest);

  std::vector<EpochStart> starts_;  // `first` never falls
  absl::flat_hash_map<Epoch, size_t> index_;
};

// Random, 48 bits, not zero.
Epoch NewEpoch();

}  // namespace tocsin::hub
