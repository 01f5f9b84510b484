// Why one field is enough: a filter is a conjunction of clauses, and a clause of its fields. So an
// event that has none of the values of some field of some clause cannot match. Posting under the
// field whose values the fewest events share keeps the lists that an event visits short.
#include "core/stream/posting_lists.h"

#include <algorithm>

#include "core/base/check.h"
#include "core/base/heap_bytes.h"

namespace tocsin {
namespace {

// The top bit stands for "any value, or none": every event has it, and so has every filter that
// does not restrict the field.
constexpr uint64_t kAny64 = uint64_t{1} << 63;
constexpr uint32_t kAny32 = uint32_t{1} << 31;

uint64_t Bit64(uint64_t hash) { return uint64_t{1} << ((hash >> 8) % 63); }
uint32_t Bit32(uint64_t hash) { return uint32_t{1} << ((hash >> 8) % 31); }
uint64_t LabelBit(uint64_t hash) { return uint64_t{1} << ((hash >> 8) & 63); }

using Terms = std::vector<Clause::Term>;

// The values of the clause that has the fewest in this field; nullptr where none restricts it.
const Terms* Fewest(const Filter& filter, TermField field) {
  const Terms* fewest = nullptr;
  for (const Clause& clause : filter.clauses()) {
    const Terms& terms = clause.terms(field);
    if (!terms.empty() && (fewest == nullptr || terms.size() < fewest->size())) {
      fewest = &terms;
    }
  }
  return fewest;
}

void Erase(auto& postings, const IndexEntry* entry) {
  const auto found = std::find_if(postings.begin(), postings.end(),
                                  [&](const auto& posting) { return posting.entry == entry; });
  TOCSIN_CHECK(found != postings.end());
  *found = postings.back();
  postings.pop_back();
  ShrinkWhenSparse(postings);
}

}  // namespace

struct PostingLists::EventBits {
  uint64_t resources = kAny64;
  uint64_t labels = 0;
  uint32_t sources = kAny32;
  uint32_t type = 0;
  uint32_t severity = 0;
  uint32_t state = 0;

