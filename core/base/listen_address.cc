#include "core/base/listen_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <charconv>
#include <cstring>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "core/base/strings.h"

namespace tocsin {
namespace {

absl::Status Wrong(std::string_view flag, std::string_view text, std::string_view why,
                   UnixSockets unix_sockets) {
  const std::string_view or_unix = unix_sockets == UnixSockets::kAllowed
                                       ? ", or a Unix socket, such as unix:/run/tocsin.sock"
                                       : "";
  return absl::InvalidArgumentError(absl::StrCat(
      ToAbsl(flag), ": '", ToAbsl(text), "' is no address to listen on: ", ToAbsl(why),
      "; give HOST:PORT, such as 127.0.0.1:8080 or [::1]:8080 (port 0 picks a free one)",
      ToAbsl(or_unix)));
}

bool IsIpv6(const std::string& host) {
  in6_addr address{};
  return inet_pton(AF_INET6, host.c_str(), &address) == 1;
}

bool IsHostName(std::string_view host) {
  return std::all_of(host.begin(), host.end(), [](unsigned char c) {
    return absl::ascii_isalnum(c) || c == '.' || c == '-' || c == '_';
  });
}

bool ParsePort(std::string_view text, uint16_t& port) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc() && end == text.data() + text.size() && !text.empty();
}

bool IsLoopbackV6(const in6_addr& address) {
  if (IN6_IS_ADDR_LOOPBACK(&address)) return true;
  return IN6_IS_ADDR_V4MAPPED(&address) && address.s6_addr[12] == 127;
}

}  // namespace

bool ListenAddress::IsLoopback() const {
  if (absl::EqualsIgnoreCase(host, "localhost")) return true;
  in_addr v4{};
  if (inet_pton(AF_INET, host.c_str(), &v4) == 1) return (ntohl(v4.s_addr) >> 24) == 127;
  in6_addr v6{};
  return inet_pton(AF_INET6, host.c_str(), &v6) == 1 && IsLoopbackV6(v6);
}

std::string ListenAddress::ToString() const {
  if (IsUnix()) return absl::StrCat("unix:", unix_path);
  if (IsIpv6(host)) return absl::StrCat("[", host, "]:", port);
  return absl::StrCat(host, ":", port);
}

absl::StatusOr<ListenAddress> ParseListenAddress(std::string_view text, std::string_view flag,
                                                 UnixSockets unix_sockets) {
  const auto wrong = [&](std::string_view why) { return Wrong(flag, text, why, unix_sockets); };
  ListenAddress address;
  if (text.starts_with("unix:")) {
    if (unix_sockets == UnixSockets::kRefused) return wrong("this port has no Unix socket");
    address.unix_path = text.substr(5);
    if (address.unix_path.empty()) return wrong("the socket's path is missing");
    return address;
  }
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return wrong("the port is missing");
  if (!ParsePort(text.substr(colon + 1), address.port)) {
    return wrong("the port is not a number from 0 to 65535");
  }
  std::string_view host = text.substr(0, colon);
  const bool bracketed = host.size() >= 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  address.host = host;
  if (host.empty()) return wrong("the host is missing (0.0.0.0 is every interface)");
  if (bracketed && !IsIpv6(address.host)) return wrong("what is in brackets is no IPv6 address");
  if (!bracketed && !IsHostName(host)) {
    return wrong(IsIpv6(address.host) ? "an IPv6 address goes in brackets"
                                      : "the host is neither a name nor an address");
  }
  return address;
}

absl::Status CheckExposure(const ListenAddress& address, const Exposure& exposure,
                           std::string_view flag) {
  const bool encrypted = exposure.tls || exposure.behind_proxy;
  if (exposure.insecure || address.IsUnix() || address.IsLoopback() ||
      (exposure.auth && encrypted)) {
    return absl::OkStatus();
  }
  std::string why, missing;
  if (!exposure.auth) {
    why = "without authentication everyone who reaches it may read and publish every event";
    missing =
        "authentication (--auth-secret-file, --auth-key-file, --auth-jwks-file or --auth-jwks-url)";
  }
  if (!encrypted) {
    absl::StrAppend(&why, why.empty() ? "" : ", and ",
                    "without TLS everyone on the way reads tokens and events");
    absl::StrAppend(&missing, missing.empty() ? "" : " and ",
                    "TLS (--tls-cert and --tls-key, or --behind-proxy where a proxy does it)");
  }
  return absl::FailedPreconditionError(
      absl::StrCat("refusing to start: ", ToAbsl(flag), " ", address.ToString(),
                   " can be reached from other machines, and ", why, ". Missing: ", missing,
                   ". Or listen on 127.0.0.1, or pass --insecure where the network itself is "
                   "trusted"));
}

}  // namespace tocsin
