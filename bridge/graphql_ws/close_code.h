// close_code.h: the close codes that graphql-transport-ws adds to WebSocket's.
//
// Threads: pure.
// Source:  the protocol graphql-transport-ws; docs/protocol.md, section 6
#pragma once

#include <cstdint>

namespace tocsin::bridge::graphql_ws {

inline constexpr uint16_t kUnauthorized = 4401;  // `subscribe` before the acknowledgement
inline constexpr uint16_t kForbidden = 4403;
inline constexpr uint16_t kSubprotocolNotAcceptable = 4406;
inline constexpr uint16_t kInitialisationTimeout = 4408;
inline constexpr uint16_t kSubscriberExists = 4409;
inline constexpr uint16_t kTooManyInitialisations = 4429;

}  // namespace tocsin::bridge::graphql_ws
