// close_code.h: the codes of close frames.
//
// Threads: pure.
// Source:  RFC 6455, section 7.4, and IANA's WebSocket Close Code Number Registry.
#pragma once

#include <cstdint>

namespace tocsin::bridge::ws {

inline constexpr uint16_t kProtocolError = 1002;
inline constexpr uint16_t kNoCloseCode = 1005;  // never on the wire: a close frame without a code
inline constexpr uint16_t kInvalidPayload = 1007;

// True for the codes that a peer may send.
constexpr bool MaySendCloseCode(uint16_t code) {
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
         (code >= 3000 && code <= 4999);
}

}  // namespace tocsin::bridge::ws
