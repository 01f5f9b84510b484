// proxy_protocol.h: parses the header of the PROXY protocol, by which a proxy says whose connection
// it carries.
//
// Shape:   versions 1 (a line of text) and 2 (binary). Nothing marks its end but itself, so the
//          caller reads as many bytes as the header is known to have, asks again, and takes nothing
//          that follows.
// Threads: pure.
// Errors:  INVALID_ARGUMENT that says what is wrong. Nothing of a header that is not well-formed to
//          its last byte is used.
// Source:  https://www.haproxy.org/download/2.6/doc/proxy-protocol.txt
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "absl/status/statusor.h"
#include "core/base/ip_address.h"

namespace tocsin::http {

// The longest line of version 1, its end included.
inline constexpr size_t kMaxProxyLineBytes = 107;
// Of version 2. Proxies add some hundred bytes to the addresses, and those that pass on a client's
// certificate two or three thousand.
inline constexpr size_t kMaxProxyHeaderBytes = 4'096;

struct ProxyHeader {
  // Nothing: the proxy speaks for itself, or does not say for whom (LOCAL, UNKNOWN, a Unix socket).
  std::optional<IpAddress> client;
};

struct ProxyHeaderStep {
  // So many bytes more belong to the header for certain; 0: it is whole.
  size_t needs = 0;
  ProxyHeader header = {};  // when it is whole
};

// `bytes` is the header's beginning: all that was asked for so far.
absl::StatusOr<ProxyHeaderStep> ReadProxyHeader(std::string_view bytes);

// True for bytes that begin as a header does: of a sender from whom none is taken.
bool BeginsProxyHeader(std::string_view bytes);

}  // namespace tocsin::http
