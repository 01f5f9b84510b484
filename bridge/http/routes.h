// routes.h: the bridge's table of routes. Each worker has a table of its own, whose handlers serve
// on that worker.
//
// Shape:   groups of rows, each made by a function of its own.
// Threads: the worker's; what the handlers read of the bridge is atomic.
// Source:  docs/protocol.md, sections 5 and 7. Includes Asio, by way of the worker: for .cc files
//          only.
#pragma once

#include <atomic>
#include <functional>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "bridge/alerts/alert_intake.h"
#include "bridge/alerts/alert_mapping.h"
#include "bridge/rest/explain.h"
#include "bridge/upstream/hub_calls.h"
#include "bridge/worker.h"
#include "core/auth/authenticator.h"
#include "core/base/clock.h"
#include "core/base/pulse.h"
#include "core/http/route_table.h"

namespace tocsin::bridge {

// How the bridge is, as its health says it.
struct BridgeState {
  std::atomic<bool> window_open{false};  // the hub has been reached once
  std::atomic<bool> hub_connected{false};
  std::atomic<bool> hub_refuses_token{false};
  std::atomic<bool> draining{false};

  // By the monotonic clock, so that a step of the wall clock does not make it negative.
  absl::Duration Uptime() const { return clock.Monotonic() - started; }

  Clock& clock = Clock::Real();
  Pulse pulse{clock};  // of the workers
  const absl::Duration started = clock.Monotonic();
};

// Why no session or stream can begin now; nothing when one can.
std::optional<absl::Status> WhyNotReady(const BridgeState& state);

// What the routes read. Outlives them.
struct RouteSources {
  const BridgeState& state;
  HubCalls& calls;
  AlertIntake& alerts;
  const Authenticator& authenticator = Authenticator::None();
  const AlertMapping& alert_mapping = DefaultAlertMapping();
  std::function<std::string()> metrics;  // the text of GET /metrics
  ExplainSession explain_session = {};
  bool playground = true;
};

http::RouteTable BridgeRoutes(const RouteSources& sources, Worker& worker);

}  // namespace tocsin::bridge
