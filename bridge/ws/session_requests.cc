// What a session does with each of its client's messages, and with the snapshots that they ask for.
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "bridge/ws/frames.h"
#include "bridge/ws/server_message.h"
#include "bridge/ws/session.h"
#include "core/base/planted.h"
#include "core/base/status_macros.h"
#include "core/http/connection_limits.h"
#include "core/stream/reads_log.h"

namespace tocsin::bridge::ws {
namespace {

constexpr size_t kMaxTimestampBytes = 256;

}  // namespace

void Session::Handle(const SubscribeMessage& message) {
  if (!output_.MayBegin(message.has_start && std::holds_alternative<Cursor>(message.start))) {
    return EndFull(http::NewcomersWait());
  }
  absl::StatusOr<FilterPtr> asked = Filter::Compile(message.filters, "filters");
  if (!asked.ok()) {
    return Refuse(asked.status(), message.subscription_id);
  }
  absl::StatusOr<FilterPtr> filter = Narrow(*asked);
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
  const bool replays =
      !message.snapshot && message.has_start && ReadsLog(context_.window, message.start);
  if (const absl::Status taken = TakePlaces(tag, message.snapshot, replays); !taken.ok()) {
    return Refuse(taken, message.subscription_id);
  }
  sink_.asked().Count((*filter)->key().size());
  if (message.snapshot) {
    return BeginSnapshot(message, tag, *std::move(filter), *std::move(asked));
  }
  if (tag == 0) {
    tag = AddName(message.subscription_id);
  }
  names_.SetReplaying(tag, replays);
  snapshots_.Remove(tag);
  GivePlacesBack();
  context_.shard.Subscribe(
      subscriber_, {.tag = tag,
                    .filter = *std::move(filter),
                    .asked = *asked,
                    .start = message.has_start ? std::optional(message.start) : std::nullopt,
                    .urgent = message.urgent,
                    .notify_on_gap = message.notify_on_gap,
                    .priority = message.priority,
                    .latest_only = message.latest_only,
                    .leaves = message.leaves});
}

absl::Status Session::TakePlaces(SubscriptionTag tag, bool with_snapshot, bool replays) {
  if (Planted("session-opens-uncounted")) return absl::OkStatus();
  SubjectLimits::Share& share = subject_.share();
  if (tag == 0) {
    RETURN_IF_ERROR(share.Take(Held::kSubscription));
  }
  absl::Status more;
  if (with_snapshot) {
    more = snapshots_.Has(tag) ? absl::OkStatus() : share.Take(Held::kSnapshot);
  } else if (replays) {
    more = names_.IsReplaying(tag) ? absl::OkStatus() : share.Take(Held::kReplay);
  }
  if (!more.ok()) {
    GivePlacesBack();
  }
  return more;
}

void Session::GivePlacesBack() {
  SubjectLimits::Share& share = subject_.share();
  share.KeepAtMost(Held::kSubscription, names_.in_use());
  share.KeepAtMost(Held::kReplay, names_.replaying());
  share.KeepAtMost(Held::kSnapshot, snapshots_.size());
}

void Session::OnSubscriptionEnded(SubscriptionTag tag) {
  snapshots_.OnEnded(tag);
  GivePlacesBack();
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
  GivePlacesBack();
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
                          {.kind = static_cast<uint8_t>(BookmarkKind::kPing), .text = timestamp});
}

void Session::Handle(const AckMessage&) {}  // Admit has counted it as a sign of life

// ---- tokens ----

// The ping is answered at once, and not told how far the log is.
void Session::HandleUnknown(const ClientMessage& message, std::string_view subscription_id) {
  if (const auto* authenticate = std::get_if<AuthenticateMessage>(&message)) {
    return Handle(*authenticate);
  }
  const auto* const ping = std::get_if<PingMessage>(&message);
  if (ping == nullptr || ping->timestamp_json.size() > kMaxTimestampBytes) {
    return Refuse(TokenRequired(), subscription_id);
  }
  Reply(PongMessage(
      ping->timestamp_json.empty() ? JsonTime(context_.clock.Now()) : ping->timestamp_json, {}));
}

