// web_socket_session.h: what a WebSocket connection needs of the session that it carries, whatever
// protocol the session speaks.
//
// Shape:   the connection tells the session what came, and the session answers through its
//          SessionOutput. A session also says of itself what Explain tells.
// Threads: its shard's.
// Source:  docs/adr/0025-one-websocket-layer.md
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "absl/time/time.h"
#include "core/stream/live_session.h"
#include "core/stream/subscriber.h"

namespace tocsin::bridge::ws {

class WebSocketSession : public LiveSession {
 public:
  virtual ~WebSocketSession() = default;

  // The handshake is done. `deflate`: compression has been agreed on.
  virtual void Start(bool deflate) = 0;

  virtual void OnText(std::string_view text) = 0;
  virtual void OnBinary() = 0;
  // A message went past a limit. `why` says which; empty: the one for its size.
  virtual void OnOversize(std::string_view why) = 0;
  // Bytes have come: the messages in them follow, and then what they are answered leaves at once.
  virtual void OnSignOfLife() = 0;
  virtual void OnPong() = 0;
  // What was given to SessionOutput::Send, and had to wait, has left.
  virtual void OnRepliesSent() = 0;
  // The peer has sent more than is read of one client, for too long (read_budget.h).
  virtual void OnOverRate() = 0;
  // The peer broke the WebSocket protocol (1002) or sent what it may not (1007); `why` says how.
  virtual void OnProtocolError(uint16_t code, std::string_view why) = 0;
  // The peer closes. Nothing more is sent to it.
  virtual void OnPeerClose() = 0;
  // A handler threw.
  virtual void OnInternalError() = 0;

  // Deadlines, heartbeats, silence. To be called about every second, or more often.
  virtual void Tick() = 0;
  virtual void OnHubState(bool connected) = 0;
  // The server goes down, and this client may come back after `reconnect_after`.
  virtual void Drain(absl::Duration reconnect_after) = 0;

  // False while the client does not take the answers to what it asked. Reading on would let them
  // pile up.
  virtual bool WantsRead() const = 0;
  // 0 before Start.
  virtual SubscriberId subscriber() const = 0;
  // Without the object itself.
  virtual size_t MemoryBytes() const = 0;
};

}  // namespace tocsin::bridge::ws
