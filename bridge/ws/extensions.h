// extensions.h: negotiates permessage-deflate with a client that offers it.
//
// Threads: pure.
// Source:  RFC 6455, section 9.1 (the grammar); RFC 7692, section 7.1 (the parameters).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace tocsin::bridge::ws {

// `offers` is the value of Sec-WebSocket-Extensions; several fields are joined with commas. Returns
// the value of the same field in the response, for the first offer that can be met; nothing when
// none can. An offer is not met if a parameter is unknown, given twice, or out of range. Offers
// after the first error in the grammar are ignored.
std::optional<std::string> AgreeOnDeflate(std::string_view offers);

}  // namespace tocsin::bridge::ws
