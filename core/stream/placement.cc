// A subscription becomes live in one place (JoinLive), on the thread that moves both its place and
// the live cohort's. A member is given only what comes after its own place. So no event can fall
// between replay and live, and none comes twice, wherever the subscription joins.
#include "core/stream/placement.h"

#include <algorithm>
#include <utility>

#include "core/base/check.h"
#include "core/base/heap_bytes.h"

namespace tocsin {

// ---- coming and going ----

void Placement::Begin(Subscription& subscription, const StartPoint& start) {
  subscription.announced = false;
  subscription.start = start;
  subscription.place = Cursor{};
  if (std::holds_alternative<Latest>(start)) {
    subscription.place = window_.view().head;
  } else if (const Cursor* cursor = std::get_if<Cursor>(&start)) {
    subscription.place = *cursor;
    if (!window_.Holds(*cursor)) {
      return WaitForLog(subscription, start);
    }
  } else {
    return WaitForLog(subscription, start);
  }
  notices_.Subscribed(subscription, subscription.place, /*recovered=*/true);
  Join(subscription);
}

void Placement::Leave(Subscription& subscription) {
  Cohort* const cohort = subscription.cohort;
  if (subscription.queued.has_value()) {
    queue_.Remove(subscription);
  } else if (cohort != nullptr) {
    subscription.place = cohort->PlaceOf(subscription);
    cohort->Remove(subscription);
    if (cohort->live()) {
      stats_.live.fetch_sub(1, std::memory_order_relaxed);
    }
    cohorts_.CloseIfEmpty(*cohort);
  }
}

void Placement::End(Subscription& subscription, absl::Status status) {
  Subscriber& subscriber = *subscription.subscriber;
  writer_.GiveStretch(subscription);
  const SubscriptionTag tag = subscription.tag;
  Erase(subscription);
  notices_.Ended(subscriber, tag, std::move(status));
  bell_.Wake();
}

void Placement::Erase(Subscription& subscription) {
  Leave(subscription);
  auto& all = subscription.subscriber->subscriptions;
  const auto found = std::find_if(all.begin(), all.end(),
                                  [&](const auto& each) { return each.get() == &subscription; });
  TOCSIN_CHECK(found != all.end());
  all.erase(found);
  ShrinkWhenSparse(all);
  stats_.subscriptions.fetch_sub(1, std::memory_order_relaxed);
}

// ---- joining ----

void Placement::Join(Subscription& subscription) {
  // One that begins before the window's end is told that it has caught up only once it has been
  // given what the window holds now.
  const Sequence end = window_.view().head.sequence;
  if (subscription.place.sequence >= std::max(cohorts_.live().place.sequence, end)) {
    return JoinLive(subscription);
  }
  Cohort* cohort = cohorts_.NearBefore(subscription.place.sequence);
  if (cohort == nullptr) {
    cohort = &cohorts_.Add(subscription.place);
  }
  cohort->Add(subscription);
  cohorts_.MakeReady(*cohort);
}

void Placement::JoinLive(Subscription& subscription) {
  cohorts_.live().Add(subscription);
  stats_.live.fetch_add(1, std::memory_order_relaxed);
  writer_.GiveStretch(subscription);
  notices_.CaughtUp(subscription, cohorts_.live().PlaceOf(subscription));
  bell_.Wake();
}

void Placement::WaitForLog(Subscription& subscription, const StartPoint& start) {
  subscription.start = start;
  queue_.Push(subscription);
  bell_.Wake();
}

void Placement::Park(Subscription& subscription, Cursor place) {
  const Cursor own = subscription.place;
  Leave(subscription);
  subscription.place = own.sequence > place.sequence ? own : place;
  if (writer_.HasRoom(*subscription.subscriber)) {
    Rejoin(subscription);
  }
}

void Placement::FallBehind(std::vector<Subscription*> members, Cursor place) {
  for (Subscription* member : members) {
    Park(*member, place);
  }
}

void Placement::Rejoin(Subscription& subscription) {
  if (window_.Holds(subscription.place)) {
    Join(subscription);
  } else {
    WaitForLog(subscription, subscription.place);
  }
}

void Placement::OnRoom(Subscriber& subscriber) {
  if (subscriber.closed || !writer_.HasRoom(subscriber)) {
    return;
  }
  for (const auto& subscription : subscriber.subscriptions) {
    Cohort* const cohort = subscription->cohort;
    if (subscription->waits_for_room()) {
      Rejoin(*subscription);
    } else if (cohort != nullptr && !cohort->live()) {
      cohorts_.MakeReady(*cohort);
      if (cohort->wait_until.has_value()) {
        bell_.Wake();  // it may be the last one that the others wait for
      }
    }
  }
}

Cursor Placement::PlaceOf(const Subscription& subscription) const {
  if (subscription.stretch != nullptr && !subscription.stretch->empty()) {
    return subscription.stretch->from();
  }
  return subscription.cohort == nullptr ? subscription.place
                                        : subscription.cohort->PlaceOf(subscription);
}

// ---- merging ----

void Placement::Absorb(Cohort& cohort, const Cursor& to) {
  if (cohort.reads_filtered()) {
    return;  // it has not read what others want
  }
  const bool reads_log = cohort.reading != nullptr;
  const Sequence first = cohort.place.sequence + (cohort.live() ? 1 : 0);
  for (Cohort* other : cohorts_.Between(first, to.sequence)) {
    const bool known = other->reading == nullptr || other->reading->resolved;
    const bool same_life =
        other->place.epoch == cohort.place.epoch && other->place.epoch == to.epoch;
    if (other != &cohort && known && (reads_log ? same_life : window_.Holds(other->place))) {
      MoveMembers(*other, cohort);
    }
  }
  if (reads_log && cohort.place.epoch == to.epoch) {
    for (Subscription* waiting : queue_.TakeBetween(cohort.place, to)) {
      if (!waiting->announced) {
        notices_.Subscribed(*waiting, waiting->place, /*recovered=*/true);
      }
      cohort.Add(*waiting);
    }
  }
}

void Placement::MoveMembers(Cohort& from, Cohort& to) {
  while (!from.empty()) {
    Subscription& member = *from.members().back();
    member.place = from.PlaceOf(member);
    from.Remove(member);
    if (to.live()) {
      JoinLive(member);
    } else {
      to.Add(member);
    }
  }
  cohorts_.CloseIfEmpty(from);
}

}  // namespace tocsin
