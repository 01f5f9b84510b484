#include "core/base/ip_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstring>

namespace tocsin {
namespace {

constexpr std::array<uint8_t, 12> kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
constexpr size_t kKeyBytes = 8;  // of an IPv6 address

}  // namespace

std::optional<IpAddress> IpAddress::Parse(std::string_view text) {
  if (text.size() >= INET6_ADDRSTRLEN || text.find('\0') != std::string_view::npos) {
    return std::nullopt;
  }
  const std::string terminated(text);
  std::array<uint8_t, 4> v4{};
  if (inet_pton(AF_INET, terminated.c_str(), v4.data()) == 1) {
    return FromV4(v4);
  }
  Bytes v6{};
  if (inet_pton(AF_INET6, terminated.c_str(), v6.data()) == 1) {
    return FromV6(v6);
  }
  return std::nullopt;
}

IpAddress IpAddress::FromV4(const std::array<uint8_t, 4>& bytes) {
  IpAddress address;
  std::ranges::copy(kMapped, address.bytes_.begin());
  std::ranges::copy(bytes, address.bytes_.begin() + kMapped.size());
  return address;
}

IpAddress IpAddress::FromV6(const Bytes& bytes) {
  IpAddress address;
  address.bytes_ = bytes;
  return address;
}

std::optional<IpAddress> IpAddress::FromSocket(const sockaddr_storage& address) {
  if (address.ss_family == AF_INET) {
    std::array<uint8_t, 4> bytes{};
    std::memcpy(bytes.data(), &reinterpret_cast<const sockaddr_in&>(address).sin_addr, 4);
    return FromV4(bytes);
  }
  if (address.ss_family == AF_INET6) {
    Bytes bytes{};
    std::memcpy(bytes.data(), &reinterpret_cast<const sockaddr_in6&>(address).sin6_addr, 16);
    return FromV6(bytes);
  }
  return std::nullopt;
}

bool IpAddress::is_v4() const { return std::equal(kMapped.begin(), kMapped.end(), bytes_.begin()); }

bool IpAddress::is_loopback() const {
  if (is_v4()) {
    return bytes_[kMapped.size()] == 127;
  }
  Bytes one{};
  one.back() = 1;
  return bytes_ == one;
}

AddressKey IpAddress::key() const {
  AddressKey key = bytes_;
  if (!is_v4()) {
    std::fill(key.begin() + kKeyBytes, key.end(), uint8_t{0});
  }
  return key;
}

std::string IpAddress::ToString() const {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (is_v4()) {
    inet_ntop(AF_INET, bytes_.data() + kMapped.size(), text.data(), text.size());
  } else {
    inet_ntop(AF_INET6, bytes_.data(), text.data(), text.size());
  }
  return text.data();
}

}  // namespace tocsin