  explicit EventBits(const Values& values)
      : type(static_cast<uint32_t>(values.type)),
        severity(static_cast<uint32_t>(values.severity)),
        state(static_cast<uint32_t>(values.state)) {
    for (const TermSet::Term& term : values.terms) {
      switch (term.field) {
        case TermField::kIncident:
          break;
        case TermField::kResource:
          resources |= Bit64(term.hash);
          break;
        case TermField::kSource:
          sources |= Bit32(term.hash);
          break;
        case TermField::kLabel:
          labels |= LabelBit(term.hash);
          break;
      }
    }
  }
};

PostingLists::Posting PostingLists::PostingOf(const Filter& filter, IndexEntry* entry) const {
  Posting posting{.resources = kAny64,
                  .labels = 0,
                  .sources = kAny32,
                  .types = static_cast<uint16_t>(TypesOf(filter)),
                  .severities = static_cast<uint8_t>(filter.masks().severities),
                  .states = static_cast<uint8_t>(filter.masks().states),
                  .entry = entry};
  // An event has many resources: the bits of one clause's are asked for, and the exact check looks
  // at the other clauses. It has one source, which must be among those of every clause.
  if (const Terms* resources = Fewest(filter, TermField::kResource)) {
    posting.resources = 0;
    for (const Clause::Term& term : *resources) {
      posting.resources |= Bit64(term.hash);
    }
  }
  uint32_t sources = ~0u;
  for (const Clause& clause : filter.clauses()) {
    uint32_t of_clause = clause.terms(TermField::kSource).empty() ? ~0u : 0;
    for (const Clause::Term& term : clause.terms(TermField::kSource)) {
      of_clause |= Bit32(term.hash);
    }
    sources &= of_clause;
    for (const Clause::Term& term : clause.terms(TermField::kLabel)) {
      posting.labels |= LabelBit(term.hash);
    }
  }
  posting.sources = sources == ~0u ? kAny32 : sources;
  return posting;
}

std::vector<PostingLists::Postings*> PostingLists::ListsFor(const Filter& filter,
                                                            PostedUnder& posted, bool adding) {
  for (TermField field : {TermField::kIncident, TermField::kResource, TermField::kSource}) {
    if (const Terms* terms = Fewest(filter, field)) {
      return TermLists(posted, field, *terms, adding);
    }
  }
  if (const std::optional<uint64_t> rarest =
          adding || posted.empty() ? RarestLabel(filter) : posted.front()) {
    return LabelList(posted, *rarest, adding);
  }
  std::vector<Postings*> lists;
  const auto by_mask = [&](auto& arrays, uint32_t mask) {
    for (size_t value = 0; value < arrays.size(); ++value) {
      if (mask >> value & 1) {
        lists.push_back(&arrays[value]);
      }
    }
    return lists;
  };
  const EnumMasks& masks = filter.masks();
  if (const uint32_t types = TypesOf(filter); types != EnumMasks::kAll) {
    return by_mask(by_type_, types);
  }
  if (masks.severities != EnumMasks::kAll) {
    return by_mask(by_severity_, masks.severities);
  }
  if (masks.states != EnumMasks::kAll) {
    return by_mask(by_state_, masks.states);
  }
  return {&always_};
}

// The lists are made first: a new one may move the others.
std::vector<PostingLists::Postings*> PostingLists::TermLists(PostedUnder& posted, TermField field,
                                                             const Terms& terms, bool adding) {
  for (const Clause::Term& term : terms) {
    NotePosted(posted, field, term.hash, adding);
    by_term_.try_emplace(term.hash);
  }
  std::vector<Postings*> lists;
  for (const Clause::Term& term : terms) {
    lists.push_back(&by_term_[term.hash]);
  }
  return lists;
}

void PostingLists::NotePosted(PostedUnder& posted, TermField field, uint64_t hash, bool adding) {
  terms_posted_[static_cast<size_t>(field)] += adding ? size_t{1} : ~size_t{0};
  if (adding) {
    posted.push_back(hash);
  }
}

std::vector<PostingLists::Postings*> PostingLists::LabelList(PostedUnder& posted, uint64_t hash,
                                                             bool adding) {
  NotePosted(posted, TermField::kLabel, hash, adding);
  return {&by_term_[hash]};
}

// As things are now; an entry stays where it was posted.
std::optional<uint64_t> PostingLists::RarestLabel(const Filter& filter) const {
  std::optional<uint64_t> rarest;
  size_t fewest = 0;
  for (const Clause& clause : filter.clauses()) {
    for (const Clause::Term& term : clause.terms(TermField::kLabel)) {
      const auto found = by_term_.find(term.hash);
      const size_t size = found == by_term_.end() ? 0 : found->second.size();
      if (!rarest.has_value() || size < fewest) {
        fewest = size;
        rarest = term.hash;
      }
    }
  }
  return rarest;
}

void PostingLists::Add(IndexEntry& entry, PostedUnder& posted) {
  const Posting posting = PostingOf(*entry.filter, &entry);
  for (Postings* list : ListsFor(*entry.filter, posted, /*adding=*/true)) {
    list->push_back(posting);
  }
}

void PostingLists::Remove(IndexEntry& entry, PostedUnder& posted) {
  for (Postings* list : ListsFor(*entry.filter, posted, /*adding=*/false)) {
    Erase(*list, &entry);
  }
  for (uint64_t hash : posted) {
    const auto found = by_term_.find(hash);
    if (found != by_term_.end() && found->second.empty()) {
      by_term_.erase(found);
    }
  }
  ShrinkTableWhenSparse(by_term_);
}

size_t PostingLists::bytes() const {
  size_t bytes = TableBytes(by_term_) + HeapBytes(always_);
  for (const auto& [hash, postings] : by_term_) {
    bytes += HeapBytes(postings);
  }
  const auto add = [&](const auto& lists) {
    for (const Postings& postings : lists) {
      bytes += HeapBytes(postings);
    }
  };
  add(by_type_);
  add(by_severity_);
  add(by_state_);
  return bytes;
}

void PostingLists::Collect(const Values& values, uint64_t match,
                           std::vector<IndexEntry*>& candidates) const {
  const EventBits bits(values);
  const auto collect = [&](const Postings& postings) {
    CollectFrom(postings, bits, match, candidates);
  };
  collect(always_);
  collect(by_type_[bits.type % by_type_.size()]);
  collect(by_severity_[bits.severity % by_severity_.size()]);
  collect(by_state_[bits.state % by_state_.size()]);
  for (const TermSet::Term& term : values.terms) {
    if (terms_posted_[static_cast<size_t>(term.field)] == 0) {
      continue;
    }
    const auto found = by_term_.find(term.hash);
    if (found != by_term_.end()) {
      collect(found->second);
    }
  }
}

void PostingLists::CollectFrom(const Postings& postings, const EventBits& bits, uint64_t match,
                               std::vector<IndexEntry*>& candidates) {
  for (const Posting& posting : postings) {
    const bool maybe =
        (posting.types >> bits.type & 1) != 0 && (posting.severities >> bits.severity & 1) != 0 &&
        (posting.states >> bits.state & 1) != 0 && (posting.sources & bits.sources) != 0 &&
        (posting.resources & bits.resources) != 0 && (posting.labels & ~bits.labels) == 0;
    // An event with two resources may meet a filter twice.
    if (maybe && posting.entry->seen_in != match) {
      posting.entry->seen_in = match;
      candidates.push_back(posting.entry);
    }
  }
}

}  // namespace tocsin
