#include "core/history/final_log.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace tocsin::history {
namespace {

bool IsBefore(const LogEntry& a, const LogEntry& b) {
  return a.cursor.sequence < b.cursor.sequence;
}

}  // namespace

void FinalLog::Clear() { *this = FinalLog(); }

void FinalLog::Add(const ReadRecord& record) {
  entries_.push_back({.id = record.id,
                      .cursor = record.cursor,
                      .content = record.content,
                      .facts = FactsOf(record.facts),
                      .incident = record.incident ? IncidentOf(*record.incident) : kNoIncident,
                      .call = kNoCall,
                      .urgent = record.urgent,
                      .others = record.others});
}

uint32_t FinalLog::FactsOf(const std::string& facts) {
  const auto [at, is_new] = by_facts_.try_emplace(facts, static_cast<uint32_t>(facts_.size()));
  if (is_new) facts_.push_back(facts);
  return at->second;
}

uint32_t FinalLog::IncidentOf(const UuidKey& incident) {
  const auto [at, is_new] =
      by_incident_.try_emplace(incident, static_cast<uint32_t>(incidents_.size()));
  if (is_new) incidents_.push_back(incident);
  return at->second;
}

void FinalLog::Close(Verdict& verdict) {
  for (size_t i = 1; i < entries_.size(); ++i) {
    if (IsBefore(entries_[i], entries_[i - 1])) {
      verdict.Broken({Guarantee::kOrdered,
                      "the log goes back",
                      {TextOf(entries_[i - 1]), TextOf(entries_[i])}});
    }
  }
  std::stable_sort(entries_.begin(), entries_.end(), IsBefore);
  by_id_.reserve(entries_.size());
  for (size_t i = 0; i < entries_.size(); ++i) {
    LogEntry& entry = entries_[i];
    last_of_[entry.cursor.epoch] = entry.cursor.sequence;
    const auto [at, is_new] = by_id_.try_emplace(entry.id, static_cast<uint32_t>(i));
    if (!is_new) {
      verdict.Broken({Guarantee::kUnique,
                      "the log has one event twice",
                      {TextOf(entries_[at->second]), TextOf(entry)}});
    }
    const bool same_place =
        i > 0 && entry.cursor.sequence == entries_[i - 1].cursor.sequence && is_new;
    entry.extra = !is_new || same_place;
    if (same_place) {
      verdict.Broken({Guarantee::kUnique,
                      "one place of the log has two events",
                      {TextOf(entries_[i - 1]), TextOf(entry)}});
    }
  }
}

const LogEntry* FinalLog::Find(const UuidKey& id) const {
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : &entries_[found->second];
}

LogEntry* FinalLog::Find(const UuidKey& id) {
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : &entries_[found->second];
}

const LogEntry* FinalLog::At(Sequence sequence) const {
  const size_t after = After(sequence);
  const bool there = after > 0 && entries_[after - 1].cursor.sequence == sequence;
  return there ? &entries_[after - 1] : nullptr;
}

Sequence FinalLog::Reach(const Cursor& cursor) const {
  const auto last = last_of_.find(cursor.epoch);
  return last == last_of_.end() ? cursor.sequence : std::min(cursor.sequence, last->second);
}

size_t FinalLog::After(Sequence sequence) const {
  const auto at = std::upper_bound(
      entries_.begin(), entries_.end(), sequence,
      [](Sequence wanted, const LogEntry& entry) { return wanted < entry.cursor.sequence; });
  return static_cast<size_t>(at - entries_.begin());
}

std::string TextOf(const UuidKey& id, const Cursor& cursor) {
  return absl::StrCat(FormatUuidKey(id), " at ", FormatCursor(cursor));
}

std::string TextOf(const LogEntry& entry) { return TextOf(entry.id, entry.cursor); }

}  // namespace tocsin::history
