// sim_bridge.h: one process of the bridge: its own upstream, replays, snapshots, window, shard and
// /ws sessions, over a simulated link and simulated sockets.
//
// Shape:   the destructor is a kill.
// Threads: one.
// Owns:    everything but the hub. Sockets are shared with the clients at their other end.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "bridge/metrics.h"
#include "bridge/upstream/hub_replay.h"
#include "bridge/upstream/hub_snapshots.h"
#include "bridge/upstream/upstream.h"
#include "bridge/ws/session.h"
#include "core/stream/shard.h"
#include "tests/simulation/sim_link.h"
#include "tests/simulation/world.h"

namespace tocsin::simulation {

// The client at the other end of a socket.
class SocketClient {
 public:
  virtual ~SocketClient() = default;
  // Whole frames or parts of them, in order.
  virtual void OnBytes(std::string_view bytes) = 0;
  // The connection has ended; `code` is 0 where it broke.
  virtual void OnClosed(uint16_t code) = 0;
};

// Both directions of one connection, which holds a bounded number of bytes that are not read.
class SimSocket final : public bridge::ws::SessionOutput,
                        public std::enable_shared_from_this<SimSocket> {
 public:
  struct Speed {
    size_t room;           // bytes that it holds
    size_t read_bytes;     // that the client takes at a time
    absl::Duration pause;  // between two times
  };
  static constexpr Speed kFast{
      .room = 64 * 1024, .read_bytes = 64 * 1024, .pause = absl::ZeroDuration()};
  SimSocket(World& world, SocketClient& client, Speed speed)
      : world_(world), client_(&client), speed_(speed) {}

  // The bridge's end.
  void Serve(bridge::ws::SessionContext& context);
  void Tick();
  void OnHubState(bool connected);
  bool over() const { return session_ == nullptr; }
  // The connection breaks for both.
  void Break();
  // The bridge's process has ended.
  void Kill();

  // The client's end.
  void Send(std::string text, bool pong = false);
  // The client has gone; the bridge learns of it some time later, or not before it writes.
  void Leave(absl::Duration after);

  // SessionOutput.
  bool SendBatch(std::string_view frames) override;
  void Send(std::string_view frames) override;
  void Close(uint16_t code, std::string_view reason) override;
  void Drop() override { Break(); }
  uint64_t BytesTaken() override { return taken_; }
  size_t BytesWaiting() const override {
    return unread_.size() > speed_.room ? unread_.size() - speed_.room : 0;
  }

 private:
  void Later(absl::Duration wait, World::Task task);
  void ReadSome();
  void Room();

  World& world_;
  SocketClient* client_;  // null: it has gone
  const Speed speed_;
  Shard* shard_ = nullptr;
  std::unique_ptr<bridge::ws::WebSocketSession> session_;
  std::string unread_;
  uint64_t taken_ = 0;
  bool reading_ = false;
  bool batch_waits_ = false;
  bool replies_wait_ = false;
  uint16_t close_code_ = 0;
};

class SimBridge {
 public:
  SimBridge(World& world, HubPlace& place, const ShardOptions& options, WindowBounds window);
  ~SimBridge();
  SimBridge(const SimBridge&) = delete;
  SimBridge& operator=(const SimBridge&) = delete;

  // Nobody is let in before the hub has been reached once.
  bool open() const { return open_; }
  void Accept(std::shared_ptr<SimSocket> socket);
  SimLink& link() { return link_; }

 private:
  void OnHubState(bool connected);
  void Tick();

  World& world_;
  Turns shard_turns_;  // first: what is destroyed after it may still ring
  SimLink link_;
  Window window_;
  bridge::HubReplay replay_;
  bridge::HubSnapshots snapshots_;
  Shard shard_;
  bridge::Metrics metrics_;
  bridge::ws::SessionOptions session_options_;
  bridge::ws::SessionContext context_;
  std::vector<std::shared_ptr<SimSocket>> sockets_;
  bool open_ = false;
  bridge::Upstream upstream_;
  Life life_;
};

}  // namespace tocsin::simulation