// Where authentication is off, credentials are passed over.
void Session::Handle(const AuthenticateMessage& message) {
  if (!subject_.on()) {
    return;
  }
  const absl::StatusOr<SessionSubject::Change> change =
      subject_.Take(context_.authenticator.Authenticate(message.token, output_.Client()));
  if (!change.ok()) {
    return RefuseToken(change.status());
  }
  if (change->first) {
    output_.OnAuthenticated(subject_.get());
  }
  sink_.EndAt(subject_.EndsAt());
  if (change->permission) {
    NarrowAnew();
  }
  sink_.asked().Count(0);
  sink_.AwaitAuthenticated();
  const BookmarkKind kind =
      change->permission ? BookmarkKind::kPermissionChanged : BookmarkKind::kAuthenticated;
  context_.shard.Bookmark(
      subscriber_, {.kind = static_cast<uint8_t>(kind), .text = JsonTime(subject_.expires_at())});
}

void Session::RefuseToken(const absl::Status& refusal) {
  EndsSession(refusal) && !Planted("bad-token-goes-on") ? EndWith(refusal) : Refuse(refusal);
}

absl::StatusOr<FilterPtr> Session::Narrow(const FilterPtr& asked) const {
  if (Planted("permission-not-asked")) return asked;
  RETURN_IF_ERROR(subject_.permission().CheckSubscribe());
  return subject_.permission().Narrow(asked);
}

// What has been queued for the client was given under the earlier permission, and stands before
// `authenticated`. The end of a snapshot that has no place in the stream yet does not stand there: it
// is thrown away, and the snapshot begins anew.
void Session::NarrowAnew() {
  const auto narrow = [this](const FilterPtr& asked) { return Narrow(asked); };
  std::vector<SubscribeOptions> unbegun;
  for (const SubscriptionTag tag : names_.Beginning()) {
    if (auto options = context_.shard.Withdraw(subscriber_, tag)) {
      names_.TakeBeginning(tag);
      unbegun.push_back(*std::move(options));
    }
  }
  context_.shard.Refilter(subscriber_, narrow);
  snapshots_.Refilter(narrow);
  for (const SubscribeOptions& options : unbegun) {
    BeginSnapshotAnew(options);
  }
}

SubscriptionTag Session::TagOf(std::string_view subscription_id) const {
  return names_.TagOf(subscription_id, [this](SubscriptionTag tag) {
    return context_.shard.Has(subscriber_, tag) || snapshots_.Has(tag);
  });
}

// ---- snapshots ----

// In place of a known subscription: that one ends at once, and the snapshot begins when its last
// has been sent. So no event from before the snapshot comes after it.
void Session::BeginSnapshot(const SubscribeMessage& message, SubscriptionTag tag, FilterPtr filter,
                            FilterPtr asked) {
  SessionSnapshots::Request request{.tag = tag,
                                    .filter = std::move(filter),
                                    .asked = std::move(asked),
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

// The client has been told of it, and is told to begin with an empty set again.
void Session::BeginSnapshotAnew(const SubscribeOptions& options) {
  SessionSnapshots::Request request{.tag = options.tag,
                                    .asked = options.filter,
                                    .notify_on_gap = options.notify_on_gap,
                                    .latest_only = options.latest_only,
                                    .announced = true};
  absl::StatusOr<FilterPtr> filter = Narrow(options.filter);
  if (!filter.ok()) {
    return OnSnapshotFailed(request, filter.status());
  }
  request.filter = *std::move(filter);
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
  GivePlacesBack();
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
  Reply(SubscribedMessage(*names_.IdOf(request.tag), *request.asked, place, /*recovered=*/true));
}

// The last message takes the place of `subscribed`, which the client has been told.
void Session::OnSnapshotRead(const SessionSnapshots::Request& request, const Cursor& place,
                             std::string last) {
  GivePlacesBack();
  names_.SetBeginning(request.tag,
                      absl::StrCat(SnapshotMessageHead(*names_.IdOf(request.tag)), last));
  context_.shard.Subscribe(subscriber_, {.tag = request.tag,
                                         .filter = request.filter,
                                         .asked = request.asked,
                                         .start = place,
                                         .notify_on_gap = request.notify_on_gap,
                                         .latest_only = request.latest_only,
                                         .leaves = true});
}

void Session::OnSnapshotFailed(const SessionSnapshots::Request& request,
                               const absl::Status& status) {
  const std::string id = *names_.IdOf(request.tag);
  if (request.replaces != 0) {
    names_.TellEnd(request.replaces);
  }
  names_.Forget(request.tag);
  GivePlacesBack();
  context_.metrics.active_subscriptions.Decrement();
  Reply(ErrorMessage(status, id));
}

}  // namespace tocsin::bridge::ws
