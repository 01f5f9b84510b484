// What throws while a subscriber is served (memory has run out, a sink has a bug) ends that
// subscriber and no other. It is noted where it happens, in the middle of a pass as a rule, and
// done at the end of the turn: a subscription may leave the index only when no pass is under way.
#include "core/base/log.h"
#include "core/stream/shard.h"

namespace tocsin {

void Shard::Fail(Subscriber& subscriber, const char* why) {
  subscriber.failed = subscriber.stuck = true;
  some_failed_ = true;
  LogError("serving a subscriber failed", {{"error", why}});
  Wake();
}

void Shard::EndFailed() {
  if (!some_failed_) {
    return;
  }
  some_failed_ = false;
  std::vector<SubscriberId> ids;
  for (const auto& [id, subscriber] : subscribers_) {
    if (subscriber->failed) {
      ids.push_back(id);
    }
  }
  for (const SubscriberId id : ids) {
    Subscriber* subscriber = Find(id);
    if (subscriber == nullptr) {
      continue;
    }
    subscriber->failed = false;
    while (!subscriber->subscriptions.empty()) {
      Erase(*subscriber->subscriptions.back());
    }
    subscriber->sink->Failed();  // may Remove it
  }
}

}  // namespace tocsin
