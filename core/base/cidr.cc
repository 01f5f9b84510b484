#include "core/base/cidr.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"
#include "core/base/strings.h"

namespace tocsin {
namespace {

constexpr size_t kV4Bits = 32;
constexpr size_t kV6Bits = 128;

absl::Status Wrong(std::string_view flag, std::string_view text, std::string_view why) {
  return absl::InvalidArgumentError(absl::StrCat(
      ToAbsl(flag), ": '", ToAbsl(text), "' is no network: ", ToAbsl(why),
      "; give an address, such as 192.0.2.1 or 2001:db8::1, or a network, such as 10.0.0.0/8"));
}

// Digits without a zero before them.
std::optional<size_t> ReadLength(std::string_view text, size_t most) {
  size_t length = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), length);
  const bool whole = error == std::errc() && end == text.data() + text.size() && !text.empty();
  if (!whole || length > most || (text.size() > 1 && text.front() == '0')) {
    return std::nullopt;
  }
  return length;
}

// The address's first `bits` bits, and zeros.
IpAddress Masked(const IpAddress& address, size_t bits) {
  IpAddress::Bytes bytes = address.bytes();
  for (size_t i = 0; i < bytes.size(); ++i) {
    const size_t kept = std::min<size_t>(8, bits - std::min(bits, 8 * i));
    bytes[i] = static_cast<uint8_t>(bytes[i] & (0xff00u >> kept));
  }
  return IpAddress::FromV6(bytes);
}

}  // namespace

absl::StatusOr<Cidr> Cidr::Parse(std::string_view text, std::string_view flag) {
  const size_t slash = text.find('/');
  const std::string_view host = text.substr(0, slash);
  const auto address = IpAddress::Parse(host);
  if (!address.has_value()) {
    return Wrong(flag, text, "what stands before the slash is no address");
  }
  // A mapped address that is written in IPv6's form has a length of IPv6's.
  const bool written_as_v4 = host.find(':') == std::string_view::npos;
  const size_t most = written_as_v4 ? kV4Bits : kV6Bits;
  size_t length = most;
  if (slash != std::string_view::npos) {
    const auto read = ReadLength(text.substr(slash + 1), most);
    if (!read.has_value()) {
      return Wrong(flag, text, absl::StrCat("its length is not a number from 0 to ", most));
    }
    length = *read;
  }
  const size_t bits = kV6Bits - most + length;
  const Cidr network(Masked(*address, bits), bits);
  if (network.network_ != *address) {
    return Wrong(flag, text,
                 absl::StrCat("bits beyond its length are set (the network of that length is ",
                              network.ToString(), ")"));
  }
  return network;
}

bool Cidr::Contains(const IpAddress& address) const {
  return address.is_v4() == network_.is_v4() && Masked(address, bits_) == network_;
}

std::string Cidr::ToString() const {
  return absl::StrCat(network_.ToString(), "/",
                      network_.is_v4() ? bits_ - (kV6Bits - kV4Bits) : bits_);
}

absl::StatusOr<CidrList> CidrList::Parse(const std::vector<std::string>& texts,
                                         std::string_view flag) {
  CidrList list;
  for (const std::string& text : texts) {
    ASSIGN_OR_RETURN(const Cidr network, Cidr::Parse(text, flag));
    list.networks_.push_back(network);
  }
  return list;
}

bool CidrList::Contains(const IpAddress& address) const {
  return std::ranges::any_of(networks_, [&](const Cidr& each) { return each.Contains(address); });
}

}  // namespace tocsin
