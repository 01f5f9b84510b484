// incident_index.h: finds the incidents that match a filter, in an order, a page at a time.
//
// Shape:   every incident has a place (a slot) and a row of numbers there; each value of a filtered
//          field has the set of the places that have it. A query unites and intersects sets, counts
//          what is left, and chooses the page from it by the one column that it is sorted by: block
//          after block of places, the one with the first time first, until none can have one of the
//          page any more. So any filter costs at most a few ms at 1,000,000 incidents, an incident
//          that changes costs a look at its row, and no order is kept up (bench/incidents).
// Threads: not thread-safe.
// Owns:    some 130 bytes an incident with 8 values that others have too, and 95 more for each
//          value that no other has.
// Source:  docs/adr/0020-incident-index.md
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "core/event/cursor.h"
#include "core/event/filter.h"
#include "hub/query/incident_order.h"
#include "hub/query/incident_row.h"
#include "hub/query/slot_set.h"
#include "hub/query/time_column.h"

namespace tocsin::hub {

class PageChoice;

struct IncidentQuery {
  FilterPtr filter;
  IncidentOrdering ordering;
  size_t skip = 0;
  size_t limit = 0;
  // Only what comes after it in the order, and has had no event after `as_of`.
  std::optional<IncidentOrderKey> after;
  Sequence as_of = 0;
};

struct IncidentSelection {
  struct Entry {
    IncidentOrderKey key;
    Sequence last_sequence = 0;
  };
  std::vector<Entry> entries;  // in order
  bool more = false;           // others come after them
  size_t total = 0;            // that match the filter
};

class IncidentIndex {
 public:
  IncidentIndex();
  ~IncidentIndex();
  IncidentIndex(const IncidentIndex&) = delete;
  IncidentIndex& operator=(const IncidentIndex&) = delete;

  bool Has(const PackedUuid& id) const { return slot_of_.contains(id); }
  // Adds an incident, or changes it.
  void Put(const IncidentRow& row);
  // Brings near the processor what a Put of the row will look up: of many incidents, nearly none
  // of it is there. To be called some rows before.
  void Prefetch(const IncidentRow& row) const;
  // One that is not here is passed over.
  void Forget(const PackedUuid& id);

  IncidentSelection Select(const IncidentQuery& query) const;

  size_t size() const { return slot_of_.size(); }
  // Neither resolved nor closed.
  size_t active() const { return active_; }
  // An estimate of what it holds.
  size_t bytes() const;

 private:
  struct Chunk;
  struct Term {
    uint64_t hash = 0;
    SlotSet slots;
  };
  using TermId = uint32_t;
  // A set of places, looked up by id.
  struct SlotHash {
    using is_transparent = void;
    const IncidentIndex* index;
    size_t operator()(const PackedUuid& id) const;
    size_t operator()(Slot slot) const;
  };
  struct SlotEq {
    using is_transparent = void;
    const IncidentIndex* index;
    bool operator()(Slot a, Slot b) const { return a == b; }
    bool operator()(Slot slot, const PackedUuid& id) const;
    bool operator()(const PackedUuid& id, Slot slot) const { return operator()(slot, id); }
  };

  Slot NewSlot(const PackedUuid& id);
  void SetSeverity(Slot slot, v1::Severity severity);
  void SetState(Slot slot, v1::IncidentState state);
  void SetTerms(Slot slot, std::span<const uint64_t> hashes);
  void DropTerms(Slot slot);
  template <class Change>
  void ChangeSet(Term& term, Change change);
  TermId TermOf(uint64_t hash);

  SlotBits Matching(const Filter& filter) const;
  void Narrow(const Clause& clause, SlotBits& matching) const;
  void UniteTerm(uint64_t hash, SlotBits& bits) const;
  // Both append the first `count` of their places that the page may have.
  void ChooseBySeverity(const SlotBits& matching, const IncidentQuery& query, size_t count,
                        std::vector<IncidentSelection::Entry>& chosen) const;
  void ChooseByTime(const SlotBits& among, const IncidentQuery& query, int64_t most, size_t count,
                    std::vector<IncidentSelection::Entry>& chosen) const;
  void Offer(Slot slot, const IncidentQuery& query, PageChoice& choice) const;
  IncidentOrderKey KeyOf(Slot slot, v1::IncidentOrder by) const;

  std::vector<std::unique_ptr<Chunk>> chunks_;
  size_t slots_ = 0;  // places, with those that are free
  std::vector<Slot> free_;
  TimeColumn created_;
  TimeColumn updated_;
  SlotBits all_;
  std::array<SlotBits, v1::Severity_ARRAYSIZE> of_severity_;
  std::array<SlotBits, v1::IncidentState_ARRAYSIZE> of_state_;
  size_t active_ = 0;

  std::deque<Term> terms_;
  std::vector<TermId> free_terms_;
  absl::flat_hash_set<Slot, SlotHash, SlotEq> slot_of_;
  absl::flat_hash_map<uint64_t, TermId> term_of_;  // by hash
  // Of the rows' lists of terms, and of the terms' sets.
  size_t term_bytes_ = 0;
};

}  // namespace tocsin::hub
