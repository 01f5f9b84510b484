#include "hub/service/peer_address.h"

#include <charconv>
#include <string>

#include "absl/strings/str_replace.h"
#include "core/base/strings.h"

namespace tocsin::hub {

std::optional<PeerAddress> ParsePeer(std::string_view grpc_peer) {
  if (!grpc_peer.starts_with("ipv4:") && !grpc_peer.starts_with("ipv6:")) {
    return std::nullopt;
  }
  // gRPC writes the brackets as a URI has them.
  const std::string text =
      absl::StrReplaceAll(ToAbsl(grpc_peer.substr(5)), {{"%5B", "["}, {"%5D", "]"}});
  const size_t colon = text.rfind(':');
  if (colon == std::string::npos) {
    return std::nullopt;
  }
  std::string_view host = std::string_view(text).substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
  }
  const std::string_view digits = std::string_view(text).substr(colon + 1);
  PeerAddress peer;
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), peer.port);
  const auto address = IpAddress::Parse(host);
  if (!address.has_value() || error != std::errc() || end != digits.data() + digits.size()) {
    return std::nullopt;
  }
  peer.address = *address;
  return peer;
}

}  // namespace tocsin::hub
