// subscription_names.h: the subscription ids of one session, and the tags that stand for them in the
// engine.
//
// Shape:   an id may be given again while the end of its last bearer is still on its way to the
//          client; so a name is found by its tag, and an id only among those that are still there.
// Threads: one.
// Owns:    the ids.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "core/stream/sink.h"

namespace tocsin::bridge::ws {

class SubscriptionNames {
 public:
  // Whether the engine still has the subscription of that tag.
  using IsThere = absl::FunctionRef<bool(SubscriptionTag)>;

  // The tag of a subscription that is there and has not been unsubscribed; 0: none.
  SubscriptionTag TagOf(std::string_view id, IsThere is_there) const;
  // A new tag for the id.
  SubscriptionTag Add(std::string_view id);
  // It stays until Forget: its `unsubscribed` is on its way.
  void MarkUnsubscribed(SubscriptionTag tag);
  // False when there is none.
  bool Forget(SubscriptionTag tag);
  void Clear();

  // Null when there is none.
  const std::string* IdOf(SubscriptionTag tag) const;
  // The beginning of an event message to these, up to the bracket that closes the ids. Good until
  // the next call; usually asked for the same tags again.
  const std::string& HeadFor(std::span<const SubscriptionTag> tags);

  size_t size() const { return names_.size(); }
  // Without those that are unsubscribed.
  size_t in_use() const;
  size_t MemoryBytes() const;

 private:
  struct Name {
    SubscriptionTag tag;
    bool unsubscribed;
    std::string id;
  };

  const Name* Find(SubscriptionTag tag) const;

  std::vector<Name> names_;  // by tag, rising
  SubscriptionTag next_tag_ = 1;
  std::vector<SubscriptionTag> head_tags_;  // whose head is kept
  std::string head_;
};

}  // namespace tocsin::bridge::ws
