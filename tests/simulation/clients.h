// clients.h: who uses hub and bridge in a simulation: publishers, subscribers over gRPC, and
// subscribers on /ws. They do what docs/protocol.md tells clients to do: publish again with the same
// ids, resume from the last cursor, wait longer after each failure.
//
// Threads: one.
// Owns:    their connections.
#pragma once

#include <boost/json/value.hpp>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "core/base/backoff.h"
#include "core/rpc/hub_stream.h"
#include "tests/simulation/history.h"
#include "tests/simulation/sim_bridge.h"
#include "tests/simulation/sim_link.h"
#include "tests/simulation/world.h"

namespace tocsin::simulation {

class Publisher {
 public:
  Publisher(World& world, HubPlace& place, uint64_t number, std::vector<Published>& published);

  // Publishes one request after the other until then.
  void Start(absl::Duration until);
  SimLink& link() { return link_; }
  bool idle() const { return !under_way_; }

 private:
  void Begin();
  void Try();
  void OnAnswer(uint64_t attempt, const absl::StatusOr<v1::PublishResponse>& response);
  void Again();
  v1::Event NewEvent();
  std::string NewId(char kind);

  World& world_;
  SimLink link_;
  const uint64_t number_;
  std::vector<Published>& published_;
  absl::Duration until_;
  uint64_t ids_ = 0;
  std::vector<std::string> incidents_;
  v1::PublishRequest request_;
  size_t index_ = 0;  // of its record in published_
  uint64_t attempt_ = 0;
  bool under_way_ = false;
  Backoff backoff_;
};

class GrpcSubscriber final : rpc::HubStream::Owner {
 public:
  GrpcSubscriber(World& world, HubPlace& place, std::string name, Asks asks);

  void Start() { stream_.Next(); }
  // Stops reading for a time.
  void Sleep(absl::Duration time);
  SimLink& link() { return link_; }
  const Seen& seen() const { return seen_; }

 private:
  absl::Status OnResponse(const grpc::ByteBuffer& response) override;
  bool OnEnd(const grpc::Status& status) override;
  void OnSnapshot(const v1::SubscribeResponse& response);

  World& world_;
  SimLink link_;
  Seen seen_;
  std::set<std::string> snapshot_;  // as far as it has come
  absl::Duration awake_ = absl::ZeroDuration();
  rpc::HubStream stream_;
};

class WsSubscriber final : SocketClient {
 public:
  // Where the bridge is, while one runs.
  using BridgePlace = std::unique_ptr<SimBridge>;

  WsSubscriber(World& world, BridgePlace& place, std::string name, Asks asks,
               SimSocket::Speed speed);
  // So do its sockets from now on.
  void ReadFast() { speed_ = SimSocket::kFast; }

  void Start() { Connect(); }
  // The connection breaks, and the bridge learns of it late.
  void Break();
  const Seen& seen() const { return seen_; }

 private:
  void OnBytes(std::string_view bytes) override;
  void OnClosed(uint16_t code) override;
  void OnMessage(std::string_view text);
  void OnSnapshot(const boost::json::value& message);
  void Connect();
  void Again(absl::Duration wait);
  std::string SubscribeMessage() const;

  World& world_;
  BridgePlace& place_;
  Seen seen_;
  SimSocket::Speed speed_;
  std::shared_ptr<SimSocket> socket_;
  std::string unread_;              // less than a frame
  std::set<std::string> snapshot_;  // as far as it has come
  absl::Duration reconnect_after_ = absl::ZeroDuration();
  Backoff backoff_;
};

}  // namespace tocsin::simulation
