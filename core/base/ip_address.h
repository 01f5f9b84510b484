// ip_address.h: an address of a client, IPv4 or IPv6.
//
// Shape:   an IPv4 address and the same one mapped into IPv6 (::ffff:192.0.2.1) are equal.
// Threads: a value.
// Errors:  Parse returns nothing for what is no address.
#pragma once

#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tocsin {

// Who is counted as one client: an IPv4 address mapped to IPv6, or the first 64 bits of an IPv6
// address, since one client usually owns all addresses that begin with them.
using AddressKey = std::array<uint8_t, 16>;

class IpAddress {
 public:
  using Bytes = std::array<uint8_t, 16>;

  // ::, which no client has.
  IpAddress() = default;

  // "192.0.2.1", "2001:db8::1"; without brackets, port or zone.
  static std::optional<IpAddress> Parse(std::string_view text);
  static IpAddress FromV4(const std::array<uint8_t, 4>& bytes);
  static IpAddress FromV6(const Bytes& bytes);
  // Of a socket of the families AF_INET and AF_INET6; nothing of another one.
  static std::optional<IpAddress> FromSocket(const sockaddr_storage& address);

  bool is_v4() const;
  bool is_loopback() const;
  const Bytes& bytes() const { return bytes_; }
  AddressKey key() const;
  // Parse reads it back.
  std::string ToString() const;

  friend bool operator==(const IpAddress&, const IpAddress&) = default;

 private:
  Bytes bytes_{};  // IPv4 is mapped
};

}  // namespace tocsin
