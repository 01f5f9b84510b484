// What a session does with each of its client's messages, and with what the operations bring.
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "bridge/graphql/input_words.h"
#include "bridge/graphql_ws/close_code.h"
#include "bridge/graphql_ws/server_message.h"
#include "bridge/graphql_ws/session.h"
#include "bridge/graphql_ws/snapshot_form.h"
#include "bridge/ws/frames.h"
#include "bridge/ws/server_message.h"
#include "core/base/planted.h"
#include "core/base/status_macros.h"
#include "core/base/strings.h"
#include "core/stream/reads_log.h"

namespace tocsin::bridge::graphql_ws {
namespace {

// A message over the rate is parsed only when it is this small.
constexpr size_t kReadOverRateBytes = limits::kKiB;

}  // namespace

// The rate is checked before the message is read, so that a flood costs little.
bool Session::Admit(std::string_view text) {
  const absl::Duration now = shared_.clock.Monotonic();
  liveness_.Active(now);
  shared_.metrics.messages_received.Increment();
  const ws::Conduct::Rate rate = conduct_.Take(now);
  if (rate != ws::Conduct::Rate::kWithin) {
    RateLimited(text, rate == ws::Conduct::Rate::kOverForTooLong);
  }
  return rate == ws::Conduct::Rate::kWithin;
}

// An operation that is refused is told so, and one that the client ends is ended. The protocol has
// no answer for anything else, and nothing can be said of a message that is not read: that closes.
void Session::RateLimited(std::string_view text, bool for_too_long) {
  const std::string why =
      absl::StrCat("at most ", shared_.options.messages_per_second, " messages a second, and ",
                   shared_.options.message_burst, " at once");
  if (for_too_long || text.size() > kReadOverRateBytes) {
    return EndWith(ErrorCode::kRateLimitExceeded, why);
  }
  const absl::StatusOr<ClientMessage> message = ReadClientMessage(text);
  if (!message.ok()) {
    return;
  }
  if (const auto* subscribe = std::get_if<Subscribe>(&*message)) {
    const absl::Duration wait = conduct_.WaitFor(shared_.clock.Monotonic());
    RefuseOperation(QuotedId(subscribe->id),
                    MakeError(ErrorCode::kRateLimitExceeded, why, {.retry_after = wait}));
  } else if (const auto* complete = std::get_if<Complete>(&*message)) {
    Handle(*complete);
  }
}

void Session::OnText(std::string_view text) {
  if (closing_ || LookAtToken() || !Admit(text)) {
    return;
  }
  absl::StatusOr<ClientMessage> message = ReadClientMessage(text);
  if (message.ok()) {
    std::visit([this](auto& each) { Handle(each); }, *message);
  } else {
    EndWith(ErrorCode::kInvalidMessage, ToStd(message.status().message()));
  }
}

void Session::Handle(const ConnectionInit& message) {
  if (state_ != State::kNew) {
    return End(ErrorCode::kInvalidMessage, kTooManyInitialisations,
               "Too many initialisation requests");
  }
  if (!TakeFirstToken(message.authorization)) {
    return;
  }
  state_ = State::kInitialised;
  const Cursor served = shared_.shard.position();
  Reply(AckMessage({.session_id = id_,
                    .server_time = shared_.clock.Now(),
                    .cursor = served.epoch != 0 ? served : shared_.window.view().head,
                    .expires_at = subject_.expires_at(),
                    .options = shared_.options}));
  if (!shared_.hub_connected) {
    Reply(HubPing(false));
  }
  LookAtToken();
}

// A token is sent back to nobody.
void Session::Handle(const Ping& message) {
  if (!subject_.on() || !message.authorization.value.has_value()) {
    return Reply(PongMessage(message.payload_json));
  }
  state_ == State::kNew ? Reply(PongMessage("")) : Refresh(message.authorization);
}

// ---- tokens ----

// Where authentication is off, credentials are passed over.
absl::StatusOr<ws::SessionSubject::Change> Session::Take(const Authorization& authorization) {
  if (authorization.several) {
    return MakeError(ErrorCode::kUnauthorized, "the payload has more than one Authorization");
  }
  return subject_.Take(
      shared_.authenticator.AuthenticateHeader(authorization.value, output_.Client()));
}

// One that came with the handshake is enough.
bool Session::TakeFirstToken(const Authorization& authorization) {
  if (!subject_.on() || (subject_.known() && !authorization.value.has_value())) {
    return true;
  }
  const absl::StatusOr<ws::SessionSubject::Change> change = Take(authorization);
  if (!change.ok()) {
    EndForToken(change.status());
    return false;
  }
  if (change->first) {
    output_.OnAuthenticated(subject_.get());
  }
  sink_.EndAt(subject_.EndsAt());
  return true;
}

void Session::Refresh(const Authorization& authorization) {
  const absl::StatusOr<ws::SessionSubject::Change> change = Take(authorization);
  if (!change.ok()) {
    return ws::EndsSession(change.status()) ? EndForToken(change.status())
                                            : Reply(RefusedPong(change.status()));
  }
  sink_.EndAt(subject_.EndsAt());
  if (change->permission) {
    NarrowAnew();
  }
  sink_.asked().Count(0);
  sink_.AwaitAuthenticated();
  shared_.shard.Bookmark(subscriber_,
                         {.kind = change->permission ? OperationSink::kPermissionChanged
                                                     : OperationSink::kAuthenticated,
                          .text = ws::JsonTime(subject_.expires_at())});
}

// As the protocol closes one that it forbids: 4403, but for what passes: keys that are out of reach,
// and limits.
void Session::EndForToken(const absl::Status& refusal) {
  const ErrorCode code = ErrorCodeOf(refusal);
  code == ErrorCode::kServiceUnavailable || code == ErrorCode::kRateLimitExceeded
      ? EndWith(code, ToStd(refusal.message()))
      : End(code, kForbidden, absl::StrCat("Forbidden: ", refusal.message()));
}

absl::StatusOr<FilterPtr> Session::Narrow(const FilterPtr& asked) const {
  RETURN_IF_ERROR(subject_.permission().CheckSubscribe());
  return Planted("graphql-not-narrowed") ? asked : subject_.permission().Narrow(asked);
}

// As on /ws (bridge/ws/session_requests.cc).
void Session::NarrowAnew() {
  const auto narrow = [this](const FilterPtr& asked) { return Narrow(asked); };
  std::vector<SubscribeOptions> unbegun;
  for (Operation& operation : operations_.all()) {
    if (operation.beginning == nullptr) {
      continue;
    }
    if (auto options = shared_.shard.Withdraw(subscriber_, operation.tag)) {
      operation.beginning.reset();
      unbegun.push_back(*std::move(options));
    }
  }
  shared_.shard.Refilter(subscriber_, narrow);
  snapshots_.Refilter(narrow);
  for (const SubscribeOptions& options : unbegun) {
    BeginSnapshotAnew(options);
  }
}

void Session::Handle(const Pong&) {}  // Admit has counted it as a sign of life

void Session::Handle(Subscribe& message) {
  if (state_ != State::kAcknowledged) {
    return End(ErrorCode::kUnauthenticated, kUnauthorized,
               "subscribe came before connection_ack: send connection_init and wait for it");
  }
  std::string id = QuotedId(message.id);
  if (operations_.FindId(id) != nullptr || requests_.Has(id)) {
    return End(ErrorCode::kConflict, kSubscriberExists,
               absl::StrCat("Subscriber for ", message.id, " already exists"));
  }
  auto prepared = graphql::Prepare(context_.schema, std::move(message.request));
  if (const auto* errors = std::get_if<graphql::Errors>(&prepared)) {
    return RefuseOperation(id, *errors);
  }
  auto& request = std::get<std::shared_ptr<const graphql::Prepared>>(prepared);
  request->type() == graphql::OperationType::kSubscription
      ? Begin(std::move(id), *request)
      : Execute(std::move(id), std::move(request));
}

void Session::Handle(const Complete& message) {
  const std::string id = QuotedId(message.id);
  const Operation* const operation = operations_.FindId(id);
  if (operation == nullptr) {
    requests_.Remove(id);  // one that has ended may be completed too: the messages crossed
    return;
  }
  if (!snapshots_.Remove(operation->tag).has_value()) {
    shared_.shard.Unsubscribe(subscriber_, operation->tag);
    sink_.asked().Count(0);
  }
  operations_.Remove(operation->tag);
  GivePlacesBack();
  shared_.metrics.active_subscriptions.Decrement();
}

// ---- queries and mutations ----

void Session::Execute(std::string quoted_id, std::shared_ptr<const graphql::Prepared> prepared) {
  if (requests_.full()) {
    return RefuseOperation(
        quoted_id, MakeError(ErrorCode::kRateLimitExceeded,
                             absl::StrCat("at most ", RequestsUnderWay::kMaxRequests,
                                          " queries and mutations of a connection at a time"),
                             {.retry_after = absl::Seconds(1)}));
  }
  if (context_.execute == nullptr) {
    return RefuseOperation(
        quoted_id, MakeError(ErrorCode::kUnsupported, "this version serves subscriptions only"));
  }
  auto answer =
      requests_.Add(shared_.shard, quoted_id,
                    [this, quoted_id](const std::string& result) { OnResult(quoted_id, result); });
  context_.execute(subject_.get(), std::move(prepared), std::move(answer));
}

void Session::OnResult(const std::string& quoted_id, const std::string& result) {
  if (!closing_ && !LookAtToken()) {
    std::string frame;
    AppendNext(frame, quoted_id, result + "}");
    output_.Send(frame);
    shared_.metrics.messages_sent.Increment();
    Reply(CompleteMessage(quoted_id));
  }
}

// ---- subscriptions ----

void Session::Begin(std::string quoted_id, const graphql::Prepared& prepared) {
  if (operations_.size() >= shared_.options.max_subscriptions) {
    return RefuseOperation(
        quoted_id,
        MakeError(ErrorCode::kSubscriptionLimitExceeded,
                  absl::StrCat("a connection may have at most ", shared_.options.max_subscriptions,
                               " subscriptions; complete one first")));
  }
  auto planned = graphql::Subscription::Plan(prepared);
  if (const auto* errors = std::get_if<graphql::Errors>(&planned)) {
    return RefuseOperation(quoted_id, *errors);
  }
  const auto& asked = std::get<std::shared_ptr<const graphql::Subscription>>(planned);
  const std::optional<StartPoint> from = asked->from();
  if (!output_.MayBegin(from.has_value() && std::holds_alternative<Cursor>(*from))) {
    return EndAsNewcomer();
  }
  absl::StatusOr<FilterPtr> filter = Narrow(asked->filter());
  if (!filter.ok()) {
    return RefuseOperation(quoted_id, filter.status());
  }
  const bool replays = !asked->snapshot() && ReadsLog(shared_.window, from);
  if (const absl::Status taken = TakePlaces(asked->snapshot(), replays); !taken.ok()) {
    return RefuseOperation(quoted_id, taken);
  }
  Operation& operation = operations_.Add(std::move(quoted_id), context_.forms.Of(asked));
  operation.replaying = replays;
  operation.resumes_by_extension = prepared.extensions.contains("resumeFrom");
  shared_.metrics.active_subscriptions.Increment();
  sink_.asked().Count((*filter)->key().size());
  Follow(operation, *asked, *std::move(filter));
}

absl::Status Session::TakePlaces(bool with_snapshot, bool replays) {
  if (Planted("operation-opens-uncounted")) return absl::OkStatus();
  SubjectLimits::Share& share = subject_.share();
  RETURN_IF_ERROR(share.Take(Held::kSubscription));
  const absl::Status more = with_snapshot ? share.Take(Held::kSnapshot)
                            : replays     ? share.Take(Held::kReplay)
                                          : absl::OkStatus();
  if (!more.ok()) {
    GivePlacesBack();
  }
  return more;
}

void Session::GivePlacesBack() {
  SubjectLimits::Share& share = subject_.share();
  share.KeepAtMost(Held::kSubscription, operations_.size());
  share.KeepAtMost(Held::kReplay, operations_.replaying());
  share.KeepAtMost(Held::kSnapshot, snapshots_.size());
}

void Session::Follow(const Operation& operation, const graphql::Subscription& asked,
                     FilterPtr filter) {
  if (asked.snapshot()) {
    return snapshots_.Add(SnapshotOf(operation, std::move(filter), asked.filter()));
  }
  shared_.shard.Subscribe(subscriber_, {.tag = operation.tag,
                                        .filter = std::move(filter),
                                        .asked = asked.filter(),
                                        .start = asked.from(),
                                        .notify_on_gap = true,
                                        .leaves = asked.leaves()});
}

void Session::OnOperationEnded() {
  GivePlacesBack();
  shared_.metrics.active_subscriptions.Decrement();
}

void Session::RefuseOperation(std::string_view quoted_id, const graphql::Errors& errors) {
  Reply(ErrorMessage(quoted_id, errors, shared_.clock.Now()));
}

void Session::RefuseOperation(std::string_view quoted_id, const absl::Status& status) {
  RefuseOperation(quoted_id, graphql::Errors{graphql::ErrorOf(status)});
}

// ---- snapshots ----

ws::SessionSnapshots::Request Session::SnapshotOf(const Operation& operation, FilterPtr filter,
                                                  FilterPtr asked) const {
  return {.tag = operation.tag,
          .filter = std::move(filter),
          .asked = std::move(asked),
          .form = std::make_shared<SnapshotUpdates>(operation.form->tells, operation.quoted_id,
                                                    shared_.clock)};
}

void Session::BeginSnapshotAnew(const SubscribeOptions& options) {
  const Operation& operation = *operations_.Find(options.tag);
  absl::StatusOr<FilterPtr> filter = Narrow(options.filter);
  filter.ok() ? snapshots_.Add(SnapshotOf(operation, *std::move(filter), options.filter))
              : OnSnapshotFailed({.tag = options.tag}, filter.status());
}

// They are frames already. Never compressed: nobody else is sent them.
std::string Session::SnapshotFrames(const ws::SessionSnapshots::Request&, std::string_view text) {
  return std::string(text);
}

void Session::OnSnapshotBegun(const ws::SessionSnapshots::Request&, const Cursor&) {}

// The last frames take the place of the subscription's beginning in the stream.
void Session::OnSnapshotRead(const ws::SessionSnapshots::Request& request, const Cursor& place,
                             std::string last) {
  GivePlacesBack();
  operations_.Find(request.tag)->beginning = std::make_unique<std::string>(std::move(last));
  shared_.shard.Subscribe(subscriber_, {.tag = request.tag,
                                        .filter = request.filter,
                                        .asked = request.asked,
                                        .start = place,
                                        .notify_on_gap = true,
                                        .leaves = true});
}

void Session::OnSnapshotFailed(const ws::SessionSnapshots::Request& request,
                               const absl::Status& status) {
  const std::string id = operations_.Find(request.tag)->quoted_id;
  operations_.Remove(request.tag);
  OnOperationEnded();
  RefuseOperation(id, status);
}

}  // namespace tocsin::bridge::graphql_ws
