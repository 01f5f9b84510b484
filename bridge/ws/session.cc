// Where a message goes:
//
//   subscribe, unsubscribe, ping   the shard, and back as an item in the stream's order: the answer
//                                  stands exactly where the subscription begins, ends, or was when
//                                  the ping came
//   errors, welcome, status        straight to the output: they belong to no place in the stream
//
// What a client may make the server hold is bounded by not reading on (WantsRead): what it asked
// since the last write that it took, whose answers wait for the next, and frames beside the stream
// that it does not take.
#include "bridge/ws/session.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "bridge/ws/close_code.h"
#include "bridge/ws/frames.h"
#include "core/base/heap_bytes.h"
#include "core/base/log.h"
#include "core/base/strings.h"
#include "core/event/uuid.h"

namespace tocsin::bridge::ws {
namespace {

constexpr uint32_t kMaxAsked = 256;
constexpr size_t kMaxAskedBytes = 64 * limits::kKiB;
constexpr size_t kMaxReplyBytes = 64 * limits::kKiB;
constexpr size_t kMaxTimestampBytes = 256;
constexpr uint32_t kBadMessagesPerMinute = 10;
constexpr absl::Duration kRateLimitedFor = absl::Seconds(10);
constexpr absl::Duration kRateLimitPause = absl::Seconds(1);
constexpr uint16_t kGoingAway = 1001;

}  // namespace

Session::Session(SessionContext& context, SessionOutput& output)
    : context_(context),
      output_(output),
      bucket_(static_cast<double>(context.options.messages_per_second),
              static_cast<double>(context.options.message_burst), context.clock.Monotonic()),
      started_(context.clock.Monotonic()),
      heard_(started_),
      active_(started_),
      heartbeat_due_(started_ + context.options.heartbeat_interval),
      bad_since_(started_) {}

Session::~Session() {
  Leave();
  if (subscriber_ != 0) {
    context_.metrics.active_connections.Decrement();
    context_.metrics.session_duration_seconds.Observe(
        absl::ToDoubleSeconds(context_.clock.Monotonic() - started_));
  }
}

void Session::Start(bool deflate) {
  deflate_ = deflate;
  subscriber_ = context_.shard.Add(this, absl::ZeroDuration());
  context_.metrics.active_connections.Increment();
  context_.metrics.total_connections.Increment();
  const Cursor served = context_.shard.position();
  const SessionOptions& options = context_.options;
  const absl::Time now = context_.clock.Now();
  const std::string id = NewUuid(now);
  Reply(WelcomeMessage({.session_id = id,
                        .server_time = now,
                        .heartbeat_interval = options.heartbeat_interval,
                        .cursor = served.epoch != 0 ? served : context_.window.view().head,
                        .limits = {.message_bytes = options.max_message_bytes,
                                   .subscriptions = options.max_subscriptions,
                                   .messages_per_second = options.messages_per_second,
                                   .message_burst = options.message_burst,
                                   .session_timeout = options.session_timeout}}));
  if (!context_.hub_connected) {
    Reply(StatusMessage(false));
  }
}

// ---- from the client ----

void Session::OnText(std::string_view text) {
  if (closing_) {
    return;
  }
  Heard();
  active_ = heard_;
  context_.metrics.messages_received.Increment();
  std::string subscription_id;
  const absl::StatusOr<ClientMessage> message = ReadClientMessage(text, subscription_id);
  if (!bucket_.Take(heard_)) {
    RateLimited(subscription_id);
    return;
  }
  if (message.ok()) {
    std::visit([this](const auto& each) { Handle(each); }, *message);
  } else {
    Refuse(message.status(), subscription_id);
  }
}

void Session::OnBinary() {
  if (closing_) {
    return;
  }
  Heard();
  active_ = heard_;
  context_.metrics.messages_received.Increment();
  if (!bucket_.Take(heard_)) {
    RateLimited("");
    return;
  }
  Refuse(MakeError(ErrorCode::kUnsupported,
                   "binary messages are not supported: send JSON in text messages"));
}

void Session::OnOversize(std::string_view why) {
  if (closing_) {
    return;
  }
  const std::string text = why.empty() ? absl::StrCat("a message may have at most ",
                                                      context_.options.max_message_bytes, " bytes")
                                       : std::string(why);
  Refuse(MakeError(ErrorCode::kMessageTooLarge, text));
  EndWith(ErrorCode::kMessageTooLarge, text);
}

void Session::OnPong() {
  Heard();
  active_ = heard_;
}

void Session::OnProtocolError(uint16_t code, std::string_view why) {
  if (closing_) {
    return;
  }
  context_.metrics.connection_errors.Increment();
  const std::string text =
      code == kProtocolError
          ? absl::StrCat("the frames do not follow the WebSocket protocol (RFC 6455): ",
                         ToAbsl(why))
          : std::string(why);
  Reply(ErrorMessage(MakeError(ErrorCode::kInvalidMessage, text)));
  End(RowOf(ErrorCode::kInvalidMessage).name, code, text, SomeSlot());
}

void Session::OnPeerClose() {
  if (!closing_) {
    closing_ = true;
    Leave();
  }
}

void Session::OnInternalError() {
  if (closing_) {
    return;
  }
  context_.metrics.connection_errors.Increment();
  constexpr std::string_view kText =
      "the server failed while it handled this session; it is safe to reconnect and resume";
  Refuse(MakeError(ErrorCode::kInternal, kText));
  EndWith(ErrorCode::kInternal, kText);
}

void Session::Handle(const SubscribeMessage& message) {
  if (message.snapshot) {
    return Refuse(MakeError(ErrorCode::kUnsupported,
                            "snapshots are not served by this version: leave `snapshot` out",
                            {.field = "snapshot", .allowed = {"false"}}),
                  message.subscription_id);
  }
  absl::StatusOr<FilterPtr> filter = Filter::Compile(message.filters, "filters");
  if (!filter.ok()) {
    return Refuse(filter.status(), message.subscription_id);
  }
  if (FindById(message.subscription_id) == nullptr &&
      SubscriptionCount() >= context_.options.max_subscriptions) {
    return Refuse(
        MakeError(ErrorCode::kSubscriptionLimitExceeded,
                  absl::StrCat("a connection may have at most ", context_.options.max_subscriptions,
                               " subscriptions; unsubscribe one first")),
        message.subscription_id);
  }
  Asked((*filter)->key().size());
  context_.shard.Subscribe(
      subscriber_, {.tag = Name(message.subscription_id),
                    .filter = *std::move(filter),
                    .start = message.has_start ? std::optional(message.start) : std::nullopt,
                    .notify_on_gap = message.notify_on_gap});
}

void Session::Handle(const UnsubscribeMessage& message) {
  Named* named = FindById(message.subscription_id);
  if (named == nullptr || !context_.shard.Unsubscribe(subscriber_, named->tag)) {
    return Refuse(MakeError(ErrorCode::kNotFound, "there is no subscription of this id",
                            {.field = "subscription_id"}),
                  message.subscription_id);
  }
  named->unsubscribed = true;
  Asked(0);
}

void Session::Handle(const PingMessage& message) {
  const std::string& timestamp = message.timestamp_json;
  if (timestamp.size() > kMaxTimestampBytes) {
    return Refuse(MakeError(ErrorCode::kInvalidMessage, "the ping's timestamp is too long",
                            {.field = "timestamp",
                             .allowed = {absl::StrCat("at most ", kMaxTimestampBytes, " bytes")}}));
  }
  Asked(timestamp.size());
  context_.shard.Bookmark(subscriber_, timestamp.empty() ? std::string(kPlainPing) : timestamp);
}

void Session::Handle(const AckMessage&) {}  // that it came is what counts

void Session::Handle(const AuthenticateMessage&) {
  Refuse(MakeError(ErrorCode::kUnsupported,
                   "this server has no authentication configured: no token is needed",
                   {.field = "type"}));
}

void Session::Asked(size_t bytes) {
  ++asked_;
  asked_bytes_ += bytes;
}

void Session::Heard() { heard_ = context_.clock.Monotonic(); }

void Session::Refuse(const absl::Status& status, std::string_view subscription_id) {
  Reply(ErrorMessage(status, subscription_id));
  if (ErrorCodeOf(status) != ErrorCode::kInvalidMessage) {
    return;
  }
  if (heard_ - bad_since_ >= absl::Minutes(1)) {
    bad_since_ = heard_;
    bad_messages_ = 0;
  }
  if (++bad_messages_ >= kBadMessagesPerMinute) {
    EndWith(ErrorCode::kInvalidMessage,
            absl::StrCat(kBadMessagesPerMinute, " bad messages within a minute"));
  }
}

// Each refused message is answered, so that none is waited for in vain; reading stops before the
// answers grow (WantsRead). A second without one ends the spell.
void Session::RateLimited(std::string_view subscription_id) {
  const absl::Duration now = heard_;
  if (now - limited_last_ > kRateLimitPause) {
    limited_since_ = now;
  }
  limited_last_ = now;
  const std::string text =
      absl::StrCat("at most ", context_.options.messages_per_second, " messages a second, and ",
                   context_.options.message_burst, " at once");
  const absl::Duration wait = std::max(bucket_.WaitFor(now), absl::Milliseconds(1));
  Reply(ErrorMessage(MakeError(ErrorCode::kRateLimitExceeded, text, {.retry_after = wait}),
                     subscription_id));
  if (now - limited_since_ >= kRateLimitedFor) {
    EndWith(ErrorCode::kRateLimitExceeded, text);
  }
}

bool Session::WantsRead() const {
  return closing_ || (asked_ < kMaxAsked && asked_bytes_ < kMaxAskedBytes &&
                      output_.BytesWaiting() < kMaxReplyBytes);
}

// ---- time ----

void Session::Tick() {
  if (closing_ || subscriber_ == 0) {
    return;
  }
  const absl::Duration now = context_.clock.Monotonic();
  if (broken_) {
    OnInternalError();
  } else if (now - heard_ >= 2 * context_.options.heartbeat_interval) {
    closing_ = true;
    context_.metrics.connection_errors.Increment();
    Leave();
    output_.Drop();
  } else if (now - active_ >= context_.options.session_timeout) {
    End("SESSION_TIMEOUT", kGoingAway, "no message for too long", SomeSlot());
  } else if (now >= heartbeat_due_) {
    heartbeat_due_ = now + context_.options.heartbeat_interval;
    Heartbeat();
  }
}

void Session::Heartbeat() {
  std::string ping;
  AppendControlFrame(ping, Opcode::kPing, "");
  output_.Send(ping);
  if (!heartbeat_owed_) {
    heartbeat_owed_ = true;
    context_.shard.Bookmark(subscriber_, std::string(kHeartbeat));
  }
}

void Session::OnHubState(bool connected) {
  if (!closing_ && subscriber_ != 0) {
    Reply(StatusMessage(connected));
  }
}

// ---- the end ----

void Session::Stuck() {
  if (closing_) {
    return;
  }
  context_.metrics.connection_errors.Increment();
  LogInfo("subscriber took nothing and is closed", {{"subscriptions", named_.size()}});
  constexpr std::string_view kText = "nothing was taken for 10 seconds; reconnect and resume";
  Refuse(MakeError(ErrorCode::kSlowConsumer, kText));
  EndWith(ErrorCode::kSlowConsumer, kText);
}

void Session::Drain(absl::Duration reconnect_after) {
  if (!closing_) {
    const ErrorRow& row = RowOf(ErrorCode::kServiceUnavailable);
    End(row.name, 1012, "the server is going down; reconnect and resume", reconnect_after);
  }
}

void Session::EndWith(ErrorCode code, std::string_view text) {
  const ErrorRow& row = RowOf(code);
  End(row.name, static_cast<uint16_t>(row.ws_close), text, SomeSlot());
}

void Session::End(std::string_view reason, uint16_t code, std::string_view text,
                  absl::Duration reconnect_after) {
  if (closing_) {
    return;
  }
  Reply(ClosingMessage(reason, code, reconnect_after));
  closing_ = true;
  Leave();
  output_.Close(code, absl::StrCat(ToAbsl(reason), ": ", ToAbsl(text)));
}

absl::Duration Session::SomeSlot() {
  return absl::Milliseconds(std::uniform_int_distribution<int>(1'000, 5'000)(context_.random));
}

void Session::Leave() {
  if (subscriber_ != 0) {
    context_.shard.Remove(subscriber_);
    context_.metrics.active_subscriptions.Decrement(static_cast<double>(named_.size()));
    std::vector<Named>().swap(named_);
  }
}

void Session::Reply(std::string_view message) {
  std::string frame;
  AppendTextFrame(frame, message);
  output_.Send(frame);
  context_.metrics.messages_sent.Increment();
}

// ---- the subscriptions' names ----

Session::Named* Session::FindByTag(SubscriptionTag tag) {
  const auto found =
      std::lower_bound(named_.begin(), named_.end(), tag,
                       [](const Named& named, SubscriptionTag t) { return named.tag < t; });
  return found == named_.end() || found->tag != tag ? nullptr : &*found;
}

Session::Named* Session::FindById(std::string_view id) {
  const auto found = std::find_if(named_.begin(), named_.end(), [&](const Named& named) {
    return !named.unsubscribed && named.id == id && context_.shard.Has(subscriber_, named.tag);
  });
  return found == named_.end() ? nullptr : &*found;
}

// The tag of a subscription that is there, or a new one: an id may be given again while the end of
// its last bearer is still on the way.
SubscriptionTag Session::Name(std::string_view id) {
  if (const Named* named = FindById(id)) {
    return named->tag;
  }
  if (named_.capacity() == 0) {
    named_.reserve(1);
  }
  named_.push_back({.tag = next_tag_, .unsubscribed = false, .id = std::string(id)});
  context_.metrics.active_subscriptions.Increment();
  return next_tag_++;
}

void Session::Forget(SubscriptionTag tag) {
  std::erase_if(named_, [&](const Named& named) { return named.tag == tag; });
  context_.metrics.active_subscriptions.Decrement();
}

size_t Session::MemoryBytes() const {
  size_t bytes = HeapBytes(named_) + HeapBytes(head_tags_) + HeapBytes(head_);
  for (const Named& named : named_) {
    bytes += HeapBytes(named.id);
  }
  return bytes;
}

size_t Session::SubscriptionCount() const {
  return static_cast<size_t>(std::count_if(named_.begin(), named_.end(),
                                           [](const Named& named) { return !named.unsubscribed; }));
}

}  // namespace tocsin::bridge::ws
