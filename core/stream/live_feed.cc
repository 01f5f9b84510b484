#include "core/stream/live_feed.h"

#include <optional>
#include <vector>

#include "core/event/limits.h"

namespace tocsin {
namespace {

// One turn's share of the new events. After it the sockets get their turn, so that a burst does not
// fill every outbox.
constexpr size_t kDrainEvents = 512;
constexpr size_t kDrainBytes = 2 * limits::kMiB;

}  // namespace

bool LiveFeed::SeeOpen() {
  if (!open_) {
    const Window::View view = window_.view();
    if (view.open) {
      open_ = true;
      live_.place = view.head;
      resets_seen_ = view.resets;
    }
  }
  return open_;
}

void LiveFeed::Drain() {
  if (!SeeOpen()) {
    return;
  }
  const Window::View view = window_.view();
  if (view.resets != resets_seen_) {
    NoticeReset(view);
  }
  if (!writer_.tick() || live_.place == view.head) {
    return;
  }
  slice_.events.clear();
  if (window_.Read(live_.place, view.head, kDrainEvents, kDrainBytes, slice_) ==
      Window::Outcome::kRead) {
    delivery_.HandOut(live_, slice_.events, slice_.to, Pass::Pace::kLive);
  } else {
    // The window moved on faster than this thread: the log has what was missed.
    const Cursor missed = live_.place;
    live_.place = window_.view().head;
    placement_.FallBehind(live_.members(), missed);
  }
  slice_.events.clear();
  if (live_.place != window_.view().head) {
    bell_.Wake();
  }
}

// The window knows of a hole. Members that stood where it begins are told of it here; the others
// fall behind, and the log tells them what they miss.
void LiveFeed::NoticeReset(const Window::View& view) {
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
      placement_.End(*member, GapError(*gap, gap->to, gap->to));
    } else {
      member->place = gap->to;
      notices_.HasGap(*member, *gap);
    }
  }
  placement_.FallBehind(elsewhere, before);
}

}  // namespace tocsin
