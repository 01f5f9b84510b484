// session.h: one /ws session: the protocol as a state machine without a socket.
//
// Shape:   messages of the client and ticks in, frames out. What belongs to the stream of events
//          (gaps, bookmarks, and the answers that must keep their place among events) goes through
//          the shard and leaves through SessionSink; everything else is sent at once.
//          While no token has come and one is due, a client may send it, and pings: everything else
//          is answered UNAUTHENTICATED. A fresh token that allows something else changes what each
//          subscription is given at one place of the stream: where `authenticated` stands.
//          What it has open counts as its subject's (core/auth/subject_limits.h).
// Threads: its shard's.
// Owns:    its parts: sink, snapshots, names, liveness and conduct; its subscriber in the shard,
//          until the session ends.
// Errors:  a bad message is answered, and the session goes on. Before an error ends the session,
//          the client is sent the error, `closing` and a close frame.
// Source:  docs/protocol.md, sections 5 and 8.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "bridge/ws/conduct.h"
#include "bridge/ws/liveness.h"
#include "bridge/ws/session_context.h"
#include "bridge/ws/session_output.h"
#include "bridge/ws/session_sink.h"
#include "bridge/ws/session_snapshots.h"
#include "bridge/ws/session_subject.h"
#include "bridge/ws/subscription_names.h"
#include "bridge/ws/web_socket_session.h"
#include "core/base/heap_bytes.h"
#include "core/event/client_message.h"
#include "core/event/error.h"
#include "core/stream/shard.h"
#include "core/stream/subscriber.h"

namespace tocsin::bridge::ws {

class Session final : public WebSocketSession,
                      private SessionSink::Owner,
                      private SessionSnapshots::Owner {
 public:
  // `subject`: of the handshake's token; null: it brought none, and one is due.
  Session(SessionContext& context, SubjectPtr subject, SessionOutput& output);
  ~Session() override;
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // WebSocketSession. Start sends `welcome`.
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
  size_t MemoryBytes() const override {
    return names_.MemoryBytes() + snapshots_.MemoryBytes() + HeapBytes(id_);
  }

  // LiveSession.
  const std::string& session_id() const override { return id_; }
  SubjectPtr subject() const override { return subject_.get(); }
  v1::SessionExplanation Explain() const override;
  SessionFace Face() const override;
  void Kick(absl::Duration reconnect_after, std::string_view why) override;

 private:
  void Handle(const SubscribeMessage& message);
  void Handle(const UnsubscribeMessage& message);
  void Handle(const PingMessage& message);
  void Handle(const AckMessage& message);
  void Handle(const AuthenticateMessage& message);
  void HandleUnknown(const ClientMessage& message, std::string_view subscription_id);
  void Heartbeat();
  bool IsNewcomerWithoutPlace();

  // True when the session has ended, as its token has run out or none came in time.
  bool LookAtToken();
  void RefuseToken(const absl::Status& refusal);
  // What the subject may be given has changed.
  void NarrowAnew();
  absl::StatusOr<FilterPtr> Narrow(const FilterPtr& asked) const;

  // Of what its subject may have open, what the message asks for. `tag` as of TagOf.
  absl::Status TakePlaces(SubscriptionTag tag, bool with_snapshot, bool replays);
  // Gives back what it does not have open any more.
  void GivePlacesBack();
  SubscriptionTag AddName(const std::string& subscription_id);
  void BeginSnapshot(const SubscribeMessage& message, SubscriptionTag tag, FilterPtr filter,
                     FilterPtr asked);
  void BeginSnapshotAnew(const SubscribeOptions& options);
  void EndSnapshot(const SessionSnapshots::Request& request);

  // Counts a message. False when it is over the rate, and has been answered; `text` may hold the id
  // that the answer names.
  bool Admit(std::string_view text);
  void RateLimited(std::string_view text, bool for_too_long);
  void Refuse(const absl::Status& status, std::string_view subscription_id = "");
  void Reply(std::string_view message);
  // Sends `closing` and the close frame. The error has been sent before.
  void End(std::string_view reason, uint16_t code, std::string_view text,
           absl::Duration reconnect_after);
  void EndWith(ErrorCode code, std::string_view text);
  // Ends it for a time, for no fault of the client's.
  void EndFor(absl::Duration reconnect_after, std::string_view why);
  // The same; the error is sent first.
  void EndWith(const absl::Status& status);
  // There is no place for it, or not for its subject.
  void EndFull(const absl::Status& status);
  void EndSilent();
  void OnStuck() override;
  void OnSubscriptionEnded(SubscriptionTag tag) override;
  void OnCaughtUp() override { GivePlacesBack(); }
  bool MayTell() override { return !LookAtToken(); }
  std::string SnapshotFrames(const SessionSnapshots::Request& request,
                             std::string_view text) override;
  void OnSnapshotBegun(const SessionSnapshots::Request& request, const Cursor& place) override;
  void OnSnapshotRead(const SessionSnapshots::Request& request, const Cursor& place,
                      std::string last) override;
  void OnSnapshotFailed(const SessionSnapshots::Request& request,
                        const absl::Status& status) override;
  absl::Duration SomeSlot();
  // `code` and `reason` as LiveSessions has them.
  void Leave(std::string_view code, std::string_view reason = "");
  SubscriptionTag TagOf(std::string_view subscription_id) const;
  Cursor PresentEnd() const;

  SessionContext& context_;
  SessionOutput& output_;
  std::string id_;
  SubscriberId subscriber_ = 0;
  SessionSubject subject_;
  SubscriptionNames names_;
  SessionSink sink_;
  SessionSnapshots snapshots_;
  Liveness liveness_;
  Conduct conduct_;
  bool closing_ = false;
};

}  // namespace tocsin::bridge::ws
