// session.h: one /graphql/ws session: the protocol graphql-transport-ws as a state machine without a
// socket.
//
// Shape:   messages of the client and ticks in, frames out. A subscription is one of the engine's,
//          and what it is told leaves through OperationSink. A query or a mutation is executed by
//          the context, and its result comes back to the shard. A message that breaks the protocol
//          closes the connection, as the protocol wants it; what is wrong with an operation is told
//          by `error`, and the session goes on.
// Threads: its shard's.
// Owns:    its parts: operations, sink, snapshots, requests, liveness and conduct; its subscriber in
//          the shard, until the session ends.
// Errors:  the reason of a close begins with the code of the table of errors. No operation is told
//          an error before a close: clients would not take it up again when they come back.
// Source:  the protocol graphql-transport-ws; docs/protocol.md, sections 5, 6 and 8
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "bridge/graphql/subscription.h"
#include "bridge/graphql_ws/client_message.h"
#include "bridge/graphql_ws/context.h"
#include "bridge/graphql_ws/operation_sink.h"
#include "bridge/graphql_ws/operations.h"
#include "bridge/graphql_ws/requests_under_way.h"
#include "bridge/ws/conduct.h"
#include "bridge/ws/liveness.h"
#include "bridge/ws/session_output.h"
#include "bridge/ws/session_snapshots.h"
#include "bridge/ws/session_subject.h"
#include "bridge/ws/web_socket_session.h"
#include "core/event/error.h"
#include "core/stream/shard.h"
#include "core/stream/subscriber.h"

namespace tocsin::bridge::graphql_ws {

// The one subprotocol that is spoken here.
inline constexpr std::string_view kSubprotocol = "graphql-transport-ws";

class Session final : public ws::WebSocketSession,
                      private OperationSink::Owner,
                      private ws::SessionSnapshots::Owner {
 public:
  // `spoken`: the client has offered kSubprotocol. One that has not is told so by a close.
  // `subject`: of the handshake's token; null: it brought none.
  Session(Context& context, bool spoken, SubjectPtr subject, ws::SessionOutput& output);
  ~Session() override;
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // WebSocketSession.
  void Start(bool deflate) override;
  void OnText(std::string_view text) override;
  void OnBinary() override;
  void OnOversize(std::string_view why) override;
  void OnSignOfLife() override;
  void OnPong() override;
  void OnRepliesSent() override { snapshots_.OnRepliesSent(); }
  void OnOverRate() override;
  void OnProtocolError(uint16_t code, std::string_view why) override;
  void OnPeerClose() override;
  void OnInternalError() override;
  void Tick() override;
  void OnHubState(bool connected) override;
  void Drain(absl::Duration reconnect_after) override;
  bool WantsRead() const override;
  SubscriberId subscriber() const override { return subscriber_; }
  size_t MemoryBytes() const override;

  // LiveSession.
  const std::string& session_id() const override { return id_; }
  SubjectPtr subject() const override { return subject_.get(); }
  v1::SessionExplanation Explain() const override;
  SessionFace Face() const override;
  void Kick(absl::Duration reconnect_after, std::string_view why) override;

 private:
  // What came with the bytes that brought connection_init was sent before the acknowledgement.
  enum class State : uint8_t { kNew, kInitialised, kAcknowledged };

  void Handle(const ConnectionInit& message);
  void Handle(const Ping& message);
  void Handle(const Pong& message);
  void Handle(Subscribe& message);
  void Handle(const Complete& message);

  // True when the session has ended, as its token has run out.
  bool LookAtToken();
  // False when it has been refused.
  bool TakeFirstToken(const Authorization& authorization);
  void Refresh(const Authorization& authorization);
  absl::StatusOr<ws::SessionSubject::Change> Take(const Authorization& authorization);
  void EndForToken(const absl::Status& refusal);
  // What the subject may be given has changed.
  void NarrowAnew();
  absl::StatusOr<FilterPtr> Narrow(const FilterPtr& asked) const;

  void Execute(std::string quoted_id, std::shared_ptr<const graphql::Prepared> prepared);
  void Begin(std::string quoted_id, const graphql::Prepared& prepared);
  // Of what its subject may have open, what the subscription needs.
  absl::Status TakePlaces(bool with_snapshot, bool replays);
  // Gives back what it does not have open any more.
  void GivePlacesBack();
  void Follow(const Operation& operation, const graphql::Subscription& asked, FilterPtr filter);
  ws::SessionSnapshots::Request SnapshotOf(const Operation& operation, FilterPtr filter,
                                           FilterPtr asked) const;
  void BeginSnapshotAnew(const SubscribeOptions& options);
  void OnResult(const std::string& quoted_id, const std::string& result);
  void RefuseOperation(std::string_view quoted_id, const graphql::Errors& errors);
  void RefuseOperation(std::string_view quoted_id, const absl::Status& status);

  // Counts a message. False when it is over the rate, and has been dealt with.
  bool Admit(std::string_view text);
  void RateLimited(std::string_view text, bool for_too_long);
  void Heartbeat();
  void Reply(std::string_view message);

  // Closes. `code` begins the reason.
  void End(ErrorCode code, uint16_t close, std::string_view text);
  void EndWith(ErrorCode code, std::string_view text);
  void EndAsNewcomer();
  void Close(uint16_t close, std::string_view reason);
  // Ends it for a time, for no fault of the client's.
  void EndFor(absl::Duration reconnect_after, std::string_view why);
  void EndSilent();
  // `code` and `reason` as LiveSessions has them.
  void Leave(std::string_view code, std::string_view reason = "");

  // OperationSink::Owner.
  void OnStuck() override;
  void OnOperationEnded() override;
  void OnCaughtUp() override { GivePlacesBack(); }

  // SessionSnapshots::Owner.
  bool MayTell() override { return !LookAtToken(); }
  std::string SnapshotFrames(const ws::SessionSnapshots::Request& request,
                             std::string_view text) override;
  void OnSnapshotBegun(const ws::SessionSnapshots::Request& request, const Cursor& place) override;
  void OnSnapshotRead(const ws::SessionSnapshots::Request& request, const Cursor& place,
                      std::string last) override;
  void OnSnapshotFailed(const ws::SessionSnapshots::Request& request,
                        const absl::Status& status) override;

  Context& context_;
  ws::SessionContext& shared_;
  ws::SessionOutput& output_;
  std::string id_;
  SubscriberId subscriber_ = 0;
  ws::SessionSubject subject_;
  Operations operations_;
  OperationSink sink_;
  ws::SessionSnapshots snapshots_;
  RequestsUnderWay requests_;
  ws::Liveness liveness_;
  ws::Conduct conduct_;
  const bool spoken_;
  State state_ = State::kNew;
  bool closing_ = false;
};

}  // namespace tocsin::bridge::graphql_ws
