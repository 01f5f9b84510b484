// epochs.h: the epochs of a log. Every start of the log begins one, and the log keeps where each
// ended.
//
// Shape:   sequences go on from epoch to epoch, and a cursor names epoch and sequence, so that no
//          cursor ever names two events. When a crash, a damaged disk or a restored copy takes
//          events away, clients saw them under an epoch that now ends earlier, or that this log
//          does not know. The hub gives out one name for a place: the cursor of the event before
//          it. (The place before an epoch's first event may also be named in that epoch.)
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
  Sequence first = 1;  // sequence of its first event, if it ever had one
};

class Epochs {
 public:
  // An epoch costs 16 bytes, so the bounds are generous. A hub that is started once a second, and
  // takes an event each time, reaches kMax in three days.
  static constexpr size_t kMax = 1 << 18;
  // The bound on epochs that never had an event. No cursor of theirs leads to an event, so few are
  // worth keeping.
  static constexpr size_t kMaxEmpty = 1'024;

  // Where an epoch stands in the log: its places are `before` to `last`.
  struct Life {
    Sequence before;
    Sequence last;
    bool present;  // it is the present one, which ends where the log ends
  };

  // No epoch yet: call Begin first.
  Epochs() = default;

  // Begins an epoch after the event `last`. Where that lies before the end of earlier epochs, what
  // they had after it is lost, and their cursors past it are past their ends. Epochs that ended before `earliest`, the oldest place
  // held, are forgotten: a cursor in one of them is then of an unknown epoch, which is a gap too.
  void Begin(Epoch epoch, Sequence earliest, Sequence last);

  bool empty() const { return starts_.empty(); }
  size_t size() const { return starts_.size(); }
  Epoch present() const { return starts_.back().epoch; }
  // Oldest first; the last one is the present epoch.
  const std::vector<EpochStart>& starts() const { return starts_; }
  // Returns the cursor that names the place after the event `sequence`.
  Cursor PlaceAfter(Sequence sequence) const;
  // Returns nothing for an unknown epoch. `last` is the sequence of the log's last event.
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
