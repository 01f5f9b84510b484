// Where the answer to a message goes:
//
//   subscribe, unsubscribe, ping   to the shard, which puts it into the stream: the answer stands
//                                  exactly where the subscription begins or ends, or where the
//                                  stream was when the ping came
//   authenticate                   to the shard too: what comes before the answer was given under
//                                  the earlier token, and what comes after it under the fresh one
//   errors, welcome, status        straight to the output: they have no place in the stream
//   subscribe with a snapshot      `subscribed` and the snapshot straight to the output, but for
//                                  its last message, which goes where the subscription begins
//
// What a client can make the server hold is bounded by not reading from it (WantsRead): its
// requests to the shard since its last write, and the frames beside the stream that it does not
// take.
#include "bridge/ws/session.h"

#include <random>
#include <utility>

#include "absl/strings/str_cat.h"
#include "bridge/ws/close_code.h"
#include "bridge/ws/frames.h"
#include "bridge/ws/server_message.h"
#include "core/base/log.h"
#include "core/base/planted.h"
#include "core/base/strings.h"
#include "core/event/time_proto.h"
#include "core/event/uuid.h"
#include "core/http/connection_limits.h"
#include "core/stream/session_explanation.h"

namespace tocsin::bridge::ws {
namespace {

// Bytes beside the stream that the client does not take; past that it is not read.
constexpr size_t kMaxReplyBytes = 64 * limits::kKiB;
// A message over the rate is parsed for its subscription's id only when it is this small.
constexpr size_t kReadOverRateBytes = limits::kKiB;
constexpr uint16_t kGoingAway = 1001;
constexpr uint16_t kTryAgainLater = 1013;
constexpr char kTransport[] = "websocket";

}  // namespace

Session::Session(SessionContext& context, SubjectPtr subject, SessionOutput& output)
    : context_(context),
      output_(output),
      subject_(context.authenticator, std::move(subject)),
      sink_(context, output, names_, *this),
      snapshots_(context, output, *this),
      liveness_(context.options.heartbeat_interval, context.options.session_timeout,
                context.clock.Monotonic()),
      conduct_(context.options.messages_per_second, context.options.message_burst,
               liveness_.started()) {}

Session::~Session() {
  Leave(kClientGone);
  if (subscriber_ != 0) {
    context_.metrics.active_connections.Decrement();
    context_.metrics.session_duration_seconds.Observe(
        absl::ToDoubleSeconds(context_.clock.Monotonic() - liveness_.started()));
  }
}

void Session::Start(bool deflate) {
  if (deflate) {
    sink_.Deflate();
  }
  subscriber_ = context_.shard.Add(&sink_, absl::ZeroDuration());
  context_.metrics.active_connections.Increment();
  context_.metrics.total_connections.Increment();
  const SessionOptions& options = context_.options;
  const absl::Time now = context_.clock.Now();
  id_ = NewUuid(now);
  context_.shard.sessions().Enter(*this);
  Reply(WelcomeMessage({.session_id = id_,
                        .server_time = now,
                        .heartbeat_interval = options.heartbeat_interval,
                        .cursor = subject_.known() ? PresentEnd() : Cursor(),
                        .limits = {.message_bytes = options.max_message_bytes,
                                   .subscriptions = options.max_subscriptions,
                                   .messages_per_second = options.messages_per_second,
                                   .message_burst = options.message_burst,
                                   .session_timeout = options.session_timeout}}));
  if (!context_.hub_connected) {
    Reply(StatusMessage(false));
  }
  if (subject_.known()) {
    if (const absl::Status entered = subject_.Enter(); !entered.ok()) {
      return EndFull(entered);
    }
    sink_.EndAt(subject_.EndsAt());
    output_.OnAuthenticated(subject_.get());
    LookAtToken();
  }
}

Cursor Session::PresentEnd() const {
  const Cursor served = context_.shard.position();
  return served.epoch != 0 ? served : context_.window.view().head;
}

v1::SessionExplanation Session::Explain() const {
  v1::SessionExplanation session;
  session.set_session_id(id_);
  session.set_transport(kTransport);
  const absl::Duration age = context_.clock.Monotonic() - liveness_.started();
  SetTimestamp(*session.mutable_since(), context_.clock.Now() - age);
  if (const auto report = context_.shard.Report(subscriber_)) {
    FillSession(*report, context_.clock, session);
    for (size_t i = 0; i < report->subscriptions.size(); ++i) {
      const std::string* const name = names_.IdOf(report->subscriptions[i].tag);
      session.mutable_subscriptions(static_cast<int>(i))
          ->set_subscription_id(name == nullptr ? "" : *name);
    }
  }
  return session;
}

SessionFace Session::Face() const {
  const absl::Duration age = context_.clock.Monotonic() - liveness_.started();
  return {.address = output_.PeerAddress(),
          .label = "",
          .transport = kTransport,
          .since = context_.clock.Now() - age,
          .subscriber = subscriber_};
}

// ---- from the client ----

// The rate is checked before the message is read, so that a flood costs little.
bool Session::Admit(std::string_view text) {
  const absl::Duration now = context_.clock.Monotonic();
  liveness_.Active(now);
  context_.metrics.messages_received.Increment();
  const Conduct::Rate rate = conduct_.Take(now);
  if (rate != Conduct::Rate::kWithin) {
    RateLimited(text, rate == Conduct::Rate::kOverForTooLong);
  }
  return rate == Conduct::Rate::kWithin;
}

void Session::OnText(std::string_view text) {
  if (closing_ || LookAtToken() || !Admit(text)) {
    return;
  }
  std::string subscription_id;
  const absl::StatusOr<ClientMessage> message = ReadClientMessage(text, subscription_id);
  if (!message.ok()) {
    Refuse(message.status(), subscription_id);
  } else if (!subject_.known() && !Planted("subscribe-without-token")) {
    HandleUnknown(*message, subscription_id);
  } else {
    std::visit([this](const auto& each) { Handle(each); }, *message);
  }
}

void Session::OnBinary() {
  if (!closing_ && Admit("")) {
    Refuse(MakeError(ErrorCode::kUnsupported,
                     "binary messages are not supported: send JSON in text messages"));
  }
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

void Session::OnSignOfLife() { liveness_.Heard(context_.clock.Monotonic()); }

void Session::OnPong() { liveness_.Active(context_.clock.Monotonic()); }

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

void Session::OnOverRate() {
  if (!closing_) {
    constexpr std::string_view kText = "more frames or bytes were sent than are read of one client";
    Refuse(MakeError(ErrorCode::kRateLimitExceeded, kText));
    EndWith(ErrorCode::kRateLimitExceeded, kText);
  }
}

void Session::OnPeerClose() {
  if (!closing_) {
    closing_ = true;
    Leave(kClientClosed);
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

void Session::Refuse(const absl::Status& status, std::string_view subscription_id) {
  Reply(ErrorMessage(status, subscription_id));
  if (ErrorCodeOf(status) == ErrorCode::kInvalidMessage &&
      conduct_.CountBad(context_.clock.Monotonic())) {
    EndWith(ErrorCode::kInvalidMessage,
            absl::StrCat(Conduct::kBadMessagesPerMinute, " bad messages within a minute"));
  }
}

// Answers each refused message, so that no client waits for an answer in vain. WantsRead stops the
// reading before these answers pile up.
void Session::RateLimited(std::string_view message, bool for_too_long) {
  std::string subscription_id;
  if (!message.empty() && message.size() <= kReadOverRateBytes) {
    ReadClientMessage(message, subscription_id).IgnoreError();
  }
  const std::string text =
      absl::StrCat("at most ", context_.options.messages_per_second, " messages a second, and ",
                   context_.options.message_burst, " at once");
  const absl::Duration wait = conduct_.WaitFor(context_.clock.Monotonic());
  Reply(ErrorMessage(MakeError(ErrorCode::kRateLimitExceeded, text, {.retry_after = wait}),
                     subscription_id));
  if (for_too_long) {
    EndWith(ErrorCode::kRateLimitExceeded, text);
  }
}

bool Session::WantsRead() const {
  return closing_ || (!sink_.asked().too_much() && output_.BytesWaiting() < kMaxReplyBytes);
}

// ---- time ----

void Session::Tick() {
  if (closing_ || subscriber_ == 0) {
    return;
  }
  if (LookAtToken()) {
    return;
  }
  if (sink_.failed()) {
    return OnInternalError();
  }
  if (snapshots_.IsStuck()) {
    return OnStuck();
  }
  if (IsNewcomerWithoutPlace()) {
    return EndFull(http::NewcomersWait());
  }
  switch (liveness_.Look(context_.clock.Monotonic())) {
    case Liveness::Verdict::kAlive:
      return;
    case Liveness::Verdict::kPingDue:
      return Heartbeat();
    case Liveness::Verdict::kSilent:
      return EndSilent();
    case Liveness::Verdict::kIdle:
      return End("SESSION_TIMEOUT", kGoingAway, "no message for too long", SomeSlot());
  }
}

// One that says nothing makes room for those who come back.
bool Session::IsNewcomerWithoutPlace() {
  const absl::Duration since = context_.clock.Monotonic() - liveness_.started();
  return since >= limits::kFirstMessageTimeout && !output_.MayBegin(/*returns=*/false);
}

void Session::Heartbeat() {
  std::string ping;
  AppendControlFrame(ping, Opcode::kPing, "");
  output_.Send(ping);
  if (subject_.known() && sink_.NeedsHeartbeat()) {
    context_.shard.Bookmark(subscriber_,
                            {.kind = static_cast<uint8_t>(BookmarkKind::kHeartbeat), .text = ""});
  }
}

bool Session::LookAtToken() {
  if (!subject_.known()) {
    const absl::Duration since = context_.clock.Monotonic() - liveness_.started();
    if (since >= limits::kFirstMessageTimeout && !Planted("token-never-due")) {
      EndWith(TokenNotInTime());
    }
    return closing_;
  }
  // Not before `authenticated`, which tells the same time.
  if (sink_.awaits_authenticated() && !subject_.HasEnded(context_.clock.Now())) {
    return closing_;
  }
  switch (subject_.Look(context_.clock.Now())) {
    case SessionSubject::Due::kNothing:
      break;
    case SessionSubject::Due::kExpiring:
      Reply(TokenExpiringMessage(subject_.expires_at()));
      break;
    case SessionSubject::Due::kEnd:
      EndWith(TokenRanOut());
      break;
  }
  return closing_;
}

void Session::OnHubState(bool connected) {
  if (!closing_ && subscriber_ != 0) {
    Reply(StatusMessage(connected));
  }
}

// ---- the end ----

void Session::OnStuck() {
  if (closing_) {
    return;
  }
  context_.metrics.connection_errors.Increment();
  LogInfo("subscriber took nothing and is closed", {{"subscriptions", names_.size()}});
  constexpr std::string_view kText = "nothing was taken for 10 seconds; reconnect and resume";
  Refuse(MakeError(ErrorCode::kSlowConsumer, kText));
  EndWith(ErrorCode::kSlowConsumer, kText);
}

void Session::Drain(absl::Duration reconnect_after) {
  EndFor(reconnect_after, "the server is going down");
}

void Session::Kick(absl::Duration reconnect_after, std::string_view why) {
  EndFor(reconnect_after, why);
}

void Session::EndFor(absl::Duration reconnect_after, std::string_view why) {
  End(RowOf(ErrorCode::kServiceUnavailable).name, 1012,
      absl::StrCat(ToAbsl(why), "; reconnect and resume"),
      Planted("kick-no-slot") ? absl::ZeroDuration() : reconnect_after);
}

// The peer is gone, so nothing is sent.
void Session::EndSilent() {
  closing_ = true;
  context_.metrics.connection_errors.Increment();
  Leave(kClientSilent);
  output_.Drop();
}

void Session::EndWith(ErrorCode code, std::string_view text) {
  const ErrorRow& row = RowOf(code);
  End(row.name, static_cast<uint16_t>(row.ws_close), text, SomeSlot());
}

void Session::EndWith(const absl::Status& status) {
  if (!closing_) {
    Reply(ErrorMessage(status));
    EndWith(ErrorCodeOf(status), ToStd(status.message()));
  }
}

// As a full server ends one, also for its subject, or as nothing but resumes is let in.
void Session::EndFull(const absl::Status& status) {
  Reply(ErrorMessage(status));
  End(RowOf(ErrorCodeOf(status)).name, kTryAgainLater, ToStd(status.message()),
      ErrorDetailsOf(status).retry_after + SomeSlot());
}

void Session::End(std::string_view reason, uint16_t code, std::string_view text,
                  absl::Duration reconnect_after) {
  if (closing_) {
    return;
  }
  Reply(ClosingMessage(reason, code, reconnect_after));
  closing_ = true;
  Leave(reason, text);
  output_.Close(code, absl::StrCat(ToAbsl(reason), ": ", ToAbsl(text)));
}

absl::Duration Session::SomeSlot() {
  return absl::Milliseconds(std::uniform_int_distribution<int>(1'000, 5'000)(context_.random));
}

void Session::Leave(std::string_view code, std::string_view reason) {
  snapshots_.Clear();
  if (subscriber_ != 0) {
    context_.shard.sessions().Leave(*this, code, reason);
    context_.shard.Remove(subscriber_);
    context_.metrics.active_subscriptions.Decrement(static_cast<double>(names_.size()));
    names_.Clear();
  }
  subject_.Leave();
}

void Session::Reply(std::string_view message) {
  std::string frame;
  AppendTextFrame(frame, message);
  output_.Send(frame);
  context_.metrics.messages_sent.Increment();
}

}  // namespace tocsin::bridge::ws
