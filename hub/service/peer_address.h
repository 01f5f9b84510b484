// peer_address.h: what gRPC calls a peer, as an address and a port.
//
// Threads: pure.
// Errors:  nothing for a Unix socket, and for what is no such name.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "core/base/ip_address.h"

namespace tocsin::hub {

struct PeerAddress {
  IpAddress address;
  uint16_t port = 0;

  friend bool operator==(const PeerAddress&, const PeerAddress&) = default;
};

// "ipv4:192.0.2.1:4711", "ipv6:%5B2001:db8::1%5D:4711", "ipv6:[2001:db8::1]:4711".
std::optional<PeerAddress> ParsePeer(std::string_view grpc_peer);

}  // namespace tocsin::hub
