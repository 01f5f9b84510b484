#include "bridge/ws/message_renderer.h"

#include "bridge/ws/frames.h"
#include "bridge/ws/server_message.h"
#include "core/base/strings.h"
#include "core/event/error.h"

namespace tocsin::bridge::ws {
namespace {

std::string EndedMessage(const std::string& id, const absl::Status& status) {
  ErrorDetails details = ErrorDetailsOf(status);
  if (details.field == "from") {  // as gRPC calls it
    details.field = "resume_from";
  }
  return ErrorMessage(MakeError(ErrorCodeOf(status), ToStd(status.message()), details), id);
}

}  // namespace

BookmarkKind KindOf(const Item& bookmark) {
  return static_cast<BookmarkKind>(bookmark.extra == nullptr ? 0 : bookmark.extra->note.kind);
}

std::string_view MessageRenderer::Render(const WriteView& view) {
  const std::string_view head =
      view.run != 0 ? std::string_view(names_.HeadFor(view.tags)) : std::string_view();
  return batch().Of(view, head, [&](std::string& out) {
    for (const Item& item : view.items) {
      RenderItem(view, item, out);
    }
  });
}

void MessageRenderer::RenderItem(const WriteView& view, const Item& item, std::string& out) {
  const auto tags = view.TagsOf(item);
  if (item.kind == Item::Kind::kEvent || item.kind == Item::Kind::kLeft) {
    RenderEvent(tags, item, out);
  } else if (item.kind == Item::Kind::kLeftUnseen) {
    RenderUnseen(tags, item, out);
  } else if (item.kind == Item::Kind::kBookmark) {
    RenderBookmark(item, out);
  } else if (const std::string* id = tags.empty() ? nullptr : names_.IdOf(tags.front())) {
    RenderOfOne(tags.front(), *id, item, out);
  }
}

void MessageRenderer::RenderEvent(std::span<const SubscriptionTag> tags, const Item& item,
                                  std::string& out) {
  const bool left = item.kind == Item::Kind::kLeft;
  EventJson& json = left ? context_.left_json : context_.json;
  if (const std::string* tail = json.TailOf(*item.event)) {
    const std::string& names = names_.HeadFor(tags);
    std::string head = item.passed_over == 0 ? names : PassedOverHead(names, item.passed_over);
    if (left) {
      head = LeftMessageHead(head);
    }
    return AppendFrame(item, head, *tail, out);
  }
  for (SubscriptionTag tag : tags) {
    if (const std::string* id = names_.IdOf(tag)) {
      AppendTextFrame(out, GapMessage(*id, DamagedGap(item.cursor), item.place()));
    }
  }
}

// Seldom, so nothing of it is kept for others.
void MessageRenderer::RenderUnseen(std::span<const SubscriptionTag> tags, const Item& item,
                                   std::string& out) {
  const std::string& names = names_.HeadFor(tags);
  const std::string head =
      LeftMessageHead(item.passed_over == 0 ? names : PassedOverHead(names, item.passed_over));
  std::string tail;
  if (AppendUnseenLeftTail(tail, *item.event).ok()) {
    AppendTextFrame(out, head, EventJson::WithPlace(tail, item.cursor, item.place()));
  }
}

void MessageRenderer::AppendFrame(const Item& item, std::string_view head, const std::string& tail,
                                  std::string& out) {
  const bool alone = item.place().is_split();  // nobody else has this place
  const std::string own =
      alone ? EventJson::WithPlace(tail, item.cursor, item.place()) : std::string();
  if (!deflate_) {
    return AppendTextFrame(out, head, alone ? own : tail);
  }
  return alone ? context_.compression->events.AppendOnce(out, head, own)
               : context_.compression->events.Append(out, head, item.cursor, tail);
}

void MessageRenderer::RenderOfOne(SubscriptionTag tag, const std::string& id, const Item& item,
                                  std::string& out) {
  switch (item.kind) {
    case Item::Kind::kSubscribed: {
      const std::unique_ptr<std::string> beginning = names_.TakeBeginning(tag);
      return AppendTextFrame(
          out, beginning != nullptr
                   ? *beginning
                   : SubscribedMessage(id, *item.extra->filter, item.place(), item.recovered));
    }
    case Item::Kind::kUnsubscribed:
      return names_.TellsEnd(tag) ? AppendTextFrame(out, UnsubscribedMessage(id)) : void();
    case Item::Kind::kGap:
      return AppendTextFrame(out, GapMessage(id, item.extra->gap, item.place()));
    case Item::Kind::kEnded:
      return AppendTextFrame(out, EndedMessage(id, item.extra->status));
    default:
      return;
  }
}

void MessageRenderer::RenderBookmark(const Item& item, std::string& out) {
  const BookmarkKind kind = KindOf(item);
  if (kind == BookmarkKind::kAuthenticated || kind == BookmarkKind::kPermissionChanged) {
    const bool changed = kind == BookmarkKind::kPermissionChanged;
    return AppendTextFrame(out, AuthenticatedMessage(item.extra->note.text, changed, item.place()));
  }
  RenderPong(item, out);
}

// Returns the time that a client put into its ping; if it put none there, the server's time.
void MessageRenderer::RenderPong(const Item& item, std::string& out) {
  const std::string* const asked = item.extra == nullptr ? nullptr : &item.extra->note.text;
  AppendTextFrame(
      out,
      PongMessage(asked != nullptr && !asked->empty() ? *asked : JsonTime(context_.clock.Now()),
                  item.place()));
}

}  // namespace tocsin::bridge::ws
