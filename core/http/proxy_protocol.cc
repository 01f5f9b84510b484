#include "core/http/proxy_protocol.h"

#include <algorithm>
#include <boost/crc.hpp>
#include <charconv>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "core/base/status_macros.h"
#include "core/base/strings.h"

namespace tocsin::http {
namespace {

using Step = absl::StatusOr<ProxyHeaderStep>;

constexpr std::string_view kSignature("\r\n\r\n\0\r\nQUIT\n", 12);
constexpr size_t kFixedBytes = 16;  // of version 2: signature, command, family, length
constexpr std::string_view kWord = "PROXY ";
constexpr std::string_view kShortestLine = "PROXY UNKNOWN\r\n";
constexpr std::string_view kLineEnd = "\r\n";

absl::Status Wrong(std::string_view why) {
  return absl::InvalidArgumentError(absl::StrCat("PROXY protocol header: ", ToAbsl(why)));
}

// ---- version 1 ----

bool IsPort(std::string_view text) {
  uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc() && end == text.data() + text.size() && !text.empty() &&
         (text.size() == 1 || text.front() != '0');
}

absl::StatusOr<IpAddress> AddressOf(std::string_view text, bool v6) {
  const auto address = IpAddress::Parse(text);
  if (!address.has_value() || v6 != (text.find(':') != std::string_view::npos)) {
    return Wrong(v6 ? "what should be an IPv6 address is none"
                    : "what should be an IPv4 address is none");
  }
  return *address;
}

Step ReadWords(std::string_view line) {
  const std::vector<absl::string_view> words = absl::StrSplit(ToAbsl(line), ' ');
  const std::string_view protocol = ToStd(words[1]);
  if (protocol == "UNKNOWN") {
    return ProxyHeaderStep{};
  }
  if (protocol != "TCP4" && protocol != "TCP6") {
    return Wrong("the protocol is not TCP4, TCP6 or UNKNOWN");
  }
  if (words.size() != 6) {
    return Wrong("two addresses and two ports follow the protocol, each after one space");
  }
  const bool v6 = protocol == "TCP6";
  ASSIGN_OR_RETURN(const IpAddress client, AddressOf(ToStd(words[2]), v6));
  RETURN_IF_ERROR(AddressOf(ToStd(words[3]), v6).status());
  if (!IsPort(ToStd(words[4])) || !IsPort(ToStd(words[5]))) {
    return Wrong("a port is not a number from 0 to 65535");
  }
  return ProxyHeaderStep{.header = {.client = client}};
}

Step ReadLine(std::string_view bytes) {
  if (bytes.size() < kShortestLine.size()) {
    return ProxyHeaderStep{.needs = kShortestLine.size() - bytes.size()};
  }
  const size_t end = std::min(bytes.find_first_of(kLineEnd), bytes.size());
  if (bytes.substr(end).empty() || bytes.substr(end) == "\r") {
    const size_t needs = kLineEnd.size() - (bytes.size() - end);
    return bytes.size() + needs > kMaxProxyLineBytes
               ? Step(Wrong("its line is longer than 107 bytes"))
               : Step(ProxyHeaderStep{.needs = needs});
  }
  if (bytes.substr(end) != kLineEnd) {
    return Wrong("its line does not end with CR LF");
  }
  return ReadWords(bytes.substr(0, end));
}

// ---- version 2 ----

size_t Number(std::string_view two_bytes) {
  return static_cast<uint8_t>(two_bytes[0]) * 256u + static_cast<uint8_t>(two_bytes[1]);
}

// How long a family's addresses are; nothing: it is not carried by a stream.
std::optional<size_t> AddressesBytes(uint8_t family) {
  switch (family) {
    case 0x00:  // unspecified
      return 0;
    case 0x11:  // TCP over IPv4
      return 12;
    case 0x21:  // TCP over IPv6
      return 36;
    case 0x31:  // a Unix socket
      return 216;
    default:
      return std::nullopt;
  }
}

std::optional<IpAddress> ClientIn(uint8_t family, std::string_view addresses) {
  if (family == 0x11) {
    std::array<uint8_t, 4> bytes{};
    std::copy_n(addresses.begin(), bytes.size(), bytes.begin());
    return IpAddress::FromV4(bytes);
  }
  if (family == 0x21) {
    IpAddress::Bytes bytes{};
    std::copy_n(addresses.begin(), bytes.size(), bytes.begin());
    return IpAddress::FromV6(bytes);
  }
  return std::nullopt;
}

// CRC32c of the whole header, where the checksum itself counts as zeros.
bool ChecksumHolds(std::string_view header, size_t at) {
  boost::crc_optimal<32, 0x1EDC6F41, 0xFFFFFFFF, 0xFFFFFFFF, true, true> crc;
  const uint32_t zeros = 0;
  crc.process_bytes(header.data(), at);
  crc.process_bytes(&zeros, sizeof(zeros));
  crc.process_bytes(header.data() + at + sizeof(zeros), header.size() - at - sizeof(zeros));
  const uint32_t told =
      static_cast<uint32_t>(Number(header.substr(at)) << 16 | Number(header.substr(at + 2)));
  return crc.checksum() == told;
}

// What follows the addresses: type, length, value, of which only the checksum is looked at.
absl::Status CheckExtensions(std::string_view header, size_t at) {
  constexpr char kChecksum = 0x03;
  while (at < header.size()) {
    if (header.size() - at < 3) {
      return Wrong("an extension is cut off");
    }
    const size_t length = Number(header.substr(at + 1));
    if (header.size() - at - 3 < length) {
      return Wrong("an extension is longer than the header");
    }
    if (header[at] == kChecksum && (length != 4 || !ChecksumHolds(header, at + 3))) {
      return Wrong("its checksum is wrong");
    }
    at += 3 + length;
  }
  return absl::OkStatus();
}

Step ReadBinary(std::string_view bytes) {
  if (bytes.size() < kFixedBytes) {
    return ProxyHeaderStep{.needs = kFixedBytes - bytes.size()};
  }
  const auto command = static_cast<uint8_t>(bytes[12]);
  const auto family = static_cast<uint8_t>(bytes[13]);
  if (command != 0x20 && command != 0x21) {
    return Wrong("its version is not 2, or its command neither LOCAL nor PROXY");
  }
  const size_t size = kFixedBytes + Number(bytes.substr(14));
  if (size > kMaxProxyHeaderBytes) {
    return Wrong(absl::StrCat("it is longer than ", kMaxProxyHeaderBytes, " bytes"));
  }
  if (bytes.size() < size) {
    return ProxyHeaderStep{.needs = size - bytes.size()};
  }
  if (bytes.size() > size) {
    return Wrong("more bytes than it has were given");
  }
  if (command == 0x20) {
    return ProxyHeaderStep{};
  }
  const auto addresses = AddressesBytes(family);
  if (!addresses.has_value()) {
    return Wrong("its connection is no TCP connection over IPv4 or IPv6");
  }
  if (size - kFixedBytes < *addresses) {
    return Wrong("its length is less than its addresses have");
  }
  RETURN_IF_ERROR(CheckExtensions(bytes, kFixedBytes + *addresses));
  return ProxyHeaderStep{.header = {.client = ClientIn(family, bytes.substr(kFixedBytes))}};
}

}  // namespace

Step ReadProxyHeader(std::string_view bytes) {
  const auto begins_as = [&](std::string_view whole) {
    const size_t both = std::min(bytes.size(), whole.size());
    return bytes.substr(0, both) == whole.substr(0, both);
  };
  const bool line = begins_as(kWord);
  if (!line && !begins_as(kSignature)) {
    return Wrong("there is none");
  }
  if (bytes.size() < kSignature.size()) {
    return ProxyHeaderStep{.needs = kSignature.size() - bytes.size()};
  }
  return line ? ReadLine(bytes) : ReadBinary(bytes);
}

bool BeginsProxyHeader(std::string_view bytes) {
  return bytes.starts_with(kSignature) || bytes.starts_with("PROXY TCP") ||
         bytes.starts_with("PROXY UNKNOWN");
}

}  // namespace tocsin::http
