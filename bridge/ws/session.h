// session.h: one /ws session: the protocol as a state machine without a socket.
//
// Shape:   messages and ticks in, frames out. What belongs to the stream (events, gaps, bookmarks,
//          answers that must keep their place among them) goes through the shard and comes back
//          through Write; all else is sent at once.
// Threads: its shard's.
// Owns:    its parts: names (subscription_names.h), liveness, conduct and rendering
//          (message_renderer.h); its subscriber in the shard, until it ends.
// Errors:  a bad message is answered and the session lives on; what ends it says so first: error,
//          closing, close frame.
// Source:  docs/protocol.md, sections 5 and 8.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "bridge/ws/conduct.h"
#include "bridge/ws/liveness.h"
#include "bridge/ws/message_renderer.h"
#include "bridge/ws/session_context.h"
#include "bridge/ws/subscription_names.h"
#include "core/event/client_message.h"
#include "core/event/error.h"
#include "core/stream/sink.h"
#include "core/stream/subscriber.h"

namespace tocsin::bridge::ws {

// The transport under a session. All calls are on the shard's thread; none calls back into the
// session from inside.
class SessionOutput {
 public:
  virtual ~SessionOutput() = default;
  // The engine's write. True when it has left already; else Shard::Written is called once it has.
  // The frames are gone when this returns.
  virtual bool SendBatch(std::string_view frames) = 0;
  // Frames beside it, in the order of the calls.
  virtual void Send(std::string_view frames) = 0;
  // The closing handshake, after all that was sent. Nothing may be sent after it.
  virtual void Close(uint16_t code, std::string_view reason) = 0;
  // No handshake: the peer is gone.
  virtual void Drop() = 0;
  virtual uint64_t BytesTaken() = 0;
  // Bytes given to Send that still wait.
  virtual size_t BytesWaiting() const = 0;
};

class Session final : public Sink {
 public:
  Session(SessionContext& context, SessionOutput& output);
  ~Session() override;
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // The handshake is done: sends `welcome`. `deflate`: compression has been agreed on.
  void Start(bool deflate = false);

  void OnText(std::string_view text);
  void OnBinary();
  // A message went past a limit: `why`, or the one for its size.
  void OnOversize(std::string_view why = "");
  // A ping, or a part of a message.
  void OnSignOfLife() { Heard(); }
  void OnPong();
  // The peer broke the WebSocket protocol (1002) or sent what it may not (1007): `why` says how.
  void OnProtocolError(uint16_t code, std::string_view why);
  // The peer closes: nothing more is sent to it.
  void OnPeerClose();
  // A handler threw.
  void OnInternalError();

  // Heartbeat, silence, idleness. Often enough is about every second.
  void Tick();
  void OnHubState(bool connected);
  // The server goes: closes with 1012 and this client's slot.
  void Drain(absl::Duration reconnect_after);

  // False while the client has not taken the answers to what it asked: reading on would only pile
  // them up.
  bool WantsRead() const;
  bool closing() const { return closing_; }
  SubscriberId subscriber() const { return subscriber_; }
  // Beside itself.
  size_t MemoryBytes() const;

  // Sink.
  bool Write(const WriteView& view) override;
  uint64_t BytesTaken() override { return output_.BytesTaken(); }
  void Stuck() override;
  void Failed() override { broken_ = true; }

 private:
  void Handle(const SubscribeMessage& message);
  void Handle(const UnsubscribeMessage& message);
  void Handle(const PingMessage& message);
  void Handle(const AckMessage& message);
  void Handle(const AuthenticateMessage& message);
  void Heartbeat();

  void Asked(size_t bytes);
  void Heard();
  // Of a message: it is one, and whether it is within the rate. `text` may hold the id that the
  // answer names.
  bool Admit(std::string_view text);
  void RateLimited(std::string_view text, bool for_too_long);
  void Refuse(const absl::Status& status, std::string_view subscription_id = "");
  void Reply(std::string_view message);
  // `closing` and the close frame; the error has been sent.
  void End(std::string_view reason, uint16_t code, std::string_view text,
           absl::Duration reconnect_after);
  void EndWith(ErrorCode code, std::string_view text);
  void EndSilent();
  absl::Duration SomeSlot();
  void Leave();

  bool SendBatch(const WriteView& view);
  void CountSent(const WriteView& view);
  // What a write told the client is so from here on.
  void NoteTold(const WriteView& view);
  SubscriptionTag TagOf(std::string_view subscription_id) const;

  SessionContext& context_;
  SessionOutput& output_;
  SubscriberId subscriber_ = 0;
  SubscriptionNames names_;
  MessageRenderer renderer_;
  Liveness liveness_;
  Conduct conduct_;
  uint32_t asked_ = 0;  // of the shard, since the last write that was taken
  size_t asked_bytes_ = 0;
  bool heartbeat_owed_ = false;
  bool broken_ = false;  // Write threw: ended by the next Tick
  bool closing_ = false;
};

}  // namespace tocsin::bridge::ws
