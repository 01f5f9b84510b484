#include "bridge/ws/subscription_names.h"

#include <algorithm>
#include <utility>

#include "bridge/ws/server_message.h"
#include "core/base/heap_bytes.h"

namespace tocsin::bridge::ws {

const SubscriptionNames::Name* SubscriptionNames::Find(SubscriptionTag tag) const {
  const auto found =
      std::lower_bound(names_.begin(), names_.end(), tag,
                       [](const Name& name, SubscriptionTag t) { return name.tag < t; });
  return found == names_.end() || found->tag != tag ? nullptr : &*found;
}

SubscriptionNames::Name* SubscriptionNames::Find(SubscriptionTag tag) {
  return const_cast<Name*>(std::as_const(*this).Find(tag));
}

SubscriptionTag SubscriptionNames::TagOf(std::string_view id, IsThere is_there) const {
  const auto found = std::find_if(names_.begin(), names_.end(), [&](const Name& name) {
    return !name.unsubscribed && name.id == id && is_there(name.tag);
  });
  return found == names_.end() ? 0 : found->tag;
}

SubscriptionTag SubscriptionNames::Add(std::string_view id) {
  if (names_.capacity() == 0) {
    names_.reserve(1);  // most sessions have one
  }
  names_.push_back({.tag = next_tag_, .id = std::string(id)});
  return next_tag_++;
}

void SubscriptionNames::MarkUnsubscribed(SubscriptionTag tag) {
  for (Name& name : names_) {
    name.unsubscribed |= name.tag == tag;
  }
}

void SubscriptionNames::MarkReplaced(SubscriptionTag tag) {
  if (Name* const name = Find(tag)) {
    name->unsubscribed = name->replaced = true;
  }
}

void SubscriptionNames::TellEnd(SubscriptionTag tag) {
  if (Name* const name = Find(tag)) {
    name->replaced = false;
  }
}

bool SubscriptionNames::TellsEnd(SubscriptionTag tag) const {
  const Name* const name = Find(tag);
  return name != nullptr && !name->replaced;
}

void SubscriptionNames::SetBeginning(SubscriptionTag tag, std::string message) {
  if (Name* const name = Find(tag)) {
    name->beginning = std::make_unique<std::string>(std::move(message));
  }
}

std::unique_ptr<std::string> SubscriptionNames::TakeBeginning(SubscriptionTag tag) {
  Name* const name = Find(tag);
  return name == nullptr ? nullptr : std::move(name->beginning);
}

std::vector<SubscriptionTag> SubscriptionNames::Beginning() const {
  std::vector<SubscriptionTag> tags;
  for (const Name& name : names_) {
    if (name.beginning != nullptr) {
      tags.push_back(name.tag);
    }
  }
  return tags;
}

bool SubscriptionNames::SetReplaying(SubscriptionTag tag, bool replaying) {
  Name* const name = Find(tag);
  return name != nullptr && std::exchange(name->replaying, replaying) != replaying;
}

bool SubscriptionNames::IsReplaying(SubscriptionTag tag) const {
  const Name* const name = Find(tag);
  return name != nullptr && name->replaying;
}

bool SubscriptionNames::Forget(SubscriptionTag tag) {
  return std::erase_if(names_, [&](const Name& name) { return name.tag == tag; }) > 0;
}

void SubscriptionNames::Clear() { std::vector<Name>().swap(names_); }

const std::string* SubscriptionNames::IdOf(SubscriptionTag tag) const {
  const Name* const name = Find(tag);
  return name == nullptr ? nullptr : &name->id;
}

const std::string& SubscriptionNames::HeadFor(std::span<const SubscriptionTag> tags) {
  if (!std::equal(tags.begin(), tags.end(), head_tags_.begin(), head_tags_.end())) {
    head_tags_.assign(tags.begin(), tags.end());
    std::vector<SubscriptionTag> sorted = head_tags_;  // in the order in which they were subscribed
    std::sort(sorted.begin(), sorted.end());
    std::vector<std::string> quoted;
    for (SubscriptionTag tag : sorted) {
      const std::string* const id = IdOf(tag);
      quoted.push_back(JsonString(id == nullptr ? std::string_view() : *id));
    }
    head_ = EventMessageHead(std::vector<std::string_view>(quoted.begin(), quoted.end()));
  }
  return head_;
}

size_t SubscriptionNames::in_use() const {
  return static_cast<size_t>(std::count_if(names_.begin(), names_.end(),
                                           [](const Name& name) { return !name.unsubscribed; }));
}

size_t SubscriptionNames::replaying() const {
  return static_cast<size_t>(std::ranges::count_if(
      names_, [](const Name& name) { return name.replaying && !name.unsubscribed; }));
}

size_t SubscriptionNames::MemoryBytes() const {
  size_t bytes = HeapBytes(names_) + HeapBytes(head_tags_) + HeapBytes(head_);
  for (const Name& name : names_) {
    bytes += HeapBytes(name.id);
    bytes += name.beginning == nullptr ? 0 : sizeof(std::string) + HeapBytes(*name.beginning);
  }
  return bytes;
}

}  // namespace tocsin::bridge::ws
