// listen_address.h: where a server listens, and whether others than this machine can reach it.
//
// Shape:   "127.0.0.1:8080", "[::1]:8080", "localhost:0" (0 picks a free port),
//          "unix:/run/tocsin.sock".
// Threads: a value.
// Errors:  INVALID_ARGUMENT that names the flag and the forms allowed.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace tocsin {

struct ListenAddress {
  std::string host;  // without brackets; empty for a Unix socket
  uint16_t port = 0;
  std::string unix_path;  // empty unless "unix:"

  bool IsUnix() const { return !unix_path.empty(); }
  // True only when the host is an address of the loopback network, or "localhost".
  bool IsLoopback() const;
  bool IsReachable() const { return !IsUnix() && !IsLoopback(); }  // from other machines
  // The text that ParseListenAddress reads back, and gRPC takes.
  std::string ToString() const;
};

enum class UnixSockets { kAllowed, kRefused };

// `flag` names the setting ("--listen") at the start of every error.
absl::StatusOr<ListenAddress> ParseListenAddress(std::string_view text, std::string_view flag,
                                                 UnixSockets unix_sockets = UnixSockets::kRefused);

// What stands between a port and those who reach it.
struct Exposure {
  bool tls = false;
  bool auth = false;
  bool behind_proxy = false;  // --behind-proxy: a proxy does TLS
  bool insecure = false;      // --insecure: the user insists
};

// OK on loopback or a Unix socket; beyond this machine, with authentication and either TLS or a
// proxy that does it, or when the user insists. Otherwise FAILED_PRECONDITION that says why the
// server refuses to start and which flags are missing.
absl::Status CheckExposure(const ListenAddress& address, const Exposure& exposure,
                           std::string_view flag);

}  // namespace tocsin
