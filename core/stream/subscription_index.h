// subscription_index.h: finds the live subscriptions whose filter matches an event.
//
// Shape:   equal filters share one entry. Candidates are found by the values of the event
//          (posting_lists.h), and the filter itself decides. Filters that tell leaves are also in a
//          second set of lists, which an event searches by the values of its incident before it. An
//          event that changed none of those costs nothing more, nor does any event where no filter
//          tells leaves. The cost grows with the candidates, not with the subscriptions
//          (bench/match).
// Threads: not thread-safe; owned by one shard.
// Owns:    its entries. Remove a member before it dies.
// Errors:  filters are valid by construction; misuse is a CHECK.
// Source:  docs/adr/0003-match-index.md
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "core/event/filter.h"
#include "core/stream/index_entry.h"
#include "core/stream/posting_lists.h"

namespace tocsin {

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

  // Calls `visit(IndexEntry&, Verdict)` once for each filter whose verdict is not kNone. `visit`
  // must not change the index.
  template <typename Visit>
  void Match(const EventFacts& facts, Visit&& visit) {
    Collect(facts);
    for (IndexEntry* entry : candidates_) {
      if (entry->filter->Matches(facts)) {
        visit(*entry, Verdict::kMatches);
      }
    }
    if (facts.before() == nullptr || leaving_ == nullptr) {
      return;
    }
    CollectLeaving(facts);
    for (IndexEntry* entry : candidates_) {
      if (entry->filter->Leaves(facts)) {
        visit(*entry, Verdict::kLeaves);
      }
    }
  }

  size_t filters() const { return entries_.size(); }
  // The bytes held for the members, filters included, and the bytes that Match keeps for the next
  // event. Both are summed by the call.
  size_t bytes() const;
  size_t match_bytes() const;

 private:
  void AddEntry(IndexEntry& entry);
  void RemoveEntry(IndexEntry& entry);
  // Both set candidates_.
  void Collect(const EventFacts& facts);
  void CollectLeaving(const EventFacts& facts);

  absl::flat_hash_map<std::string, std::unique_ptr<IndexEntry>> entries_;
  PostingLists lists_{PostingLists::Of::kEvents};
  std::unique_ptr<PostingLists> leaving_;  // nullptr until there is a filter that tells leaves
  size_t tell_leaves_ = 0;                 // entries in it
  std::vector<IndexEntry*> candidates_;
  uint64_t match_ = 0;
};

}  // namespace tocsin
