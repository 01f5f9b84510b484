// session.h: one /ws session: the protocol as a state machine without a socket.
//
// Shape:   messages and ticks in, frames out. What belongs to the stream (events, gaps, bookmarks,
//          answers that must keep their place among them) goes through the shard and comes back
//          through Write; all else is sent at once.
// Threads: its shard's.
// Owns:    its subscriptions' names; its subscriber in the shard, until it ends.
// Errors:  a bad message is answered and the session lives on; what ends it says so first: error,
//          closing, close frame.
// Source:  docs/protocol.md, sections 5 and 8.
#pragma once

#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "bridge/event_json.h"
#include "bridge/metrics.h"
#include "bridge/ws/deflate.h"
#include "bridge/ws/deflated_frames.h"
#include "bridge/ws/server_message.h"
#include "core/base/clock.h"
#include "core/base/token_bucket.h"
#include "core/event/client_message.h"
#include "core/event/error.h"
#include "core/event/limits.h"
#include "core/stream/shard.h"
#include "core/stream/sink.h"

namespace tocsin::bridge::ws {

struct SessionOptions {
  absl::Duration heartbeat_interval = limits::kHeartbeatInterval;
  absl::Duration session_timeout = limits::kSessionTimeout;
  size_t max_subscriptions = limits::kSubscriptionsPerConnection;
  size_t max_message_bytes = limits::kClientMessageBytes;
  size_t messages_per_second = limits::kMessagesPerSecond;
  size_t message_burst = limits::kMessageBurst;
  bool compression = false;  // permessage-deflate, for clients that offer it
};

// The frames of the last write that held nothing but events. Sessions that follow the same things
// are given the same events one after another: what was rendered for the first serves the others.
struct RenderedBatch {
  uint64_t run = 0;    // of the engine's; 0: nothing that can serve again
  std::string head;    // what stood before each event's own part
  std::string frames;  // also of a batch that cannot serve again, while it is written

  // True when `view`, with this head, is the same batch.
  bool Is(const WriteView& view, std::string_view with_head) const {
    return view.run != 0 && view.run == run && with_head == head;
  }
  void Set(const WriteView& view, std::string_view with_head) {
    run = view.run;
    head = with_head;
  }
};

// What the sessions of one shard share where compression is on.
struct Compression {
  DeflatedFrames events;
  Inflater inflater;
  RenderedBatch rendered;  // as SessionContext's, compressed
};

// What the sessions of one shard share.
struct SessionContext {
  Shard& shard;
  const Window& window;
  Clock& clock;
  const SessionOptions& options;
  Metrics& metrics;
  bool hub_connected = true;
  EventJson json = {};
  RenderedBatch rendered = {};
  std::unique_ptr<Compression> compression = {};  // null: off
  std::minstd_rand random = std::minstd_rand(std::random_device{}());
};

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

// Notes of Shard::Bookmark: a ping that says no time, and the server's own. Others are the ping's
// timestamp as JSON.
inline constexpr std::string_view kPlainPing = "ping";
inline constexpr std::string_view kHeartbeat = "heartbeat";

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
  struct Named {
    SubscriptionTag tag;
    bool unsubscribed;  // its kUnsubscribed is on the way
    std::string id;
  };

  void Handle(const SubscribeMessage& message);
  void Handle(const UnsubscribeMessage& message);
  void Handle(const PingMessage& message);
  void Handle(const AckMessage& message);
  void Handle(const AuthenticateMessage& message);
  void Heartbeat();

  void Asked(size_t bytes);
  void Heard();
  void Refuse(const absl::Status& status, std::string_view subscription_id = "");
  void RateLimited(std::string_view subscription_id);
  void Reply(std::string_view message);
  // `closing` and the close frame; the error has been sent.
  void End(std::string_view reason, uint16_t code, std::string_view text,
           absl::Duration reconnect_after);
  void EndWith(ErrorCode code, std::string_view text);
  absl::Duration SomeSlot();
  void Leave();

  bool RenderAll(const WriteView& view);
  void CountSent(const WriteView& view);
  void Render(const WriteView& view, const Item& item, std::string& out);
  void RenderEvent(std::span<const SubscriptionTag> tags, const Item& item, std::string& out);
  void RenderPong(const Item& item, std::string& out);
  void RenderEnded(SubscriptionTag tag, const absl::Status& status, std::string& out);
  const std::string& HeadFor(std::span<const SubscriptionTag> tags);
  Named* FindByTag(SubscriptionTag tag);
  Named* FindById(std::string_view id);
  SubscriptionTag Name(std::string_view id);
  void Forget(SubscriptionTag tag);
  size_t SubscriptionCount() const;

  SessionContext& context_;
  SessionOutput& output_;
  SubscriberId subscriber_ = 0;
  std::vector<Named> named_;  // by tag, rising
  SubscriptionTag next_tag_ = 1;
  std::vector<SubscriptionTag> head_tags_;  // whose head is kept
  std::string head_;

  TokenBucket bucket_;
  absl::Duration started_;
  absl::Duration heard_;   // anything from the peer
  absl::Duration active_;  // message, pong or ack
  absl::Duration heartbeat_due_;
  absl::Duration bad_since_;  // the minute that bad messages are counted in
  absl::Duration limited_since_ = -absl::InfiniteDuration();
  absl::Duration limited_last_ = -absl::InfiniteDuration();
  uint32_t bad_messages_ = 0;
  uint32_t asked_ = 0;  // of the shard, since the last write that was taken
  size_t asked_bytes_ = 0;
  bool deflate_ = false;  // events are sent compressed
  bool heartbeat_owed_ = false;
  bool broken_ = false;  // Write threw: ended by the next Tick
  bool closing_ = false;
};

}  // namespace tocsin::bridge::ws
