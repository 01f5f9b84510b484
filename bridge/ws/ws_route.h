// ws_route.h: GET /ws, the handshake of a session.
//
// Shape:   the answer names the subprotocol tocsin.v1 where the client offers it, as a browser must
//          that sends its token as another one. Clients without subprotocols are served as well.
// Threads: the worker's.
// Source:  docs/protocol.md, section 5
#pragma once

#include <string_view>

#include "bridge/http/routes.h"
#include "bridge/worker.h"
#include "core/http/route_table.h"

namespace tocsin::bridge::ws {

inline constexpr std::string_view kSubprotocol = "tocsin.v1";

// State and worker outlive the handler, and the handler the worker's connections.
http::Handler WebSocketHandler(const BridgeState& state, Worker& worker);

}  // namespace tocsin::bridge::ws
