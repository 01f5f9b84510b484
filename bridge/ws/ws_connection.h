// ws_connection.h: a session's socket: a FrameReader's messages in, an OutStream's frames out, and
// a Session between them.
//
// Shape:   waits until there is something to read, and reads into the worker's buffer: an idle
//          connection holds none. Closing: our close frame, the peer's, our side of the connection
//          shut, and then whatever still comes is thrown away until the peer has shut its side, so
//          that no reset takes the last words away; 5 s for all of it.
// Threads: its worker's.
// Owns:    itself, through the handlers that are outstanding and the worker's list.
// Errors:  what fails ends the connection. Includes Asio, by way of the worker: for .cc files only.
// Source:  RFC 6455, section 7; docs/adr/0005-sockets.md.
#pragma once

#include <memory>

#include "bridge/worker.h"
#include "core/http/byte_stream.h"
#include "core/http/connection_limits.h"
#include "core/http/message.h"

namespace tocsin::bridge::ws {

// Answers the handshake of a request that has been checked (CheckHandshake), and serves the session
// until it ends.
void ServeWebSocket(Worker& worker, std::unique_ptr<http::ByteStream> stream,
                    const http::HttpRequest& request, http::ConnectionLimits::Ticket ticket);

}  // namespace tocsin::bridge::ws
