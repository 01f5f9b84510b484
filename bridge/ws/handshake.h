// handshake.h: the answer that makes a checked request a WebSocket.
//
// Threads: pure.
// Source:  RFC 6455, section 4.2.2.
#pragma once

#include <string>
#include <string_view>

namespace tocsin::bridge::ws {

// As it goes on the wire. `key` is the request's Sec-WebSocket-Key, which has been checked.
std::string HandshakeResponse(std::string_view key);

}  // namespace tocsin::bridge::ws
