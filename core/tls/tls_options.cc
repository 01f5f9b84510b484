#include "core/tls/tls_options.h"

namespace tocsin::tls {
namespace {

constexpr const char* kCertificate = "tls-cert";
constexpr const char* kKey = "tls-key";
constexpr const char* kClientAuthorities = "tls-client-ca";

}  // namespace

void ServerFlags::Register(Options& options, ClientCertificates clients) {
  options.Text(&certificate, kCertificate,
               "The server's certificate in PEM form, and after it those that signed it. Clients "
               "then connect over TLS. Read again when it changes, and on SIGHUP.",
               "FILE");
  options.Text(&key, kKey,
               "The certificate's private key, in PEM form and without a password. Read again with "
               "the certificate.",
               "FILE");
  if (clients == ClientCertificates::kAsked) {
    options.Text(&client_authorities, kClientAuthorities,
                 "Certificates, in PEM form, of the authorities that clients' certificates must "
                 "come from. Clients without one are then refused.",
                 "FILE");
  }
}

absl::Status ServerFlags::Check() const {
  if (certificate.empty() != key.empty()) {
    return absl::InvalidArgumentError("--tls-cert and --tls-key must be given together");
  }
  if (!client_authorities.empty() && certificate.empty()) {
    return absl::InvalidArgumentError("--tls-client-ca needs --tls-cert and --tls-key");
  }
  return on() ? LoadCertificate(files()).status() : absl::OkStatus();
}

CertificateFiles ServerFlags::files() const {
  return {.chain = {std::string("--") + kCertificate, certificate},
          .key = {std::string("--") + kKey, key},
          .authorities = {std::string("--") + kClientAuthorities, client_authorities}};
}

}  // namespace tocsin::tls
