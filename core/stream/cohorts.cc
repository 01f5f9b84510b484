// A subscription becomes live in one place (JoinLive), on the thread that moves both its place and
// the live cohort's. A member is given only what comes after its own place. So no event can fall
// between replay and live, and none comes twice, wherever it joins.
#include "core/stream/cohorts.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "core/base/check.h"
#include "core/base/heap_bytes.h"
#include "core/event/error.h"

namespace tocsin {
namespace {

// One turn's share of the news: past it the sockets get their turn, so that a burst does not fill
// every outbox.
constexpr size_t kDrainEvents = 512;
constexpr size_t kDrainBytes = 2 * limits::kMiB;

absl::Status NotOpen() {
  return MakeError(ErrorCode::kServiceUnavailable, "the log is not open yet; try again shortly",
                   {.retry_after = absl::Seconds(1)});
}

}  // namespace

Cohorts::Cohorts(Shard& shard, const Window& window, LogReader& log, Writer& writer,
                 Notices& notices, Bell& bell, const ShardOptions& options, ShardStats& stats)
    : shard_(shard),
      window_(window),
      log_(log),
      writer_(writer),
      notices_(notices),
      bell_(bell),
      options_(options),
      stats_(stats),
      pass_(writer, options) {}

bool Cohorts::SeeOpen(const Window::View& view) {
  if (view.open && !open_) {
    open_ = true;
    live_.place = view.head;
    resets_seen_ = view.resets;
  }
  return open_;
}

// ---- coming and going ----

void Cohorts::Begin(Subscription& subscription, const StartPoint& start) {
  subscription.announced = false;
  subscription.start = start;
  subscription.place = Cursor{};
  const Window::View view = window_.view();
  if (!SeeOpen(view)) {
    return End(subscription, NotOpen());
  }
  if (std::holds_alternative<Latest>(start)) {
    subscription.place = view.head;
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

void Cohorts::Leave(Subscription& subscription) {
  Cohort* const cohort = subscription.cohort;
  if (subscription.queued.has_value()) {
    queue_.Remove(subscription);
  } else if (cohort != nullptr) {
    subscription.place = cohort->PlaceOf(subscription);
    cohort->Remove(subscription);
    if (cohort->live()) {
      stats_.live.fetch_sub(1, std::memory_order_relaxed);
    } else if (cohort->empty() && cohort != served_) {
      Close(*cohort);
    }
  }
}

void Cohorts::End(Subscription& subscription, absl::Status status) {
  Subscriber& subscriber = *subscription.subscriber;
  const SubscriptionTag tag = subscription.tag;
  Erase(subscription);
  notices_.Ended(subscriber, tag, std::move(status));
  bell_.Wake();
}

void Cohorts::Erase(Subscription& subscription) {
  Leave(subscription);
  auto& all = subscription.subscriber->subscriptions;
  const auto found = std::find_if(all.begin(), all.end(),
                                  [&](const auto& each) { return each.get() == &subscription; });
  TOCSIN_CHECK(found != all.end());
  all.erase(found);
  ShrinkWhenSparse(all);
  stats_.subscriptions.fetch_sub(1, std::memory_order_relaxed);
}

void Cohorts::Join(Subscription& subscription) {
  // One before the window's end is told that it has caught up only after what is there now.
  const Sequence end = window_.view().head.sequence;
  if (subscription.place.sequence >= std::max(live_.place.sequence, end)) {
    return JoinLive(subscription);
  }
  Cohort* cohort = NearBefore(subscription.place.sequence);
  if (cohort == nullptr) {
    cohort = &AddCohort(subscription.place);
  }
  cohort->Add(subscription);
  MakeReady(*cohort);
}

void Cohorts::JoinLive(Subscription& subscription) {
  live_.Add(subscription);
  stats_.live.fetch_add(1, std::memory_order_relaxed);
  notices_.CaughtUp(subscription, live_.PlaceOf(subscription));
  bell_.Wake();
}

// The last cohort at or shortly before the place that reads the window. The one that is served now
// may just be found to be too old for it.
Cohort* Cohorts::NearBefore(Sequence place) const {
  for (auto next = behind_.upper_bound(place); next != behind_.begin();) {
    --next;
    if (place - next->first > LogQueue::kNear) {
      return nullptr;
    }
    if (next->second->reading == nullptr && next->second.get() != served_) {
      return next->second.get();
    }
  }
  return nullptr;
}

Cohort& Cohorts::AddCohort(const Cursor& place) {
  const auto added =
      behind_.emplace(place.sequence, std::make_unique<Cohort>(Cohort::Kind::kBehind));
  Cohort& cohort = *added->second;
  cohort.place = place;
  cohort.position = added;
  return cohort;
}

void Cohorts::Close(Cohort& cohort) {
  if (cohort.ready) {
    std::erase(ready_, &cohort);
  }
  if (cohort.reading != nullptr) {
    std::erase(readings_, &cohort);
    bell_.Wake();  // another may read
  }
  behind_.erase(cohort.position);
}

void Cohorts::MoveTo(Cohort& cohort, const Cursor& place) {
  cohort.place = place;
  if (!cohort.live()) {
    auto node = behind_.extract(cohort.position);
    node.key() = place.sequence;
    cohort.position = behind_.insert(std::move(node));
  }
}

void Cohorts::WaitForLog(Subscription& subscription, const StartPoint& start) {
  subscription.start = start;
  queue_.Push(subscription);
  bell_.Wake();
}

void Cohorts::Park(Subscription& subscription, Cursor place) {
  const Cursor own = subscription.place;
  Leave(subscription);
  subscription.place = own.sequence > place.sequence ? own : place;
  if (writer_.HasRoom(*subscription.subscriber)) {
    Rejoin(subscription);
  }
}

void Cohorts::Rejoin(Subscription& subscription) {
  if (window_.Holds(subscription.place)) {
    Join(subscription);
  } else {
    WaitForLog(subscription, subscription.place);
  }
}

void Cohorts::OnRoom(Subscriber& subscriber) {
  if (subscriber.closed || !writer_.HasRoom(subscriber)) {
    return;
  }
  for (const auto& subscription : subscriber.subscriptions) {
    if (subscription->waits_for_room()) {
      Rejoin(*subscription);
    } else if (subscription->cohort != nullptr && !subscription->cohort->live()) {
      MakeReady(*subscription->cohort);
      if (subscription->cohort->wait_until.has_value()) {
        bell_.Wake();  // it may be the last one that the others wait for
      }
    }
  }
}

Cursor Cohorts::PlaceOf(const Subscription& subscription) const {
  return subscription.cohort == nullptr ? subscription.place
                                        : subscription.cohort->PlaceOf(subscription);
}

// ---- merging ----

// Those whose place lies between the cohort's and `to`. A reading with a filter has not read what
// the others want.
void Cohorts::Absorb(Cohort& cohort, const Cursor& to) {
  const bool reads_log = cohort.reading != nullptr;
  if (reads_log && cohort.reading->filter != nullptr) {
    return;
  }
  std::vector<Cohort*> found;
  const auto end = behind_.upper_bound(to.sequence);
  const Sequence first = cohort.place.sequence + (cohort.live() ? 1 : 0);
  for (auto next = behind_.lower_bound(first); next != end; ++next) {
    Cohort& other = *next->second;
    const bool known = other.reading == nullptr || other.reading->resolved;
    const bool same_life = other.place.epoch == cohort.place.epoch && other.place.epoch == to.epoch;
    if (&other != &cohort && known && (reads_log ? same_life : window_.Holds(other.place))) {
      found.push_back(&other);
    }
  }
  for (Cohort* other : found) {
    MoveMembers(*other, cohort);
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

// Closes `from`, unless it is being served.
void Cohorts::MoveMembers(Cohort& from, Cohort& to) {
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
  if (&from != served_) {
    Close(from);
  }
}

// ---- the live ones ----

void Cohorts::Drain() {
  const Window::View view = window_.view();
  if (!SeeOpen(view)) {
    return;
  }
  if (view.resets != resets_seen_) {
    NoticeReset(view);
  }
  if (!writer_.tick() || live_.place == view.head) {
    return;
  }
  slice_.events.clear();
  if (window_.Read(live_.place, view.head, kDrainEvents, kDrainBytes, slice_) ==
      Window::Outcome::kRead) {
    HandOut(live_, slice_.events, slice_.to, Pass::Pace::kLive);
  } else {
    // The window moved on faster than this thread: the log has what was missed.
    const Cursor missed = live_.place;
    live_.place = window_.view().head;
    FallBehind(live_.members(), missed);
  }
  slice_.events.clear();
  if (live_.place != window_.view().head) {
    bell_.Wake();
  }
}

// Who stood where the hole begins is told here; who stood elsewhere asks the log.
void Cohorts::NoticeReset(const Window::View& view) {
  const Cursor before = live_.place;
  const std::optional<Gap> gap = window_.last_gap();
  resets_seen_ = view.resets;
  live_.place = view.base;
  std::vector<Subscription*> elsewhere;
  const std::vector<Subscription*> members = live_.members();
  for (Subscription* member : members) {
    const bool at_the_hole =
        gap.has_value() && before == gap->from && member->place.sequence <= gap->from.sequence;
    if (!at_the_hole) {
      elsewhere.push_back(member);
    } else if (!member->notify_on_gap) {
      End(*member, GapError(*gap, gap->to, gap->to));
    } else {
      notices_.HasGap(*member, *gap);
      member->place = gap->to;
    }
  }
  FallBehind(elsewhere, before);
}

// They have been given what comes up to `place`.
void Cohorts::FallBehind(std::vector<Subscription*> members, Cursor place) {
  for (Subscription* member : members) {
    Park(*member, place);
  }
}

// ---- serving ----

void Cohorts::HandOut(Cohort& cohort, std::span<const EventPtr> events, const Cursor& to,
                      Pass::Pace pace) {
  Absorb(cohort, to);
  const bool matched = cohort.reading != nullptr && cohort.reading->filter != nullptr;
  const auto overflows = pass_.Run(cohort, events, pace, matched);
  MoveTo(cohort, to);
  for (const Pass::Overflow& overflow : overflows) {
    stats_.fell_behind.fetch_add(cohort.live() ? 1 : 0, std::memory_order_relaxed);
    writer_.Guarded(*overflow.subscriber, [&] {
      for (const auto& subscription : overflow.subscriber->subscriptions) {
        if (subscription->cohort == &cohort) {
          Park(*subscription, overflow.place);
        }
      }
    });
  }
}

void Cohorts::MakeReady(Cohort& cohort) {
  if (!cohort.ready) {
    cohort.ready = true;
    cohort.rests_since.reset();
    ready_.push_back(&cohort);
    bell_.Wake();
  }
}

absl::Duration Cohorts::Serve() {
  absl::Duration due = StartReadings();
  size_t slices = 0;
  size_t later = 0;  // at the queue's end: they wait for those that have no room
  // Fewer may be left than there were: serving one may merge others into it.
  for (size_t left = ready_.size();
       left > 0 && !ready_.empty() && slices < options_.slices_per_turn; --left) {
    Cohort& cohort = *ready_.front();
    ready_.pop_front();
    cohort.ready = false;
    Guarded(cohort, [&] { slices += ServeSlice(cohort) ? 1 : 0; });
  }
  for (const Cohort* cohort : ready_) {
    if (cohort->wait_until.has_value()) {
      due = std::min(due, *cohort->wait_until);
      ++later;
    }
  }
  if (later < ready_.size()) {
    bell_.Wake();
  }
  return due;
}

bool Cohorts::ServeSlice(Cohort& cohort) {
  if (cohort.reading != nullptr && cohort.reading->asked) {
    return false;
  }
  if (!HasRoom(cohort)) {
    return false;
  }
  if (ReadWindow(cohort)) {
    return true;
  }
  if (cohort.reading != nullptr) {
    Ask(cohort);
  } else {
    FallBehind(cohort.members(), cohort.place);  // out of the window: to the log
  }
  return true;
}

// Those that have room wait a little for those that have not, and then leave them behind.
bool Cohorts::HasRoom(Cohort& cohort) {
  const std::vector<Subscription*>& members = cohort.members();
  const auto has_room = [&](const Subscription* member) {
    return writer_.HasRoom(*member->subscriber);
  };
  const auto with = std::count_if(members.begin(), members.end(), has_room);
  const bool all = with == static_cast<ptrdiff_t>(members.size());
  if (with == 0 && !cohort.rests_since.has_value()) {
    cohort.rests_since = writer_.now();
  }
  if (all || with == 0) {
    cohort.wait_until.reset();
    return all;
  }
  if (!cohort.wait_until.has_value()) {
    cohort.wait_until = writer_.now() + options_.wait_for_slower;
  }
  if (writer_.now() < *cohort.wait_until) {
    cohort.ready = true;
    ready_.push_back(&cohort);
    return false;
  }
  cohort.wait_until.reset();
  const std::vector<Subscription*> candidates = members;
  for (Subscription* member : candidates) {
    if (!has_room(member)) {
      Park(*member, cohort.place);
    }
  }
  return true;
}

// False when the window does not hold the cohort's place.
bool Cohorts::ReadWindow(Cohort& cohort) {
  if (!window_.Holds(cohort.place)) {
    return false;
  }
  if (cohort.reading != nullptr) {
    std::erase(readings_, &cohort);
    cohort.reading.reset();
  }
  if (cohort.place.sequence < live_.place.sequence) {
    Window::Slice slice;
    if (window_.Read(cohort.place, live_.place, options_.write_events, options_.write_bytes,
                     slice) != Window::Outcome::kRead) {
      return false;
    }
    HandOut(cohort, slice.events, slice.to, Pass::Pace::kBehind);
  }
  if (cohort.place.sequence >= live_.place.sequence) {
    MoveMembers(cohort, live_);
  } else {
    MakeReady(cohort);
  }
  return true;
}

size_t Cohorts::index_bytes() const {
  size_t bytes = live_.bytes() + queue_.size() * sizeof(Waiting::value_type) * 3;
  for (const auto& [place, cohort] : behind_) {
    bytes += cohort->bytes();
  }
  return bytes;
}

}  // namespace tocsin
