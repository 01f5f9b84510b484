// extensions.h: what is agreed on when a client offers permessage-deflate.
//
// Threads: pure.
// Source:  RFC 6455, section 9.1 (the grammar); RFC 7692, section 7.1 (the parameters).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace tocsin::bridge::ws {

// `offers` is the value of Sec-WebSocket-Extensions; of several fields, with commas between.
// Answers its value in the response, for the first offer that can be met; nothing when none can. An
// offer with a parameter that is unknown, given twice, or out of range is not met. Nothing after a
// break of the grammar is looked at.
std::optional<std::string> AgreeOnDeflate(std::string_view offers);

}  // namespace tocsin::bridge::ws
