// Whatever a pass notes in a subscriber or in an index entry, it notes with its own number. So a
// pass that an exception broke off leaves nothing that the next pass would take for its own.
#include "core/stream/pass.h"

#include <algorithm>
#include <tuple>

#include "absl/cleanup/cleanup.h"
#include "absl/container/inlined_vector.h"
#include "core/base/heap_bytes.h"
#include "core/base/planted.h"

namespace tocsin {
namespace {

// Runs that are kept between passes, so that a pass of few filters allocates nothing. A run keeps
// room for as many items as a pass has events (512), so they keep 3 MB at most.
constexpr size_t kKeptRuns = 64;

Item::Kind KindFor(Verdict verdict, const Filter& filter, const EventRecord& event) {
  if (verdict != Verdict::kLeaves) {
    return Item::Kind::kEvent;
  }
  const bool shows = filter.ShowsIncident(event.facts) || Planted("left-shows-all");
  return shows ? Item::Kind::kLeft : Item::Kind::kLeftUnseen;
}

// The items that come after the place.
std::span<const Item> After(std::span<const Item> items, const Cursor& place) {
  if (Planted("live-repeats-replay")) return items;
  if (items.empty() || items.front().cursor.sequence > place.sequence) {
    return items;
  }
  const auto first =
      std::upper_bound(items.begin(), items.end(), place.sequence,
                       [](Sequence s, const Item& item) { return s < item.cursor.sequence; });
  return items.subspan(static_cast<size_t>(first - items.begin()));
}

}  // namespace

std::span<const Pass::Overflow> Pass::Run(Cohort& cohort, std::span<const EventPtr> events,
                                          Pace pace) {
  ++number_;
  cohort_ = &cohort;
  pace_ = pace;
  events_ = events;
  runs_used_ = 0;
  merging_.clear();
  overflows_.clear();
  if (cohort.index() == nullptr) {
    for (Subscription* member : cohort.members()) {  // one at the most
      if (member->subscriber->closed) {
        continue;
      }
      writer_.Guarded(*member->subscriber, [&] { GiveOnly(*member); });
    }
    return overflows_;
  }
  const absl::Cleanup forget = [this] { Forget(); };
  Collect(*cohort.index());
  HandOut();
  return overflows_;
}

// The slice's size bounds what this adds to the outbox.
void Pass::GiveOnly(Subscription& member) {
  Subscriber& subscriber = *member.subscriber;
  // A reading with the member's filter brings only events that match, or, where the filter tells
  // leaves, those that match and those by which an incident leaves.
  const bool matched = (cohort_->reads_filtered() && !member.filter->tells_leaves()) ||
                       Planted("catch-up-unfiltered");
  for (const EventPtr& event : events_) {
    if (event->cursor.sequence <= member.place.sequence) {
      continue;
    }
    if (!member.Gives(*event)) {
      continue;
    }
    if (Planted("urgent-passed-over") && member.rest != nullptr) continue;
    const Verdict verdict = matched ? Verdict::kMatches : member.filter->Judge(event->facts);
    if (verdict == Verdict::kNone) {
      continue;
    }
    const Item::Kind kind = KindFor(verdict, *member.filter, *event);
    Holds(member) ? Hold(member, kind, event) : Push(member, kind, event);
  }
  AfterQueueing(subscriber);
}

void Pass::Hold(Subscription& subscription, Item::Kind kind, const EventPtr& event) {
  const Cursor before = PlaceBefore(*event);
  const Cursor& own = subscription.place;
  subscription.stretch->Add(kind, event, own.sequence > before.sequence ? own : before);
  if (writer_.IsFull(*subscription.stretch)) {
    writer_.GiveStretch(subscription);
  }
}

void Pass::AfterQueueing(Subscriber& subscriber) {
  if (pace_ == Pace::kBehind && !writer_.HasRoom(subscriber)) {
    writer_.Flush(subscriber);
  }
}

void Pass::Collect(SubscriptionIndex& index) {
  for (const EventPtr& event : events_) {
    index.Match(event->facts, [&](IndexEntry& entry, Verdict verdict) {
      AddToRun(entry, KindFor(verdict, *entry.filter, *event), event);
    });
  }
}

void Pass::AddToRun(IndexEntry& entry, Item::Kind kind, const EventPtr& event) {
  if (entry.run_of != number_) {
    if (runs_used_ == runs_.size()) {
      runs_.push_back(std::make_unique<EventRun>());
    }
    entry.run = runs_[runs_used_++].get();
    entry.run->entry = &entry;
    entry.run_of = number_;
  }
  entry.run->items.push_back(Item{.kind = kind,
                                  .first_tag = 0,
                                  .tag_count = 1,
                                  .event = event,
                                  .cursor = event->cursor,
                                  .extra = nullptr});
}

void Pass::HandOut() {
  for (size_t i = 0; i < runs_used_; ++i) {
    HandOutRun(*runs_[i]);
  }
  for (Subscriber* subscriber : merging_) {
    if (!subscriber->closed) {
      writer_.Guarded(*subscriber, [&] { GiveMerged(*subscriber); });
    }
  }
}

void Pass::HandOutRun(const EventRun& run) {
  for (std::span<const Item> rest(run.items); !rest.empty();) {
    const size_t count = CountForWrite(rest, options_.write_events, options_.write_bytes);
    HandOutPart(run, rest.first(count));
    rest = rest.subspan(count);
  }
}

void Pass::HandOutPart(const EventRun& run, std::span<const Item> items) {
  const uint64_t number = next_run_++;
  for (IndexMember* member : run.entry->members) {
    auto& subscription = static_cast<Subscription&>(*member);
    Subscriber& subscriber = *subscription.subscriber;
    if (!subscriber.closed) {
      writer_.Guarded(subscriber, [&] { Give(subscription, items, number); });
    }
  }
}

void Pass::Give(Subscription& subscription, std::span<const Item> items, uint64_t number) {
  Subscriber& subscriber = *subscription.subscriber;
  if (Holds(subscription)) {
    for (const Item& item : After(items, subscription.place)) {
      Hold(subscription, item.kind, item.event);
    }
    return AfterQueueing(subscriber);
  }
  if (subscriber.subscriptions.size() > 1 || subscription.is_part()) {
    if (subscriber.merging != number_) {
      merging_.push_back(&subscriber);
      subscriber.merging = number_;
    }
    return;
  }
  const std::span<const Item> its = After(items, subscription.place);
  const Outbox& outbox = subscriber.outbox;
  const bool worth_a_write = pace_ == Pace::kLive || its.size() >= options_.write_events;
  if (its.empty()) {
    return;
  }
  if (!outbox.writing && outbox.pending() == 0 && worth_a_write) {
    writer_.Send(subscriber, {.items = its,
                              .tags = std::span(&subscription.tag, 1),
                              .run = its.size() == items.size() ? number : 0});
  } else if (subscriber.overflowed != number_) {
    for (size_t i = 0; i < its.size() && Queue(subscription, its[i]); ++i) {
    }
    AfterQueueing(subscriber);
  }
}

// Merges the runs of the subscriber's filters back into the order of the log. The event that some
// match and some tell a leave of comes once as each.
void Pass::GiveMerged(Subscriber& subscriber) {
  struct Rest {
    Subscription* subscription;
    std::span<const Item> items;
  };
  absl::InlinedVector<Rest, 8> rests;
  const auto add = [&](Subscription* part) {
    if (part != nullptr && part->cohort == cohort_ && part->entry->run_of == number_ &&
        !Holds(*part)) {
      rests.push_back({part, After(part->entry->run->items, part->place)});
    }
  };
  for (const auto& subscription : subscriber.subscriptions) {
    add(subscription.get());
    add(subscription->rest.get());
  }
  const auto earlier = [](const Rest& a, const Rest& b) {
    if (a.items.empty() || b.items.empty()) {
      return b.items.size() < a.items.size();
    }
    const Item& one = a.items.front();
    const Item& other = b.items.front();
    return Planted("filters-out-of-order") !=
           (std::tie(one.cursor.sequence, one.kind) < std::tie(other.cursor.sequence, other.kind));
  };
  while (true) {
    Rest& next = *std::min_element(rests.begin(), rests.end(), earlier);
    if (next.items.empty()) {
      break;
    }
    const Item& item = next.items.front();
    if (next.subscription->Gives(*item.event) && !Queue(*next.subscription, item)) {
      break;
    }
    next.items = next.items.subspan(1);
  }
  AfterQueueing(subscriber);
}

bool Pass::Queue(Subscription& subscription, const Item& item) {
  Subscriber& subscriber = *subscription.subscriber;
  // An event whose first item was queued is queued whole, so that none comes twice after an
  // overflow.
  if (!subscriber.outbox.EndsWith(item.event) && writer_.IsFull(subscriber)) {
    writer_.Flush(subscriber);
    if (Planted("full-batch-drops") && writer_.IsFull(subscriber)) return true;
    if (writer_.IsFull(subscriber)) {
      subscriber.overflowed = number_;
      overflows_.push_back({&subscriber, PlaceBefore(*item.event)});
      return false;
    }
  }
  Push(subscription, item.kind, item.event);
  return true;
}

void Pass::Push(Subscription& part, Item::Kind kind, const EventPtr& event) {
  Subscriber& subscriber = *part.subscriber;
  if (part.is_part()) {
    subscriber.outbox.PushEventAt(PlaceAfter(part, *event), kind, event, part.tag);
  } else {
    subscriber.outbox.PushEvent(kind, event, part.tag);
  }
  writer_.Touch(subscriber);
}

// The other part is in another cohort, so this pass does not move it.
Place Pass::PlaceAfter(const Subscription& part, const EventRecord& event) {
  return part.rest != nullptr ? Place(ReachedBy(*part.rest), event.cursor)
                              : Place(event.cursor, ReachedBy(*part.whole));
}

// The place just before one of the pass's events.
Cursor Pass::PlaceBefore(const EventRecord& event) const {
  const auto found = std::lower_bound(
      events_.begin(), events_.end(), event.cursor.sequence,
      [](const EventPtr& each, Sequence sequence) { return each->cursor.sequence < sequence; });
  return found == events_.begin() ? cohort_->place : (*std::prev(found))->cursor;
}

// Lets go of the events.
void Pass::Forget() {
  for (size_t i = 0; i < runs_used_; ++i) {
    runs_[i]->items.clear();
  }
  if (runs_.size() > kKeptRuns) {
    runs_.resize(kKeptRuns);
  }
}

size_t Pass::bytes() const {
  size_t bytes = HeapBytes(runs_) + HeapBytes(merging_) + HeapBytes(overflows_);
  for (const auto& run : runs_) {
    bytes += sizeof(*run) + HeapBytes(run->items);
  }
  return bytes;
}

}  // namespace tocsin
