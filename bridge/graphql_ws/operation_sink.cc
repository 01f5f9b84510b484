#include "bridge/graphql_ws/operation_sink.h"

#include <exception>
#include <utility>

#include "bridge/graphql/input_words.h"
#include "bridge/graphql_ws/server_message.h"
#include "bridge/ws/frames.h"
#include "core/base/log.h"
#include "core/base/strings.h"
#include "core/event/error.h"

namespace tocsin::bridge::graphql_ws {

bool OperationSink::Write(const WriteView& view) {
  try {
    return SendBatch(view);
  } catch (const std::exception& error) {
    LogError("a session could not be written", {{"error", error.what()}});
    failed_ = true;
    return false;
  }
}

bool OperationSink::SendBatch(const WriteView& view) {
  asked_.Clear();
  const absl::Time now = context_.shared.clock.Now();
  if (now >= end_) {
    return false;
  }
  Told told;
  const std::string_view frames = view.run != 0 ? RenderRun(view, told) : RenderAlone(view, told);
  Count(told, now);
  const bool left = frames.empty() || output_.SendBatch(frames);
  rendered().frames.Release();
  if (context_.batch.capacity() > RenderedBatch::kKeptBytes) {
    std::string().swap(context_.batch);
  }
  return left;
}

// A run holds nothing but events and leaves, for one operation.
std::string_view OperationSink::RenderRun(const WriteView& view, Told& told) {
  Operation* const operation = operations_.Find(view.tags.front());
  if (operation == nullptr) {
    return "";
  }
  const NextFrames::Frames frames =
      rendered().frames.Of(view, *operation->form, operation->quoted_id);
  told = {frames.count, view.items.back().event.get(), frames.count};
  operation->quiet &= frames.count == 0;
  return frames.bytes;
}

std::string_view OperationSink::RenderAlone(const WriteView& view, Told& told) {
  std::string& out = context_.batch;
  out.clear();
  for (const Item& item : view.items) {
    if (item.kind == Item::Kind::kBookmark) {
      RenderBookmark(item, out, told);
    }
    for (const SubscriptionTag tag : view.TagsOf(item)) {
      if (Operation* const operation = operations_.Find(tag)) {
        RenderOfOne(*operation, item, out, told);
      }
    }
  }
  return out;
}

void OperationSink::RenderOfOne(Operation& operation, const Item& item, std::string& out,
                                Told& told) {
  const size_t before = out.size();
  switch (item.kind) {
    case Item::Kind::kEvent:
    case Item::Kind::kLeft:
    case Item::Kind::kLeftUnseen: {
      const EventTails::Tail& tail = rendered().tails.Of(*operation.form, item);
      if (!tail.bytes.empty()) {
        AppendNext(out, operation.quoted_id, tail.bytes, tail.deflated);
        ++told.events;
        told.newest = item.event.get();
      }
      break;
    }
    case Item::Kind::kGap: {
      std::string tail;
      AppendGapTail(tail, item.extra->gap);
      AppendNext(out, operation.quoted_id, tail);
      break;
    }
    case Item::Kind::kSubscribed:
      operation.began = true;
      if (const auto beginning = std::move(operation.beginning)) {
        out += *beginning;
      }
      break;
    case Item::Kind::kEnded:
      ++told.messages;
      return RenderEnd(operation, item.extra->status, out);
    case Item::Kind::kCaughtUp:
      if (std::exchange(operation.replaying, false)) {
        owner_.OnCaughtUp();
      }
      return;
    case Item::Kind::kUnsubscribed:
    case Item::Kind::kBookmark:
      return;
  }
  if (out.size() != before) {
    operation.quiet = false;
    ++told.messages;
  }
}

void OperationSink::RenderBookmark(const Item& item, std::string& out, Told& told) {
  const uint8_t kind = item.extra == nullptr ? 0 : item.extra->note.kind;
  if (kind != kAuthenticated && kind != kPermissionChanged) {
    return RenderHeartbeat(item, out, told);
  }
  --authenticating_;
  ws::AppendTextFrame(out, AuthenticatedPong(item.extra->note.text, kind == kPermissionChanged));
  ++told.messages;
}

// Tells the operations that were told nothing for a while where they may resume from, so that the
// cursor of one whose filter seldom matches does not fall out of what is kept. An operation whose
// snapshot is still being sent has no place yet.
void OperationSink::RenderHeartbeat(const Item& item, std::string& out, Told& told) {
  heartbeat_asked_ = false;
  bool ping = false;
  for (Operation& operation : operations_.all()) {
    const bool wanted = item.cursor.epoch != 0 && operation.began && operation.quiet;
    operation.quiet = true;
    if (wanted && operation.form->tells->heartbeat()) {
      std::string tail;
      operation.form->tells->TellHeartbeat(tail, context_.shared.clock.Now());
      EndNextAt(tail, item.cursor);
      AppendNext(out, operation.quoted_id, tail);
      ++told.messages;
    } else {
      ping |= wanted;
    }
  }
  if (ping) {
    ws::AppendTextFrame(out, CursorPing(item.cursor));
    ++told.messages;
  }
}

void OperationSink::RenderEnd(Operation& operation, const absl::Status& status, std::string& out) {
  ErrorDetails details = ErrorDetailsOf(status);
  if (details.field == "from" || ErrorCodeOf(status) == ErrorCode::kCursorExpired) {
    details.field = operation.resumes_by_extension ? "extensions.resumeFrom" : "resumeFrom";
  }
  const absl::Status told = MakeError(ErrorCodeOf(status), ToStd(status.message()), details);
  ws::AppendTextFrame(out, ErrorMessage(operation.quoted_id, {graphql::ErrorOf(told)},
                                        context_.shared.clock.Now()));
  operations_.Remove(operation.tag);
  owner_.OnOperationEnded();
}

void OperationSink::Count(const Told& told, absl::Time now) {
  Metrics& metrics = context_.shared.metrics;
  metrics.messages_sent.Increment(static_cast<double>(told.messages));
  if (told.events > 0) {
    metrics.events_delivered.Increment(static_cast<double>(told.events));
    metrics.message_latency_seconds.Observe(absl::ToDoubleSeconds(now - told.newest->time));
  }
}

}  // namespace tocsin::bridge::graphql_ws
