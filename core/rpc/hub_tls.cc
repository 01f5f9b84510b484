#include "core/rpc/hub_tls.h"

#include "core/base/status_macros.h"
#include "core/tls/certificate.h"

namespace tocsin::rpc {

absl::Status HubTls::Check() const {
  if (certificate.empty() != key.empty()) {
    return absl::InvalidArgumentError("--hub-cert and --hub-key must be given together");
  }
  const tls::NamedFile trusted{"--hub-ca", authorities};
  if (!authorities.empty()) {
    RETURN_IF_ERROR(tls::LoadAuthorities(trusted).status());
  }
  return certificate.empty() ? absl::OkStatus()
                             : tls::LoadCertificate({.chain = {"--hub-cert", certificate},
                                                     .key = {"--hub-key", key},
                                                     .authorities = {}})
                                   .status();
}

}  // namespace tocsin::rpc
