// graphql_ws_route.h: GET /graphql/ws, the handshake of a GraphQL session.
//
// Shape:   the answer names graphql-transport-ws where the client offers it, and never anything else
//          that was offered. A client that offers it not is let in and told so by a close, as the
//          protocol wants it; one that offers nothing but credentials gets 400.
// Threads: the worker's.
// Owns:    what the sessions of the worker share, from the first session on.
// Source:  docs/protocol.md, section 6
#pragma once

#include "bridge/graphql_ws/context.h"
#include "bridge/http/routes.h"
#include "bridge/worker.h"
#include "core/http/route_table.h"

namespace tocsin::bridge::graphql_ws {

// State and worker outlive the handler, and the handler the worker's connections.
http::Handler WebSocketHandler(const BridgeState& state, Worker& worker, Context::Execute execute);

}  // namespace tocsin::bridge::graphql_ws
