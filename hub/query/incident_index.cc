// A term is a value of source, resources or labels, known by its hash. Rows name their terms by
// number, so that a change takes the row out of exactly the sets it is in; whether a row's terms
// have changed at all is told by one fingerprint.
//
// Places of incidents that are gone are given to new ones. Rows lie in chunks: the index grows
// without copying, and never holds much more than it uses.
#include "hub/query/incident_index.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <utility>

#include "absl/hash/hash.h"
#include "absl/strings/string_view.h"
#include "core/base/heap_bytes.h"
#include "hub/log/incident_state.h"
#include "hub/query/blocks_by_time.h"
#include "hub/query/page_choice.h"

namespace tocsin::hub {
namespace {

constexpr size_t kChunkSlots = 4'096;

// Of the rows' sorted terms.
uint64_t Fingerprint(std::span<const uint64_t> hashes) {
  uint64_t print = hashes.size();
  for (const uint64_t hash : hashes) {
    print = absl::HashOf(print, hash);
  }
  return print;
}

constexpr int64_t kAnyRank = std::numeric_limits<int64_t>::max();

using Severities = std::array<v1::Severity, v1::Severity_ARRAYSIZE>;
Severities SeveritiesInOrder(const IncidentOrdering& ordering) {
  Severities severities;
  for (size_t i = 0; i < severities.size(); ++i) {
    severities[i] = static_cast<v1::Severity>(i);
  }
  std::sort(severities.begin(), severities.end(), [&](v1::Severity a, v1::Severity b) {
    return ordering.Rank(SeverityRank(a)) > ordering.Rank(SeverityRank(b));
  });
  return severities;
}

// A bit for each time whose rank is neither less than `least` nor more than `most`. Without
// branches, because nothing foretells which way they go.
uint64_t RanksWithin(std::span<const int64_t, TimeColumn::kBlockSlots> times,
                     const IncidentOrdering& ordering, int64_t least, int64_t most) {
  const int64_t flip = ordering.Rank(0);
  uint64_t within = 0;
  for (size_t i = 0; i < times.size(); ++i) {
    const int64_t rank = times[i] ^ flip;
    const auto counts = static_cast<uint64_t>((rank >= least) & (rank <= most));
    within |= counts << i;
  }
  return within;
}

// Unites the sets of the enum values in `mask`.
template <size_t kValues>
void NarrowToMask(uint32_t mask, const std::array<SlotBits, kValues>& sets, SlotBits& matching) {
  if (mask == EnumMasks::kAll) {
    return;
  }
  SlotBits allowed;
  for (size_t value = 0; value < kValues; ++value) {
    if ((mask >> value & 1u) != 0) {
      allowed.Unite(sets[value]);
    }
  }
  matching.Intersect(allowed);
}

}  // namespace

struct IncidentIndex::Chunk {
  std::array<PackedUuid, kChunkSlots> id;
  std::array<Sequence, kChunkSlots> last_sequence;
  std::array<uint64_t, kChunkSlots> fingerprint;
  std::array<std::unique_ptr<TermId[]>, kChunkSlots> terms;  // their number, then they
  std::array<uint8_t, kChunkSlots> severity;
  std::array<uint8_t, kChunkSlots> state;
};

size_t IncidentIndex::SlotHash::operator()(const PackedUuid& id) const {
  return absl::HashOf(absl::string_view(id.data(), id.size()));
}
size_t IncidentIndex::SlotHash::operator()(Slot slot) const {
  return operator()(index->chunks_[slot / kChunkSlots]->id[slot % kChunkSlots]);
}
bool IncidentIndex::SlotEq::operator()(Slot slot, const PackedUuid& id) const {
  return index->chunks_[slot / kChunkSlots]->id[slot % kChunkSlots] == id;
}

IncidentIndex::IncidentIndex() : slot_of_(0, SlotHash{this}, SlotEq{this}) {}

IncidentIndex::~IncidentIndex() = default;

void IncidentIndex::Put(const IncidentRow& row) {
  const auto found = slot_of_.find(row.id);
  const bool is_new = found == slot_of_.end();
  const Slot slot = is_new ? NewSlot(row.id) : *found;
  Chunk& chunk = *chunks_[slot / kChunkSlots];
  const size_t at = slot % kChunkSlots;
  if (is_new) {
    of_severity_[row.severity].Add(slot);
    of_state_[row.state].Add(slot);
    active_ += IsActive(row.state) ? 1 : 0;
    chunk.severity[at] = static_cast<uint8_t>(row.severity);
    chunk.state[at] = static_cast<uint8_t>(row.state);
  } else {
    SetSeverity(slot, row.severity);
    SetState(slot, row.state);
  }
  created_.Set(slot, row.created);
  updated_.Set(slot, row.updated);
  chunk.last_sequence[at] = row.last_sequence;
  SetTerms(slot, row.terms);
}

void IncidentIndex::Prefetch(const IncidentRow& row) const {
  slot_of_.prefetch(row.id);
  for (const uint64_t hash : row.terms) {
    term_of_.prefetch(hash);
  }
}

void IncidentIndex::Forget(const PackedUuid& id) {
  const auto found = slot_of_.find(id);
  if (found == slot_of_.end()) {
    return;
  }
  const Slot slot = *found;
  slot_of_.erase(found);
  DropTerms(slot);
  const Chunk& chunk = *chunks_[slot / kChunkSlots];
  const auto state = static_cast<v1::IncidentState>(chunk.state[slot % kChunkSlots]);
  of_severity_[chunk.severity[slot % kChunkSlots]].Remove(slot);
  of_state_[state].Remove(slot);
  active_ -= IsActive(state) ? 1 : 0;
  all_.Remove(slot);
  free_.push_back(slot);
}

Slot IncidentIndex::NewSlot(const PackedUuid& id) {
  Slot slot = static_cast<Slot>(slots_);
  if (free_.empty()) {
    ++slots_;
  } else {
    slot = free_.back();
    free_.pop_back();
  }
  if (slot / kChunkSlots == chunks_.size()) {
    chunks_.push_back(std::make_unique<Chunk>());
  }
  chunks_[slot / kChunkSlots]->id[slot % kChunkSlots] = id;
  all_.Add(slot);
  slot_of_.insert(slot);
  return slot;
}

void IncidentIndex::SetSeverity(Slot slot, v1::Severity severity) {
  uint8_t& known = chunks_[slot / kChunkSlots]->severity[slot % kChunkSlots];
  if (known != severity) {
    of_severity_[known].Remove(slot);
    of_severity_[severity].Add(slot);
    known = static_cast<uint8_t>(severity);
  }
}

void IncidentIndex::SetState(Slot slot, v1::IncidentState state) {
  uint8_t& known = chunks_[slot / kChunkSlots]->state[slot % kChunkSlots];
  if (known != state) {
    of_state_[known].Remove(slot);
    of_state_[state].Add(slot);
    active_ += IsActive(state) ? 1 : 0;
    active_ -= IsActive(static_cast<v1::IncidentState>(known)) ? 1 : 0;
    known = static_cast<uint8_t>(state);
  }
}

void IncidentIndex::SetTerms(Slot slot, std::span<const uint64_t> hashes) {
  Chunk& chunk = *chunks_[slot / kChunkSlots];
  const size_t at = slot % kChunkSlots;
  const uint64_t fingerprint = Fingerprint(hashes);
  if (chunk.terms[at] != nullptr && chunk.fingerprint[at] == fingerprint) {
    return;
  }
  DropTerms(slot);
  chunk.fingerprint[at] = fingerprint;
  auto terms = std::make_unique<TermId[]>(hashes.size() + 1);
  terms[0] = static_cast<TermId>(hashes.size());
  for (size_t i = 0; i < hashes.size(); ++i) {
    terms[i + 1] = TermOf(hashes[i]);
    ChangeSet(terms_[terms[i + 1]], [&](SlotSet& set) { set.Add(slot, slots_); });
  }
  term_bytes_ += (hashes.size() + 1) * sizeof(TermId);
  chunk.terms[at] = std::move(terms);
}

void IncidentIndex::DropTerms(Slot slot) {
  std::unique_ptr<TermId[]> terms =
      std::move(chunks_[slot / kChunkSlots]->terms[slot % kChunkSlots]);
  if (terms == nullptr) {
    return;
  }
  term_bytes_ -= (terms[0] + 1) * sizeof(TermId);
  for (TermId i = 1; i <= terms[0]; ++i) {
    Term& term = terms_[terms[i]];
    ChangeSet(term, [&](SlotSet& set) { set.Remove(slot, slots_); });
    if (term.slots.empty()) {
      term_of_.erase(term.hash);
      ChangeSet(term, [](SlotSet& set) { set = SlotSet(); });
      free_terms_.push_back(terms[i]);
    }
  }
}

template <class Change>
void IncidentIndex::ChangeSet(Term& term, Change change) {
  term_bytes_ -= term.slots.bytes();
  change(term.slots);
  term_bytes_ += term.slots.bytes();
}

IncidentIndex::TermId IncidentIndex::TermOf(uint64_t hash) {
  const auto [found, is_new] = term_of_.try_emplace(hash, static_cast<TermId>(terms_.size()));
  if (is_new && free_terms_.empty()) {
    terms_.push_back({.hash = hash, .slots = {}});
  } else if (is_new) {
    found->second = free_terms_.back();
    free_terms_.pop_back();
    terms_[found->second].hash = hash;
  }
  return found->second;
}

IncidentSelection IncidentIndex::Select(const IncidentQuery& query) const {
  const SlotBits matching = Matching(*query.filter);
  IncidentSelection selection;
  selection.total = matching.Count();
  const size_t wanted = query.skip + query.limit + 1;
  if (query.ordering.by == v1::INCIDENT_ORDER_SEVERITY) {
    ChooseBySeverity(matching, query, wanted, selection.entries);
  } else {
    const int64_t most = query.after ? query.ordering.Rank(query.after->first) : kAnyRank;
    ChooseByTime(matching, query, most, wanted, selection.entries);
  }
  selection.more = selection.entries.size() == wanted;
  const size_t skip = std::min(query.skip, selection.entries.size());
  selection.entries.erase(selection.entries.begin(),
                          selection.entries.begin() + static_cast<ptrdiff_t>(skip));
  selection.entries.resize(std::min(query.limit, selection.entries.size()));
  return selection;
}

// The severities one after the other, each by time.
void IncidentIndex::ChooseBySeverity(const SlotBits& matching, const IncidentQuery& query,
                                     size_t count,
                                     std::vector<IncidentSelection::Entry>& chosen) const {
  const int64_t after = query.after ? query.ordering.Rank(query.after->first) : kAnyRank;
  for (const v1::Severity severity : SeveritiesInOrder(query.ordering)) {
    const int64_t rank = query.ordering.Rank(SeverityRank(severity));
    if (rank > after || chosen.size() == count) {
      continue;
    }
    SlotBits among = of_severity_[severity];
    among.Intersect(matching);
    const int64_t most = rank == after ? query.ordering.Rank(query.after->second) : kAnyRank;
    ChooseByTime(among, query, most, count - chosen.size(), chosen);
  }
}

// `most`: only times of at most this rank may come after the place where the page begins.
void IncidentIndex::ChooseByTime(const SlotBits& among, const IncidentQuery& query, int64_t most,
                                 size_t count,
                                 std::vector<IncidentSelection::Entry>& chosen) const {
  const bool by_created = query.ordering.by == v1::INCIDENT_ORDER_CREATED_AT;
  const bool by_severity = query.ordering.by == v1::INCIDENT_ORDER_SEVERITY;
  const TimeColumn& times = by_created ? created_ : updated_;
  BlocksByTime blocks(among, times, query.ordering, most);
  PageChoice choice(query.ordering.ascending, count);
  int64_t least = std::numeric_limits<int64_t>::min();
  while (const std::optional<size_t> block = blocks.Next(least)) {
    uint64_t left =
        among.words()[*block] & RanksWithin(times.Block(*block), query.ordering, least, most);
    for (; left != 0; left &= left - 1) {
      const auto at = static_cast<size_t>(std::countr_zero(left));
      Offer(static_cast<Slot>(*block * TimeColumn::kBlockSlots + at), query, choice);
    }
    if (const IncidentOrderKey* worst = choice.worst()) {
      least = query.ordering.Rank(by_severity ? worst->second : worst->first);
    }
  }
  for (IncidentSelection::Entry& entry : choice.Take()) {
    chosen.push_back(entry);
  }
}

void IncidentIndex::Offer(Slot slot, const IncidentQuery& query, PageChoice& choice) const {
  const Sequence last = chunks_[slot / kChunkSlots]->last_sequence[slot % kChunkSlots];
  const IncidentOrderKey key = KeyOf(slot, query.ordering.by);
  if (query.after) {
    const bool comes_after = query.ordering.ascending ? key > *query.after : key < *query.after;
    if (!comes_after || last > query.as_of) {
      return;
    }
  }
  choice.Offer({key, last});
}

IncidentOrderKey IncidentIndex::KeyOf(Slot slot, v1::IncidentOrder by) const {
  const Chunk& chunk = *chunks_[slot / kChunkSlots];
  const size_t at = slot % kChunkSlots;
  switch (by) {
    case v1::INCIDENT_ORDER_CREATED_AT:
      return {created_[slot], 0, chunk.id[at]};
    case v1::INCIDENT_ORDER_SEVERITY:
      return {SeverityRank(static_cast<v1::Severity>(chunk.severity[at])), updated_[slot],
              chunk.id[at]};
    default:
      return {updated_[slot], 0, chunk.id[at]};
  }
}

SlotBits IncidentIndex::Matching(const Filter& filter) const {
  SlotBits matching = all_;
  NarrowToMask(filter.masks().severities, of_severity_, matching);
  NarrowToMask(filter.masks().states, of_state_, matching);
  for (const Clause& clause : filter.clauses()) {
    Narrow(clause, matching);
  }
  return matching;
}

// The values of a field are alternatives, each label a condition.
void IncidentIndex::Narrow(const Clause& clause, SlotBits& matching) const {
  for (const TermField field : {TermField::kResource, TermField::kSource}) {
    if (clause.terms(field).empty()) {
      continue;
    }
    SlotBits allowed;
    for (const Clause::Term& term : clause.terms(field)) {
      UniteTerm(term.hash, allowed);
    }
    matching.Intersect(allowed);
  }
  for (const Clause::Term& label : clause.terms(TermField::kLabel)) {
    SlotBits allowed;
    UniteTerm(label.hash, allowed);
    matching.Intersect(allowed);
  }
  if (!clause.terms(TermField::kIncident).empty()) {
    SlotBits allowed;
    for (const Clause::Term& term : clause.terms(TermField::kIncident)) {
      const auto found = slot_of_.find(PackUuid(term.value).value_or(PackedUuid{}));
      if (found != slot_of_.end()) {
        allowed.Add(*found);
      }
    }
    matching.Intersect(allowed);
  }
}

void IncidentIndex::UniteTerm(uint64_t hash, SlotBits& bits) const {
  if (const auto found = term_of_.find(hash); found != term_of_.end()) {
    terms_[found->second].slots.UniteInto(bits);
  }
}

size_t IncidentIndex::bytes() const {
  return chunks_.size() * sizeof(Chunk) + created_.bytes() + updated_.bytes() +
         terms_.size() * sizeof(Term) + term_bytes_ + TableBytes(slot_of_) + TableBytes(term_of_) +
         HeapBytes(free_) + HeapBytes(free_terms_) +
         all_.bytes() * (2 + of_severity_.size() + of_state_.size());
}

}  // namespace tocsin::hub
