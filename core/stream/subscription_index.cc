#include "core/stream/subscription_index.h"

#include "core/base/check.h"
#include "core/base/heap_bytes.h"
#include "core/base/planted.h"

namespace tocsin {

SubscriptionIndex::SubscriptionIndex() = default;
SubscriptionIndex::~SubscriptionIndex() = default;

void SubscriptionIndex::Add(IndexMember& member, const FilterPtr& filter) {
  TOCSIN_CHECK(member.entry == nullptr);
  std::unique_ptr<IndexEntry>& entry = entries_[filter->key()];
  if (entry == nullptr) {
    entry = std::make_unique<IndexEntry>();
    entry->filter = filter;
    AddEntry(*entry);
  }
  member.entry = entry.get();
  member.slot = static_cast<uint32_t>(entry->members.size());
  entry->members.push_back(&member);
}

void SubscriptionIndex::AddEntry(IndexEntry& entry) {
  lists_.Add(entry, entry.posted_under);
  if (entry.filter->tells_leaves()) {
    if (leaving_ == nullptr) {
      leaving_ = std::make_unique<PostingLists>(PostingLists::Of::kIncidents);
    }
    leaving_->Add(entry, entry.leaving_under);
    ++tell_leaves_;
  }
}

void SubscriptionIndex::Remove(IndexMember& member) {
  TOCSIN_CHECK(member.entry != nullptr);
  IndexEntry& entry = *member.entry;
  IndexMember* last = entry.members.back();
  entry.members[member.slot] = last;
  last->slot = member.slot;
  entry.members.pop_back();
  ShrinkWhenSparse(entry.members);
  member.entry = nullptr;
  if (entry.members.empty()) {
    RemoveEntry(entry);
  }
}

void SubscriptionIndex::RemoveEntry(IndexEntry& entry) {
  lists_.Remove(entry, entry.posted_under);
  if (entry.filter->tells_leaves()) {
    leaving_->Remove(entry, entry.leaving_under);
    if (--tell_leaves_ == 0) {
      leaving_.reset();
    }
  }
  entries_.erase(entries_.find(entry.filter->key()));
  ShrinkTableWhenSparse(entries_);
}

void SubscriptionIndex::Collect(const EventFacts& facts) {
  candidates_.clear();
  lists_.Collect({.type = facts.type(),
                  .severity = facts.severity(),
                  .state = facts.state(),
                  .terms = facts.terms()},
                 ++match_, candidates_);
}

void SubscriptionIndex::CollectLeaving(const EventFacts& facts) {
  candidates_.clear();
  if (Planted("leave-missed")) return;
  leaving_->Collect({.type = facts.type(),
                     .severity = facts.before()->severity,
                     .state = facts.before()->state,
                     .terms = facts.terms_before()},
                    ++match_, candidates_);
}

size_t SubscriptionIndex::bytes() const {
  size_t bytes = TableBytes(entries_) + lists_.bytes();
  bytes += leaving_ == nullptr ? 0 : sizeof(*leaving_) + leaving_->bytes();
  for (const auto& [key, entry] : entries_) {
    bytes += sizeof(*entry) + entry->filter->bytes() + HeapBytes(key) + HeapBytes(entry->members) +
             HeapBytes(entry->posted_under) + HeapBytes(entry->leaving_under);
  }
  return bytes;
}

size_t SubscriptionIndex::match_bytes() const { return HeapBytes(candidates_); }

}  // namespace tocsin
