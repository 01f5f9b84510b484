// ws_connection.h: a session's socket: Beast's websocket over MuxStream, driven by a Session.
//
// Threads: its worker's.
// Owns:    itself, through the handlers that are outstanding and the worker's list.
// Errors:  what fails ends the connection. Includes Asio: for .cc files only.
#pragma once

#include "bridge/connection_limits.h"
#include "bridge/worker.h"
#include "bridge/ws/mux_stream.h"
#include "core/http/request_head.h"

namespace tocsin::bridge::ws {

// Answers the handshake of a request that has been checked, and serves the session until it ends.
void ServeWebSocket(Worker& worker, Socket socket, const http::BeastRequest& request,
                    ConnectionLimits::Ticket ticket);

}  // namespace tocsin::bridge::ws
