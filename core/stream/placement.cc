// A subscription becomes live in one place (JoinLive), on the thread that moves both its place and
// the live cohort's. A member is given only what comes after its own place. So no event can fall
// between replay and live, and none comes twice, wherever the subscription joins.
#include "core/stream/placement.h"

#include <algorithm>
#include <utility>

#include "core/base/check.h"
#include "core/base/heap_bytes.h"
#include "core/base/planted.h"

namespace tocsin {

std::pair<StartPoint, std::optional<Cursor>> StartAgain(const Subscription& subscription) {
  const Place place = PlaceOf(subscription);
  return {place.ordinary.epoch != 0 ? StartPoint(place.ordinary) : subscription.start,
          place.is_split() ? std::optional(place.urgent) : std::nullopt};
}

// ---- coming and going ----

void Placement::Begin(Subscription& subscription, const StartPoint& start,
                      std::optional<Cursor> urgent) {
  subscription.announced = false;
  subscription.start = start;
  subscription.place = Cursor{};
  const Cursor* const cursor = std::get_if<Cursor>(&start);
  if (std::holds_alternative<Latest>(start)) {
    subscription.place = window_.view().head;
  } else if (cursor != nullptr) {
    subscription.place = *cursor;
  }
  if (subscription.priority || urgent.has_value()) {
    Split(subscription);
    subscription.place = urgent.value_or(subscription.place);
  }
  const Cursor place = cursor != nullptr ? *cursor : subscription.place;
  if (place.epoch == 0 || (cursor != nullptr && !window_.Holds(place))) {
    return WaitForLog(subscription, start);
  }
  notices_.Subscribed(subscription, place, /*recovered=*/true);
  GoOn(subscription);
}

// What its stretch holds has not been given, and is read again.
void Placement::Refilter(Subscription& subscription, FilterPtr filter) {
  Leave(subscription);
  const auto [start, urgent] = StartAgain(subscription);
  if (subscription.stretch != nullptr) {
    subscription.place = PlaceOf(subscription).ordinary;
    subscription.stretch = std::make_unique<Stretch>();
  }
  subscription.filter = std::move(filter);
  if (!subscription.announced) {
    subscription.rest.reset();
    return Begin(subscription, start, urgent);
  }
  if (subscription.rest != nullptr) {
    subscription.rest->filter = subscription.filter;
  }
  if (writer_.HasRoom(*subscription.subscriber)) {
    GoOn(subscription);
  }
}

void Placement::Leave(Subscription& subscription) {
  if (subscription.rest != nullptr) {
    Leave(*subscription.rest);
  }
  if (std::exchange(subscription.joining, false)) {
    std::erase(joining_, &subscription);
  }
  Cohort* const cohort = subscription.cohort;
  if (subscription.queued.has_value()) {
    queue_.Remove(subscription);
  } else if (cohort != nullptr) {
    subscription.place = cohort->PlaceOf(subscription);
    cohort->Remove(subscription);
    if (cohort->live() && !subscription.is_part()) {
      stats_.live.fetch_sub(1, std::memory_order_relaxed);
    }
    cohorts_.CloseIfEmpty(*cohort);
  }
}

void Placement::End(Subscription& part, absl::Status status) {
  Subscription& subscription = part.whole != nullptr ? *part.whole : part;
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
  if (subscription.whole != nullptr) {
    return AddJoining(*subscription.whole);
  }
  subscription.place.sequence += Planted("live-skips-one");
  cohorts_.live().Add(subscription);
  if (subscription.rest != nullptr) {
    return AddJoining(subscription);
  }
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
  if (subscription.priority && subscription.rest == nullptr) {
    Split(subscription);
  }
  if (writer_.HasRoom(*subscription.subscriber)) {
    GoOn(subscription);
  }
}

void Placement::FallBehind(std::vector<Subscription*> members, Cursor place) {
  for (Subscription* member : members) {
    Park(*member, place);
  }
}

void Placement::GoOn(Subscription& subscription) {
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
    if (subscription->waits_for_room()) {
      GoOn(*subscription);
    } else if (Cohort* const cohort = subscription->cohort; cohort == nullptr) {
      continue;
    } else if (!cohort->live()) {
      HasRoomAgain(*cohort);
    } else if (subscription->rest != nullptr && subscription->rest->cohort != nullptr) {
      HasRoomAgain(*subscription->rest->cohort);
    } else if (subscription->rest != nullptr && subscription->rest->waits_for_room()) {
      AddJoining(*subscription);
    }
  }
}

void Placement::HasRoomAgain(Cohort& cohort) {
  cohorts_.MakeReady(cohort);
  if (cohort.wait_until.has_value()) {
    bell_.Wake();  // it may be the last one that the others wait for
  }
}

// ---- the two parts of one with priority ----

// Both begin where it stands. The rest is told of and announced by the subscription itself.
void Placement::Split(Subscription& subscription) {
  auto rest = std::make_unique<Subscription>();
  rest->subscriber = subscription.subscriber;
  rest->tag = subscription.tag;
  rest->notify_on_gap = subscription.notify_on_gap;
  rest->announced = true;
  rest->filter = subscription.filter;
  rest->place = subscription.place;
  rest->whole = &subscription;
  subscription.rest = std::move(rest);
}

void Placement::AddJoining(Subscription& subscription) {
  if (!std::exchange(subscription.joining, true)) {
    joining_.push_back(&subscription);
  }
  bell_.Wake();
}

void Placement::JoinParts() {
  std::vector<Subscription*> joining;
  joining.swap(joining_);
  for (Subscription* subscription : joining) {
    subscription->joining = false;
    JoinPart(*subscription);
  }
}

// A rest that has read past the live cohort waits until that comes to its place. What the window
// does not hold may have been lost by the log: then the sequences say nothing, and the log is asked.
void Placement::JoinPart(Subscription& subscription) {
  Subscription& rest = *subscription.rest;
  const Cohort& live = cohorts_.live();
  if (subscription.cohort != &live || !rest.waits_for_room()) {
    return;
  }
  if (!window_.Holds(rest.place) || rest.place.sequence < live.place.sequence) {
    if (writer_.HasRoom(*subscription.subscriber)) {
      GoOn(rest);
    }
  } else if (rest.place.sequence == live.PlaceOf(subscription).sequence) {
    Unite(subscription);
  } else {
    subscription.joining = true;
    joining_.push_back(&subscription);
  }
}

void Placement::Unite(Subscription& subscription) {
  subscription.rest.reset();
  stats_.live.fetch_add(1, std::memory_order_relaxed);
  notices_.CaughtUp(subscription, cohorts_.live().PlaceOf(subscription));
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
      const bool begins = !waiting->announced;
      if (begins) {
        notices_.Subscribed(*waiting, std::get<Cursor>(waiting->start), /*recovered=*/true);
      }
      if (begins && PlaceOf(*waiting).is_split()) {
        GoOn(*waiting);
      } else {
        cohort.Add(*waiting);
      }
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
