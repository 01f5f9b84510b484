#include "core/tls/tls_options.h"

#include "absl/strings/str_cat.h"

namespace tocsin::tls {
namespace {

constexpr const char* kCertificate = "tls-cert";
constexpr const char* kKey = "tls-key";
constexpr absl::Duration kRenewBefore = absl::Hours(24 * 14);
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

void ServerFlags::Advise(absl::Time now, Advice& advice) const {
  AdviseOnSecretFile(absl::StrCat("--", kKey), key, advice);
  if (!on()) {
    return;
  }
  const absl::StatusOr<Certificate> loaded = LoadCertificate(files());
  if (loaded.ok() && loaded->expires - now < kRenewBefore) {
    advice.push_back(absl::StrCat(
        "--", kCertificate, " ", certificate, ": the certificate ",
        loaded->expires <= now ? "has expired: clients refuse it" : "expires within two weeks",
        " (", absl::FormatTime("%Y-%m-%d", loaded->expires, absl::UTCTimeZone()), ")"));
  }
}

CertificateFiles ServerFlags::files() const {
  return {.chain = {std::string("--") + kCertificate, certificate},
          .key = {std::string("--") + kKey, key},
          .authorities = {std::string("--") + kClientAuthorities, client_authorities}};
}

}  // namespace tocsin::tls
