// subscription_names.h: the subscription ids of one session, and the tags that stand for them in
// the engine.
//
// Shape:   a client may subscribe with an id again while the `unsubscribed` of the earlier
//          subscription of that id is still on its way. So two names may have the same id, and
//          TagOf looks only at subscriptions that have not ended.
// Threads: one.
// Owns:    the ids.
#pragma once

#include <cstddef>
#include <memory>
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

  // The tag of the subscription with this id that has not ended; 0 when there is none.
  SubscriptionTag TagOf(std::string_view id, IsThere is_there) const;
  // A new tag for the id.
  SubscriptionTag Add(std::string_view id);
  // The client has unsubscribed. The name stays until Forget, because `unsubscribed` needs its id.
  void MarkUnsubscribed(SubscriptionTag tag);
  // The same, where the client has put a subscription with a snapshot in its place: its end is not
  // told, unless TellEnd says so after all.
  void MarkReplaced(SubscriptionTag tag);
  void TellEnd(SubscriptionTag tag);
  bool TellsEnd(SubscriptionTag tag) const;
  // What the client is told of the subscription in the place of `subscribed`: a whole message.
  void SetBeginning(SubscriptionTag tag, std::string message);
  // Null when there is none, or it has been taken.
  std::unique_ptr<std::string> TakeBeginning(SubscriptionTag tag);
  // The subscriptions whose beginning has been set and not been taken.
  std::vector<SubscriptionTag> Beginning() const;
  // Whether it reads the log before it is live. False when there is no such name, or it is so already.
  bool SetReplaying(SubscriptionTag tag, bool replaying);
  bool IsReplaying(SubscriptionTag tag) const;
  // False when there is no such name.
  bool Forget(SubscriptionTag tag);
  void Clear();

  // Null when there is none.
  const std::string* IdOf(SubscriptionTag tag) const;
  // The beginning of an event message for these subscriptions, up to the bracket that closes the
  // ids. Valid until the next call. The last result is kept, since most calls repeat the same tags.
  const std::string& HeadFor(std::span<const SubscriptionTag> tags);

  size_t size() const { return names_.size(); }
  // The number of names without those that have been unsubscribed.
  size_t in_use() const;
  // Of those, the ones that read the log before they are live.
  size_t replaying() const;
  size_t MemoryBytes() const;

 private:
  struct Name {
    SubscriptionTag tag;
    bool unsubscribed = false;
    bool replaced = false;
    bool replaying = false;
    std::string id;
    std::unique_ptr<std::string> beginning = nullptr;
  };

  const Name* Find(SubscriptionTag tag) const;
  Name* Find(SubscriptionTag tag);

  std::vector<Name> names_;  // ordered by tag
  SubscriptionTag next_tag_ = 1;
  std::vector<SubscriptionTag> head_tags_;  // the tags that head_ was made for
  std::string head_;
};

}  // namespace tocsin::bridge::ws
