// ws_connection.h: the connection of a /ws session. A FrameReader reads its messages, the Session
// handles them, and an OutStream sends the frames.
//
// Shape:   waits until there is something to read, and then reads into the worker's buffer, so an
//          idle connection holds no buffer. To close, it sends a close frame, waits for the peer's,
//          shuts its sending side, and reads and drops what still comes until the peer has shut its
//          side, so that no reset takes the last frames away. All of this may take 5 s.
// Threads: its worker's.
// Owns:    itself, through its outstanding handlers and the worker's list.
// Errors:  a failed read or send ends the connection. Includes Asio, by way of the worker: for .cc
//          files only.
// Source:  RFC 6455, section 7; docs/adr/0005-sockets.md.
#pragma once

#include <memory>

#include "bridge/worker.h"
#include "core/http/byte_stream.h"
#include "core/http/connection_limits.h"
#include "core/http/message.h"

namespace tocsin::bridge::ws {

// Answers the handshake of a request that RefuseHandshake let pass, and serves the session until it
// ends.
void ServeWebSocket(Worker& worker, std::unique_ptr<http::ByteStream> stream,
                    const http::HttpRequest& request, http::ConnectionLimits::Ticket ticket);

}  // namespace tocsin::bridge::ws
