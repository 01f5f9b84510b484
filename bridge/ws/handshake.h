// handshake.h: the answer that makes a checked request a WebSocket.
//
// Threads: pure.
// Source:  RFC 6455, section 4.2.2; RFC 7692, section 7.
#pragma once

#include <string>
#include <string_view>

namespace tocsin::bridge::ws {

// As it goes on the wire. `key` is the request's Sec-WebSocket-Key, which has been checked;
// `extensions` what has been agreed on, empty for nothing.
std::string HandshakeResponse(std::string_view key, std::string_view extensions = "");

}  // namespace tocsin::bridge::ws
