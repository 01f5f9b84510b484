// handshake.h: which requests may become a WebSocket, and the answer that makes them one.
//
// Threads: pure.
// Errors:  the response that refuses the request: 400, or 426 where Upgrade or the version is
//          wrong.
// Source:  RFC 6455, sections 4.2.1 and 4.2.2; RFC 7692, section 7.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/http/message.h"

namespace tocsin::bridge::ws {

// Nothing when the request is a good handshake.
std::optional<http::HttpResponse> RefuseHandshake(const http::HttpRequest& request);

// The response that accepts the handshake, as it goes on the wire. `key` is the request's checked
// Sec-WebSocket-Key; `extensions` and `subprotocol` are what has been agreed on.
std::string HandshakeResponse(std::string_view key, std::string_view extensions = "",
                              std::string_view subprotocol = "");

// The subprotocols that the client offers, in its order; views into the request.
std::vector<std::string_view> OfferedSubprotocols(const http::HttpRequest& request);

}  // namespace tocsin::bridge::ws
