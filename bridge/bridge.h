// bridge.h: the whole bridge, as the program and tests run it.
//
// Shape:   Start binds and serves. Until the hub has been reached once, upgrades are answered with
//          503. It is drained before it is destroyed.
// Threads: Start, Drain and the destructor on one thread.
// Owns:    everything.
// Errors:  Start says what it could not bind and why.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "bridge/config.h"
#include "core/shell/program.h"

namespace tocsin::bridge {

class Bridge final : public Service {
 public:
  static absl::StatusOr<std::unique_ptr<Bridge>> Start(const BridgeConfig& config);
  ~Bridge() override;

  // "127.0.0.1:8080": where it really listens.
  std::string address() const;
  uint16_t port() const;
  std::vector<Port> ports() const override;
  bool hub_connected() const;
  size_t connections() const;

  // Stops accepting, tells every client when to come back, and waits for them, at most the drain
  // time.
  absl::Status Drain() override;
  void Reload() override;
  ServedSessions served() override;
  // Of the new settings, those that may change while the bridge runs.
  void Apply(const BridgeConfig& config);

 private:
  class Impl;
  explicit Bridge(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
};

}  // namespace tocsin::bridge
