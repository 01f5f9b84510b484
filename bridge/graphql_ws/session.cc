// What a client can make the server hold is bounded by not reading from it (WantsRead), as on /ws:
// its requests to the shard since its last write, and the frames beside the stream that it does not
// take.
#include "bridge/graphql_ws/session.h"

#include <random>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "bridge/graphql_ws/close_code.h"
#include "bridge/graphql_ws/server_message.h"
#include "bridge/ws/close_code.h"
#include "bridge/ws/frames.h"
#include "core/base/heap_bytes.h"
#include "core/base/log.h"
#include "core/base/strings.h"
#include "core/event/time_proto.h"
#include "core/event/uuid.h"
#include "core/http/connection_limits.h"
#include "core/stream/session_explanation.h"

namespace tocsin::bridge::graphql_ws {
namespace {

// Bytes beside the stream that the client does not take; past that it is not read.
constexpr size_t kMaxReplyBytes = 64 * limits::kKiB;
constexpr uint16_t kGoingAway = 1001;
constexpr char kTransport[] = "graphql";
constexpr uint16_t kServiceRestart = 1012;
constexpr uint16_t kTryAgainLater = 1013;

}  // namespace

Session::Session(Context& context, bool spoken, SubjectPtr subject, ws::SessionOutput& output)
    : context_(context),
      shared_(context.shared),
      output_(output),
      subject_(shared_.authenticator, std::move(subject)),
      sink_(context, output, operations_, *this),
      snapshots_(shared_, output, *this),
      liveness_(shared_.options.heartbeat_interval, shared_.options.session_timeout,
                shared_.clock.Monotonic()),
      conduct_(shared_.options.messages_per_second, shared_.options.message_burst,
               liveness_.started()),
      spoken_(spoken) {}

Session::~Session() {
  Leave(kClientGone);
  if (subscriber_ != 0) {
    shared_.metrics.active_connections.Decrement();
    shared_.metrics.graphql_connections.Decrement();
    shared_.metrics.session_duration_seconds.Observe(
        absl::ToDoubleSeconds(shared_.clock.Monotonic() - liveness_.started()));
  }
}

void Session::Start(bool deflate) {
  if (!spoken_) {
    return End(ErrorCode::kUnsupported, kSubprotocolNotAcceptable,
               absl::StrCat("offer the subprotocol ", ToAbsl(kSubprotocol),
                            " (graphql-ws is the older protocol)"));
  }
  if (deflate) {
    sink_.Deflate();
  }
  subscriber_ = shared_.shard.Add(&sink_, absl::ZeroDuration());
  shared_.metrics.active_connections.Increment();
  shared_.metrics.graphql_connections.Increment();
  shared_.metrics.total_connections.Increment();
  id_ = NewUuid(shared_.clock.Now());
  shared_.shard.sessions().Enter(*this);
  if (subject_.known()) {
    if (const absl::Status entered = subject_.Enter(); !entered.ok()) {
      return EndWith(ErrorCodeOf(entered), ToStd(entered.message()));
    }
    sink_.EndAt(subject_.EndsAt());
    output_.OnAuthenticated(subject_.get());
  }
}

v1::SessionExplanation Session::Explain() const {
  v1::SessionExplanation session;
  session.set_session_id(id_);
  session.set_transport(kTransport);
  const absl::Duration age = shared_.clock.Monotonic() - liveness_.started();
  SetTimestamp(*session.mutable_since(), shared_.clock.Now() - age);
  if (const auto report = shared_.shard.Report(subscriber_)) {
    FillSession(*report, shared_.clock, session);
    for (size_t i = 0; i < report->subscriptions.size(); ++i) {
      const Operation* const operation = operations_.Find(report->subscriptions[i].tag);
      session.mutable_subscriptions(static_cast<int>(i))
          ->set_subscription_id(operation == nullptr ? "" : operation->id());
    }
  }
  return session;
}

SessionFace Session::Face() const {
  const absl::Duration age = shared_.clock.Monotonic() - liveness_.started();
  return {.address = output_.PeerAddress(),
          .label = "",
          .transport = kTransport,
          .since = shared_.clock.Now() - age,
          .subscriber = subscriber_};
}

size_t Session::MemoryBytes() const {
  return operations_.MemoryBytes() + snapshots_.MemoryBytes() + requests_.MemoryBytes() +
         HeapBytes(id_);
}

// ---- what is no message of the protocol ----

void Session::OnBinary() {
  if (!closing_) {
    EndWith(ErrorCode::kUnsupported,
            "binary messages are not supported: send JSON in text messages");
  }
}

void Session::OnOversize(std::string_view why) {
  if (!closing_) {
    EndWith(ErrorCode::kMessageTooLarge,
            why.empty() ? absl::StrCat("a message may have at most ",
                                       shared_.options.max_message_bytes, " bytes")
                        : std::string(why));
  }
}

void Session::OnSignOfLife() {
  liveness_.Heard(shared_.clock.Monotonic());
  if (state_ == State::kInitialised) {
    state_ = State::kAcknowledged;
  }
}

void Session::OnPong() { liveness_.Active(shared_.clock.Monotonic()); }

void Session::OnProtocolError(uint16_t code, std::string_view why) {
  if (!closing_) {
    shared_.metrics.connection_errors.Increment();
    End(ErrorCode::kInvalidMessage, code,
        code == ws::kProtocolError
            ? absl::StrCat("the frames do not follow RFC 6455: ", ToAbsl(why))
            : std::string(why));
  }
}

void Session::OnOverRate() {
  if (!closing_) {
    EndWith(ErrorCode::kRateLimitExceeded,
            "more frames or bytes were sent than are read of one client");
  }
}

void Session::OnPeerClose() {
  if (!closing_) {
    closing_ = true;
    Leave(kClientClosed);
  }
}

void Session::OnInternalError() {
  if (!closing_) {
    shared_.metrics.connection_errors.Increment();
    EndWith(ErrorCode::kInternal, "the server failed while it handled this session");
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
  const absl::Duration now = shared_.clock.Monotonic();
  if (now - liveness_.started() >= limits::kFirstMessageTimeout && !output_.MayBegin(false)) {
    return EndAsNewcomer();
  }
  if (state_ == State::kNew && now - liveness_.started() >= kInitTimeout) {
    return End(ErrorCode::kUnauthenticated, kInitialisationTimeout,
               absl::StrCat("no connection_init within ", absl::FormatDuration(kInitTimeout)));
  }
  switch (liveness_.Look(now)) {
    case ws::Liveness::Verdict::kAlive:
      return;
    case ws::Liveness::Verdict::kPingDue:
      return Heartbeat();
    case ws::Liveness::Verdict::kSilent:
      return EndSilent();
    case ws::Liveness::Verdict::kIdle:
      return Close(kGoingAway, "SESSION_TIMEOUT: no message for too long");
  }
}

void Session::Heartbeat() {
  std::string ping;
  ws::AppendControlFrame(ping, ws::Opcode::kPing, "");
  output_.Send(ping);
  if (operations_.size() > 0 && sink_.NeedsHeartbeat()) {
    shared_.shard.Bookmark(subscriber_, {.kind = OperationSink::kHeartbeat, .text = ""});
  }
}

// The client is told nothing of its token before the acknowledgement, nor before the answer that
// tells the same time.
bool Session::LookAtToken() {
  const absl::Time now = shared_.clock.Now();
  const bool may_tell = state_ != State::kNew && !sink_.awaits_authenticated();
  if (closing_ || (!may_tell && !subject_.HasEnded(now))) {
    return closing_;
  }
  switch (subject_.Look(now)) {
    case ws::SessionSubject::Due::kNothing:
      break;
    case ws::SessionSubject::Due::kExpiring:
      Reply(TokenExpiringPing(subject_.expires_at()));
      break;
    case ws::SessionSubject::Due::kEnd:
      EndForToken(TokenRanOut());
      break;
  }
  return closing_;
}

void Session::OnHubState(bool connected) {
  if (!closing_ && state_ != State::kNew) {
    Reply(HubPing(connected));
  }
}

// ---- the end ----

void Session::OnStuck() {
  if (!closing_) {
    shared_.metrics.connection_errors.Increment();
    LogInfo("subscriber took nothing and is closed", {{"subscriptions", operations_.size()}});
    EndWith(ErrorCode::kSlowConsumer, "nothing was taken for 10 seconds; reconnect and resume");
  }
}

void Session::Drain(absl::Duration reconnect_after) {
  EndFor(reconnect_after, "the server is going down");
}

void Session::Kick(absl::Duration reconnect_after, std::string_view why) {
  EndFor(reconnect_after, why);
}

void Session::EndFor(absl::Duration reconnect_after, std::string_view why) {
  End(ErrorCode::kServiceUnavailable, kServiceRestart,
      absl::StrCat(ToAbsl(why), "; reconnect in ", absl::ToInt64Milliseconds(reconnect_after),
                   " ms and resume"));
}

// The peer is gone, so nothing is sent.
void Session::EndSilent() {
  closing_ = true;
  shared_.metrics.connection_errors.Increment();
  Leave(kClientSilent);
  output_.Drop();
}

// Only those who come back are let in.
void Session::EndAsNewcomer() {
  const absl::Status why = http::NewcomersWait();
  End(ErrorCodeOf(why), kTryAgainLater, ToStd(why.message()));
}

void Session::EndWith(ErrorCode code, std::string_view text) {
  End(code, static_cast<uint16_t>(RowOf(code).graphql_close), text);
}

void Session::End(ErrorCode code, uint16_t close, std::string_view text) {
  Close(close, absl::StrCat(ToAbsl(RowOf(code).name), ": ", ToAbsl(text)));
}

void Session::Close(uint16_t close, std::string_view reason) {
  if (!closing_) {
    closing_ = true;
    const std::pair<absl::string_view, absl::string_view> said =
        absl::StrSplit(ToAbsl(reason), absl::MaxSplits(": ", 1));
    Leave(ToStd(said.first), ToStd(said.second));
    output_.Close(close, reason);
  }
}

void Session::Leave(std::string_view code, std::string_view reason) {
  snapshots_.Clear();
  requests_.Clear();
  if (subscriber_ != 0) {
    shared_.shard.sessions().Leave(*this, code, reason);
    shared_.shard.Remove(subscriber_);
    shared_.metrics.active_subscriptions.Decrement(static_cast<double>(operations_.size()));
    operations_.Clear();
  }
  subject_.Leave();
}

void Session::Reply(std::string_view message) {
  std::string frame;
  ws::AppendTextFrame(frame, message);
  output_.Send(frame);
  shared_.metrics.messages_sent.Increment();
}

}  // namespace tocsin::bridge::graphql_ws
