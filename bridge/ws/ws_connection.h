// ws_connection.h: a session's socket: a FrameReader's messages in, a MuxStream's frames out, and a
// Session between them.
//
// Shape:   waits until there is something to read, and reads into the worker's buffer: an idle
//          connection holds none. Closing: our close frame, the peer's, our side of the connection
//          shut, and then whatever still comes is thrown away until the peer has shut its side, so
//          that no reset takes the last words away; 5 s for all of it.
// Threads: its worker's.
// Owns:    itself, through the handlers that are outstanding and the worker's list.
// Errors:  what fails ends the connection. Includes Asio: for .cc files only.
// Source:  RFC 6455, section 7; docs/adr/0005-sockets.md.
#pragma once

#include "bridge/connection_limits.h"
#include "bridge/worker.h"
#include "bridge/ws/mux_stream.h"
#include "core/http/message.h"

namespace tocsin::bridge::ws {

// Answers the handshake of a request that has been checked (Routes::RefuseUpgrade), and serves the
// session until it ends.
void ServeWebSocket(Worker& worker, Socket socket, const http::HttpRequest& request,
                    ConnectionLimits::Ticket ticket);

}  // namespace tocsin::bridge::ws
