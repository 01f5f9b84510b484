// hub_tls.h: how a client of the hub encrypts, and shows who it is. The settings of bridge and
// command line.
//
// Threads: values.
// Errors:  INVALID_ARGUMENT that names the setting.
#pragma once

#include <string>

#include "absl/status/status.h"

namespace tocsin::rpc {

struct HubTls {
  bool wanted = false;      // --hub-tls; each of the others wants it too
  std::string authorities;  // --hub-ca, a file; empty: those of the system
  std::string certificate;  // --hub-cert, a file
  std::string key;          // --hub-key, a file
  std::string server_name;  // --hub-server-name; empty: the host of the address

  bool on() const {
    return wanted || !authorities.empty() || !certificate.empty() || !key.empty() ||
           !server_name.empty();
  }
  // What was set goes together, and the files can be used.
  absl::Status Check() const;
};

// What --help says of the settings.
inline constexpr char kHubTlsHelp[] =
    "Connect to the hub over TLS. So does each of the settings below.";
inline constexpr char kHubCaHelp[] =
    "Certificates, in PEM form, of the authorities that the hub's must come from; without it those "
    "that the system trusts. Read again when it changes.";
inline constexpr char kHubCertHelp[] =
    "The certificate, in PEM form, that a hub with --tls-client-ca wants to see. Read again when "
    "it changes.";
inline constexpr char kHubKeyHelp[] = "The private key of --hub-cert, without a password.";
inline constexpr char kHubServerNameHelp[] =
    "The name that the hub's certificate must be for, where it is not the host of --hub.";

}  // namespace tocsin::rpc
