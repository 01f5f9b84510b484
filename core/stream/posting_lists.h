// posting_lists.h: finds the filters that may match, by the values of an event or of an incident.
//
// Shape:   an entry is posted under the values of the most selective field that any clause of its
//          filter has (incident, resource, source, the rarest of its labels, type, severity,
//          state), or else in a list that is always visited. A search visits the lists of the given
//          values. A posting's bit masks rule out most candidates before the caller's exact check.
// Threads: not thread-safe; owned by one index.
// Owns:    the lists; not the entries.
// Source:  docs/adr/0003-match-index.md
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "core/event/filter.h"
#include "core/stream/index_entry.h"

namespace tocsin {

class PostingLists {
 public:
  // What the filters are asked about. For the sets of incidents that they describe, their
  // event_types have no meaning.
  enum class Of : uint8_t { kEvents, kIncidents };

  struct Values {
    v1::EventType type;
    v1::Severity severity;
    v1::IncidentState state;
    const TermSet& terms;
  };

  explicit PostingLists(Of of) : of_(of) {}

  // `posted` is the entry's memory of where it stands in these lists.
  void Add(IndexEntry& entry, PostedUnder& posted);
  void Remove(IndexEntry& entry, PostedUnder& posted);
  // Appends each entry that may match, once. `match` is a number that no search has had before.
  void Collect(const Values& values, uint64_t match, std::vector<IndexEntry*>& candidates) const;

  // What the lists hold.
  size_t bytes() const;

 private:
  // A filter reduced to what a few instructions can check; 32 bytes.
  struct Posting {
    uint64_t resources;  // any bit in common with the event's
    uint64_t labels;     // all bits among the event's
    uint32_t sources;    // as resources
    uint16_t types;
    uint8_t severities;
    uint8_t states;
    IndexEntry* entry;
  };
  using Postings = std::vector<Posting>;
  struct EventBits;

  uint32_t TypesOf(const Filter& filter) const {
    return of_ == Of::kEvents ? filter.masks().types : EnumMasks::kAll;
  }
  Posting PostingOf(const Filter& filter, IndexEntry* entry) const;
  // The lists that the filter belongs in; where they are terms, `posted` gets their hashes.
  std::vector<Postings*> ListsFor(const Filter& filter, PostedUnder& posted, bool adding);
  std::vector<Postings*> TermLists(PostedUnder& posted, TermField field,
                                   const std::vector<Clause::Term>& terms, bool adding);
  std::vector<Postings*> LabelList(PostedUnder& posted, uint64_t hash, bool adding);
  void NotePosted(PostedUnder& posted, TermField field, uint64_t hash, bool adding);
  std::optional<uint64_t> RarestLabel(const Filter& filter) const;
  static void CollectFrom(const Postings& postings, const EventBits& bits, uint64_t match,
                          std::vector<IndexEntry*>& candidates);

  const Of of_;
  absl::flat_hash_map<uint64_t, Postings> by_term_;
  // By TermField: how many postings there are. A field with none is not looked up.
  std::array<size_t, 4> terms_posted_{};
  std::array<Postings, 16> by_type_;
  std::array<Postings, 8> by_severity_;
  std::array<Postings, 8> by_state_;
  Postings always_;
};

}  // namespace tocsin
