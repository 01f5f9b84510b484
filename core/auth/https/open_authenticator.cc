#include "core/auth/https/open_authenticator.h"

#include <utility>

#include "core/auth/https/jwks_address.h"
#include "core/auth/key_source.h"
#include "core/base/status_macros.h"

namespace tocsin {

absl::Status CheckAuth(const AuthFlags& flags) {
  RETURN_IF_ERROR(flags.Check());
  return flags.jwks_url.empty() ? absl::OkStatus()
                                : OpenJwksAddress(flags.jwks_url, flags.jwks_ca).status();
}

absl::StatusOr<std::unique_ptr<Authenticator>> OpenAuthenticator(const AuthFlags& flags,
                                                                 Clock& clock, CidrList exempt) {
  if (flags.jwks_url.empty()) {
    return Authenticator::Open(flags, clock, std::move(exempt));
  }
  ASSIGN_OR_RETURN(std::unique_ptr<KeyReader> reader,
                   OpenJwksAddress(flags.jwks_url, flags.jwks_ca));
  KeySourceOptions options = KeySourceOptions::ForAddress();
  options.rules = flags.key_rules();
  auto keys = std::make_unique<KeySource>(std::move(reader), options, clock);
  RETURN_IF_ERROR(keys->Load());
  keys->Start();
  auto made = Authenticator::Over(std::move(keys), flags.rules, clock, std::move(exempt));
  made->limits().SetBounds(flags.subjects);
  return made;
}

}  // namespace tocsin
