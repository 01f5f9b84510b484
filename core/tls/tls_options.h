// tls_options.h: the settings with which a program serves encrypted connections, the same in all.
//
// Threads: values.
// Errors:  INVALID_ARGUMENT that names the setting.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "core/base/advice.h"
#include "core/base/options.h"
#include "core/tls/certificate.h"

namespace tocsin::tls {

struct ServerFlags {
  std::string certificate;
  std::string key;
  std::string client_authorities;

  // `clients`: who connects, for the help; with kAsked the clients may have to show certificates.
  enum class ClientCertificates { kNotAsked, kAsked };
  void Register(Options& options, ClientCertificates clients);
  // What was set goes together, and the files can be used.
  absl::Status Check() const;
  void Advise(absl::Time now, Advice& advice) const;
  bool on() const { return !certificate.empty(); }
  CertificateFiles files() const;
};

}  // namespace tocsin::tls
