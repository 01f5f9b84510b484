// What a session does with each of its client's messages, and with the snapshots that they ask for.
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "bridge/ws/frames.h"
#include "bridge/ws/server_message.h"
#include "bridge/ws/session.h"

namespace tocsin::bridge::ws {
namespace {

constexpr size_t kMaxTimestampBytes = 256;

}  // namespace

void Session::Handle(const SubscribeMessage& message) {
  absl::StatusOr<FilterPtr> filter = Filter::Compile(message.filters, "filters");
  if (!filter.ok()) {
    return Refuse(filter.status(), message.subscription_id);
  }
  SubscriptionTag tag = TagOf(message.subscription_id);
  if (tag == 0 && names_.in_use() >= context_.options.max_subscriptions) {
    return Refuse(
        MakeError(ErrorCode::kSubscriptionLimitExceeded,
                  absl::StrCat("a connection may have at most ", context_.options.max_subscriptions,
                               " subscriptions; unsubscribe one first")),
        message.subscription_id);
  }
  sink_.asked().Count((*filter)->key().size());
  if (message.snapshot) {
    return BeginSnapshot(message, tag, *std::move(filter));
  }
  if (tag == 0) {
    tag = AddName(message.subscription_id);
  }
  snapshots_.Remove(tag);
  context_.shard.Subscribe(
      subscriber_, {.tag = tag,
                    .filter = *std::move(filter),
                    .start = message.has_start ? std::optional(message.start) : std::nullopt,
                    .urgent = message.urgent,
                    .notify_on_gap = message.notify_on_gap,
                    .priority = message.priority,
                    .latest_only = message.latest_only,
                    .leaves = message.leaves});
}

SubscriptionTag Session::AddName(const std::string& subscription_id) {
  context_.metrics.active_subscriptions.Increment();
  return names_.Add(subscription_id);
}

void Session::Handle(const UnsubscribeMessage& message) {
  const SubscriptionTag tag = TagOf(message.subscription_id);
  if (const auto snapshot = snapshots_.Remove(tag)) {
    return EndSnapshot(*snapshot);
  }
  if (tag == 0 || !context_.shard.Unsubscribe(subscriber_, tag)) {
    return Refuse(MakeError(ErrorCode::kNotFound, "there is no subscription of this id",
                            {.field = "subscription_id"}),
                  message.subscription_id);
  }
  names_.MarkUnsubscribed(tag);
  sink_.asked().Count(0);
}

void Session::Handle(const PingMessage& message) {
  const std::string& timestamp = message.timestamp_json;
  if (timestamp.size() > kMaxTimestampBytes) {
    return Refuse(MakeError(ErrorCode::kInvalidMessage, "the ping's timestamp is too long",
                            {.field = "timestamp",
                             .allowed = {absl::StrCat("at most ", kMaxTimestampBytes, " bytes")}}));
  }
  sink_.asked().Count(timestamp.size());
  context_.shard.Bookmark(subscriber_,
                          {.kind = static_cast<uint8_t>(PongKind::kPing), .text = timestamp});
}

void Session::Handle(const AckMessage&) {}  // Admit has counted it as a sign of life

// Where authentication is off, as it is here, credentials are passed over.
void Session::Handle(const AuthenticateMessage&) {}

SubscriptionTag Session::TagOf(std::string_view subscription_id) const {
  return names_.TagOf(subscription_id, [this](SubscriptionTag tag) {
    return context_.shard.Has(subscriber_, tag) || snapshots_.Has(tag);
  });
}

// ---- snapshots ----

// In place of a known subscription: that one ends at once, and the snapshot begins when its last
// has been sent. So no event from before the snapshot comes after it.
void Session::BeginSnapshot(const SubscribeMessage& message, SubscriptionTag tag,
                            FilterPtr filter) {
  SessionSnapshots::Request request{.tag = tag,
                                    .filter = std::move(filter),
                                    .notify_on_gap = message.notify_on_gap,
                                    .latest_only = message.latest_only};
  if (const auto unfinished = snapshots_.Remove(tag)) {
    request.replaces = unfinished->replaces;
  } else {
    request.tag = AddName(message.subscription_id);
    if (tag != 0) {
      names_.MarkReplaced(tag);
      context_.shard.Unsubscribe(subscriber_, tag);
      request.replaces = tag;
    }
  }
  snapshots_.Add(std::move(request));
}

// The client has unsubscribed. What it may have had before is not over until its last was sent.
void Session::EndSnapshot(const SessionSnapshots::Request& request) {
  if (request.replaces != 0) {
    names_.TellEnd(request.replaces);
  } else {
    Reply(UnsubscribedMessage(*names_.IdOf(request.tag)));
  }
  names_.Forget(request.tag);
  context_.metrics.active_subscriptions.Decrement();
}

// Never compressed: nobody else is sent it, and the worker's other sessions would wait meanwhile.
std::string Session::SnapshotFrames(const SessionSnapshots::Request& request,
                                    std::string_view text) {
  std::string frame;
  AppendTextFrame(frame, SnapshotMessageHead(*names_.IdOf(request.tag)), text);
  return frame;
}

void Session::OnSnapshotBegun(const SessionSnapshots::Request& request, const Cursor& place) {
  Reply(SubscribedMessage(*names_.IdOf(request.tag), *request.filter, place, /*recovered=*/true));
}

// The last message takes the place of `subscribed`, which the client has been told.
void Session::OnSnapshotRead(const SessionSnapshots::Request& request, const Cursor& place,
                             std::string last) {
  names_.SetBeginning(request.tag,
                      absl::StrCat(SnapshotMessageHead(*names_.IdOf(request.tag)), last));
  context_.shard.Subscribe(subscriber_, {.tag = request.tag,
                                         .filter = request.filter,
                                         .start = place,
                                         .notify_on_gap = request.notify_on_gap,
                                         .latest_only = request.latest_only,
                                         .leaves = true});
}

void Session::OnSnapshotFailed(const SessionSnapshots::Request& request,
                               const absl::Status& status) {
  const std::string id = *names_.IdOf(request.tag);
  names_.Forget(request.tag);
  context_.metrics.active_subscriptions.Decrement();
  Reply(ErrorMessage(status, id));
}

}  // namespace tocsin::bridge::ws
