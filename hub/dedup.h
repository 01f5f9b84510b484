// dedup.h: the ids published lately, so that a publisher may send again what it got no answer to.
//
// Shape:   10 minutes or 1,000,000 ids, whichever is reached first; about 100 bytes an id.
// Threads: not thread-safe; the sequencer's.
// Errors:  an id that is no UUID is a bug of the caller: ids are checked before they get here.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "core/event/limits.h"
#include "hub/log/log.h"
#include "hub/log/packed_uuid.h"

namespace tocsin::hub {

struct DedupBounds {
  absl::Duration age = limits::kDedupWindow;
  size_t ids = limits::kDedupIds;
};

class DedupWindow {
 public:
  struct Seen {
    uint64_t content = 0;
    Sequence sequence = 0;
    absl::Time time;
    PackedUuid incident{};
  };

  explicit DedupWindow(DedupBounds bounds = {}) : bounds_(bounds) {}

  // Takes in the entries that the log holds, oldest first, when the hub starts.
  void Load(const std::vector<DedupEntry>& entries);
  // Returns nullptr when the id was not seen. The pointer is valid until the next change.
  const Seen* Find(std::string_view id) const;
  void Add(const DedupEntry& entry);
  // Removes the ids that are older than the bounds allow, or too many.
  void Expire(absl::Time now);
  size_t size() const { return seen_.size(); }

 private:
  const DedupBounds bounds_;
  absl::flat_hash_map<PackedUuid, Seen> seen_;
  std::deque<PackedUuid> order_;  // oldest first
};

}  // namespace tocsin::hub
