// http_connection.h: a connection while it speaks HTTP: a checked head, one answer after the other,
// or the step to /ws.
//
// Threads: its worker's.
// Owns:    itself, through its handlers and the worker's list; the socket, until it becomes a
//          WebSocket.
// Errors:  a head that fails the checks is answered and the connection closed; one that does not
//          come within 5 s is dropped. Includes Asio: for .cc files only.
#pragma once

#include <optional>

#include "bridge/connection_limits.h"
#include "bridge/http/routes.h"
#include "bridge/worker.h"
#include "bridge/ws/mux_stream.h"

namespace tocsin::bridge {

// `refusal`: what every request is answered with, for a connection that is one too many.
void ServeHttp(Worker& worker, const Routes& routes, ws::Socket socket,
               ConnectionLimits::Ticket ticket, std::optional<http::HttpResponse> refusal);

}  // namespace tocsin::bridge
