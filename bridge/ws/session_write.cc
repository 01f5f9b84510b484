// What the engine hands a session, as frames: rendered for the first that is given it, and shared.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "bridge/ws/frames.h"
#include "bridge/ws/session.h"
#include "core/base/log.h"
#include "core/base/strings.h"

namespace tocsin::bridge::ws {
namespace {

constexpr size_t kKeptFramesBytes = 4 * limits::kWriteBytes;

}  // namespace

// The engine holds the items while it calls, so a session that fails here ends later, and is
// written to no more.
bool Session::Write(const WriteView& view) {
  try {
    return RenderAll(view);
  } catch (const std::exception& error) {
    LogError("a session could not be written", {{"error", error.what()}});
    broken_ = true;
    return false;
  }
}

bool Session::RenderAll(const WriteView& view) {
  RenderedBatch& batch = deflate_ ? context_.compression->rendered : context_.rendered;
  const std::string_view head = view.run != 0 ? std::string_view(HeadFor(view.tags)) : "";
  asked_ = asked_bytes_ = 0;
  if (!batch.Is(view, head)) {
    batch.frames.clear();
    batch.Set({}, "");
    for (const Item& item : view.items) {
      Render(view, item, batch.frames);
    }
    batch.Set(view, head);
  }
  CountSent(view);
  const bool left = output_.SendBatch(batch.frames);
  if (batch.frames.capacity() > kKeptFramesBytes) {
    std::string().swap(batch.frames);
    batch.Set({}, "");
  }
  return left;
}

void Session::CountSent(const WriteView& view) {
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
    context_.metrics.message_latency_seconds.Observe(
        absl::ToDoubleSeconds(context_.clock.Now() - newest->time));
  }
  context_.metrics.messages_sent.Increment(events + others);
}

void Session::Render(const WriteView& view, const Item& item, std::string& out) {
  const auto tags = view.TagsOf(item);
  const Named* named = tags.empty() ? nullptr : FindByTag(tags.front());
  switch (item.kind) {
    case Item::Kind::kEvent:
      return RenderEvent(tags, item, out);
    case Item::Kind::kSubscribed:
      if (named != nullptr) {
        AppendTextFrame(
            out, SubscribedMessage(named->id, *item.extra->filter, item.cursor, item.recovered));
      }
      return;
    case Item::Kind::kUnsubscribed:
      if (named != nullptr) {
        AppendTextFrame(out, UnsubscribedMessage(named->id));
        Forget(named->tag);
      }
      return;
    case Item::Kind::kGap:
      if (named != nullptr) {
        AppendTextFrame(out, GapMessage(named->id, item.extra->gap));
      }
      return;
    case Item::Kind::kBookmark:
      return RenderPong(item, out);
    case Item::Kind::kEnded:
      return RenderEnded(tags.front(), item.extra->status, out);
    case Item::Kind::kCaughtUp:
      return;
  }
}

// An event that is damaged is a gap in its place.
void Session::RenderEvent(std::span<const SubscriptionTag> tags, const Item& item,
                          std::string& out) {
  if (const std::string* tail = context_.json.TailOf(*item.event)) {
    return deflate_ ? context_.compression->events.Append(out, HeadFor(tags), item.cursor, *tail)
                    : AppendTextFrame(out, HeadFor(tags), *tail);
  }
  const Gap gap{.reason = GapReason::kDamaged,
                .from = {item.cursor.epoch, item.cursor.sequence - 1},
                .to = item.cursor};
  for (SubscriptionTag tag : tags) {
    if (const Named* named = FindByTag(tag)) {
      AppendTextFrame(out, GapMessage(named->id, gap));
    }
  }
}

void Session::RenderPong(const Item& item, std::string& out) {
  const std::string_view note =
      item.extra == nullptr ? kPlainPing : std::string_view(item.extra->note);
  if (note == kHeartbeat) {
    heartbeat_owed_ = false;
  }
  const bool own_time = note == kHeartbeat || note == kPlainPing;
  AppendTextFrame(
      out, PongMessage(own_time ? JsonTime(context_.clock.Now()) : std::string(note), item.cursor));
}

void Session::RenderEnded(SubscriptionTag tag, const absl::Status& status, std::string& out) {
  const Named* named = FindByTag(tag);
  if (named == nullptr) {
    return;
  }
  ErrorDetails details = ErrorDetailsOf(status);
  if (details.field == "from") {  // as gRPC calls it
    details.field = "resume_from";
  }
  AppendTextFrame(
      out,
      ErrorMessage(MakeError(ErrorCodeOf(status), ToStd(status.message()), details), named->id));
  Forget(tag);
}

const std::string& Session::HeadFor(std::span<const SubscriptionTag> tags) {
  if (!std::equal(tags.begin(), tags.end(), head_tags_.begin(), head_tags_.end())) {
    head_tags_.assign(tags.begin(), tags.end());
    std::vector<SubscriptionTag> sorted = head_tags_;  // in the order in which they were subscribed
    std::sort(sorted.begin(), sorted.end());
    std::vector<std::string> quoted;
    for (SubscriptionTag tag : sorted) {
      const Named* named = FindByTag(tag);
      quoted.push_back(JsonString(named == nullptr ? "" : std::string_view(named->id)));
    }
    head_ = EventMessageHead(std::vector<std::string_view>(quoted.begin(), quoted.end()));
  }
  return head_;
}

}  // namespace tocsin::bridge::ws
