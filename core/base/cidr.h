// cidr.h: networks as people write them, and lists of them: "10.0.0.0/8", "2001:db8::/32".
//
// Shape:   an address without a length is a network of one. A network holds addresses of its own
//          family only: ::/0 holds no IPv4 address.
// Threads: values.
// Errors:  INVALID_ARGUMENT that names the setting, quotes the text and says what is allowed. Bits
//          beyond the length are an error: 10.0.0.1/8 is most likely meant to be something else.
// Source:  RFC 4632, section 3.1; RFC 4291, section 2.3.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "core/base/ip_address.h"

namespace tocsin {

class Cidr {
 public:
  // `flag` names the setting ("--trusted-proxy") at the start of every error.
  static absl::StatusOr<Cidr> Parse(std::string_view text, std::string_view flag);

  bool Contains(const IpAddress& address) const;
  // "10.0.0.0/8"; Parse reads it back.
  std::string ToString() const;

 private:
  Cidr(const IpAddress& network, size_t bits) : network_(network), bits_(bits) {}

  IpAddress network_;
  size_t bits_;  // of the 128
};

class CidrList {
 public:
  CidrList() = default;
  static absl::StatusOr<CidrList> Parse(const std::vector<std::string>& texts,
                                        std::string_view flag);

  bool Contains(const IpAddress& address) const;
  bool empty() const { return networks_.empty(); }

 private:
  std::vector<Cidr> networks_;
};

}  // namespace tocsin
