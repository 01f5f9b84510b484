// SHA-1 and base64 are Beast's, by the function that its own handshake uses.
#include "bridge/ws/handshake.h"

#include <boost/beast/websocket/detail/hybi13.hpp>

#include "absl/strings/str_cat.h"
#include "core/base/strings.h"

namespace tocsin::bridge::ws {
namespace {

namespace detail = boost::beast::websocket::detail;

absl::string_view View(const detail::sec_ws_accept_type& text) {
  return {text.data(), text.size()};
}

}  // namespace

std::string HandshakeResponse(std::string_view key, std::string_view extensions) {
  detail::sec_ws_accept_type accept;
  detail::make_sec_ws_accept(accept, {key.data(), key.size()});
  std::string response = absl::StrCat(
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Accept: ",
      View(accept), "\r\n");
  if (!extensions.empty()) {
    absl::StrAppend(&response, "Sec-WebSocket-Extensions: ", ToAbsl(extensions), "\r\n");
  }
  response += "\r\n";
  return response;
}

}  // namespace tocsin::bridge::ws
