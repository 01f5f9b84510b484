// subscription_index.h: finds the live subscriptions whose filter matches an event.
//
// Shape:   equal filters share one entry. An entry is posted under the values of the most selective
//          field that any of its clauses has (incident, resource, source, the rarest of its labels,
//          type, severity, state), or else in a list that every event visits. An event visits the
//          lists of its own values. A posting's bit masks rule out most candidates before the exact
//          check. The cost grows with the candidates, not with the subscriptions (bench/match).
// Threads: not thread-safe; owned by one shard.
// Owns:    its entries. Remove a member before it dies.
// Errors:  filters are valid by construction; misuse is a CHECK.
// Source:  docs/adr/0003-match-index.md
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "core/event/filter.h"

namespace tocsin {

struct EventRun;
struct IndexEntry;

// What can be in the index. It is in it while `entry` is set.
struct IndexMember {
  IndexEntry* entry = nullptr;
  uint32_t slot = 0;
};

struct IndexEntry {
  FilterPtr filter;
  std::vector<IndexMember*> members;
  std::vector<uint64_t> posted_under;  // the hashes, when it is posted by term
  uint64_t seen_in = 0;                // the last match that visited it
  uint64_t run_of = 0;                 // the pass that `run` belongs to
  EventRun* run = nullptr;             // what the filter has matched in that pass
};

class SubscriptionIndex {
 public:
  SubscriptionIndex();
  ~SubscriptionIndex();
  SubscriptionIndex(const SubscriptionIndex&) = delete;
  SubscriptionIndex& operator=(const SubscriptionIndex&) = delete;

  // The filter of the member's entry may be another object than the one given, with the same
  // meaning.
  void Add(IndexMember& member, const FilterPtr& filter);
  void Remove(IndexMember& member);

  // Calls `visit(IndexEntry&)` once for each matching filter. `visit` must not change the index.
  template <typename Visit>
  void Match(const EventFacts& facts, Visit&& visit) {
    candidates_.clear();
    Collect(facts);
    for (IndexEntry* entry : candidates_) {
      if (entry->filter->Matches(facts)) {
        visit(*entry);
      }
    }
  }

  size_t filters() const { return entries_.size(); }
  // The bytes held for the members, filters included, and the bytes that Match keeps for the next
  // event. Both are summed by the call.
  size_t bytes() const;
  size_t match_bytes() const;

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

  static Posting PostingOf(const Filter& filter, IndexEntry* entry);
  // The lists that the filter belongs in; fills entry.posted_under where they are terms.
  std::vector<Postings*> ListsFor(IndexEntry& entry, bool adding);
  std::vector<Postings*> TermLists(IndexEntry& entry, TermField field,
                                   const std::vector<Clause::Term>& terms, bool adding);
  std::vector<Postings*> LabelList(IndexEntry& entry, uint64_t hash, bool adding);
  void NotePosted(IndexEntry& entry, TermField field, uint64_t hash, bool adding);
  std::optional<uint64_t> RarestLabel(const Filter& filter) const;
  void AddEntry(IndexEntry& entry);
  void RemoveEntry(IndexEntry& entry);
  void Collect(const EventFacts& facts);
  void CollectFrom(const Postings& postings, const EventBits& bits);

  absl::flat_hash_map<std::string, std::unique_ptr<IndexEntry>> entries_;
  absl::flat_hash_map<uint64_t, Postings> by_term_;
  // By TermField: how many postings there are. A field with none is not looked up.
  std::array<size_t, 4> terms_posted_{};
  std::array<Postings, 16> by_type_;
  std::array<Postings, 8> by_severity_;
  std::array<Postings, 8> by_state_;
  Postings always_;
  std::vector<IndexEntry*> candidates_;
  uint64_t match_ = 0;
};

}  // namespace tocsin
