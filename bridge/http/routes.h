// routes.h: what the bridge answers over HTTP besides /ws itself, and which requests may become a
// WebSocket.
//
// Shape:   requests and responses as values: no sockets.
// Threads: any; what it reads of the bridge is atomic.
// Source:  docs/protocol.md, sections 7 and 8.
#pragma once

#include <atomic>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "core/base/clock.h"
#include "core/http/message.h"

namespace tocsin::bridge {

// How the bridge is, as its health says it.
struct BridgeState {
  std::atomic<bool> window_open{false};  // the hub has been reached once
  std::atomic<bool> hub_connected{false};
  std::atomic<bool> draining{false};

  // By the monotonic clock, so that a step of the wall clock does not make it negative.
  absl::Duration Uptime() const { return clock.Monotonic() - started; }

  Clock& clock = Clock::Real();
  const absl::Duration started = clock.Monotonic();
};

class Routes {
 public:
  // `metrics` answers the text of GET /metrics.
  Routes(const BridgeState& state, std::vector<std::string> allowed_origins,
         std::function<std::string()> metrics);

  // For every request but an upgrade of /ws.
  http::HttpResponse Answer(const http::HttpRequest& request) const;
  // True for a request to /ws that wants to become a WebSocket.
  static bool WantsWebSocket(const http::HttpRequest& request);
  // The refusal of such a request, if it must be refused.
  std::optional<http::HttpResponse> RefuseUpgrade(const http::HttpRequest& request) const;

 private:
  http::HttpResponse Health(bool ready) const;
  std::string_view hub() const;
  bool OriginAllowed(const http::HttpRequest& request) const;

  const BridgeState& state_;
  const std::vector<std::string> allowed_origins_;
  const std::function<std::string()> metrics_;
};

}  // namespace tocsin::bridge
