#include "bridge/ws/session_sink.h"

#include <exception>

#include "core/base/log.h"
#include "core/base/planted.h"

namespace tocsin::bridge::ws {

bool SessionSink::Write(const WriteView& view) {
  try {
    return SendBatch(view);
  } catch (const std::exception& error) {
    LogError("a session could not be written", {{"error", error.what()}});
    failed_ = true;
    return false;
  }
}

bool SessionSink::SendBatch(const WriteView& view) {
  asked_.Clear();
  const absl::Time now = context_.clock.Now();
  if (now >= end_ && !Planted("written-after-the-end")) {
    return false;
  }
  const std::string_view frames = renderer_.Render(view);
  CountSent(view, now);
  UpdateNames(view);
  const bool left = output_.SendBatch(frames);
  renderer_.Release();
  return left;
}

void SessionSink::CountSent(const WriteView& view, absl::Time now) {
  const EventRecord* newest = nullptr;
  double events = 0;
  double others = 0;
  for (const Item& item : view.items) {
    if (item.kind == Item::Kind::kEvent) {
      newest = item.event.get();
      ++events;
    } else {
      others += item.kind != Item::Kind::kCaughtUp ? 1 : 0;
    }
  }
  if (newest != nullptr) {
    context_.metrics.events_delivered.Increment(events);
    context_.metrics.message_latency_seconds.Observe(absl::ToDoubleSeconds(now - newest->time));
  }
  context_.metrics.messages_sent.Increment(events + others);
}

// Forgets the subscriptions whose end this write tells, and notes that what was asked for has left.
void SessionSink::UpdateNames(const WriteView& view) {
  if (view.run != 0) {
    return;  // a run holds nothing but events and leaves
  }
  for (const Item& item : view.items) {
    const bool gone = item.kind == Item::Kind::kUnsubscribed || item.kind == Item::Kind::kEnded;
    if (gone && names_.Forget(view.TagsOf(item).front())) {
      context_.metrics.active_subscriptions.Decrement();
      owner_.OnSubscriptionEnded(view.TagsOf(item).front());
    } else if (item.kind == Item::Kind::kCaughtUp &&
               names_.SetReplaying(view.TagsOf(item).front(), false)) {
      owner_.OnCaughtUp();
    } else if (item.kind == Item::Kind::kBookmark) {
      const BookmarkKind kind = KindOf(item);
      heartbeat_asked_ &= kind != BookmarkKind::kHeartbeat;
      authenticating_ -= kind >= BookmarkKind::kAuthenticated ? 1 : 0;
    }
  }
}

}  // namespace tocsin::bridge::ws
