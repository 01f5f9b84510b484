#include "core/auth/https/jwks_address.h"

#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"
#include "core/tls/client_context.h"

namespace tocsin {
namespace {

tls::NamedFile Authorities(const std::string& file) { return {"--auth-jwks-ca", file}; }

}  // namespace

JwksAddress::JwksAddress(http::HttpsAddress address, std::string ca_file, absl::Duration timeout)
    : authorities_(Authorities(ca_file)),
      client_(std::move(address), {.most_bytes = KeySet::kMaxTextBytes,
                                   .accept = "application/jwk-set+json, application/json",
                                   .timeout = timeout}) {}

absl::StatusOr<std::vector<KeyText>> JwksAddress::Read() {
  ASSIGN_OR_RETURN(const tls::ContextPtr context, tls::MakeClientContext(authorities_));
  ASSIGN_OR_RETURN(std::string text, client_.Get(*context));
  return std::vector<KeyText>{{KeyText::Form::kJwks, client_.address().shown, std::move(text)}};
}

absl::StatusOr<std::unique_ptr<KeyReader>> OpenJwksAddress(std::string_view url,
                                                           const std::string& ca_file) {
  absl::StatusOr<http::HttpsAddress> address = http::ParseHttpsAddress(url);
  if (!address.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat("--auth-jwks-url: ", address.status().message()));
  }
  RETURN_IF_ERROR(tls::MakeClientContext(Authorities(ca_file)).status());
  return std::make_unique<JwksAddress>(*std::move(address), ca_file);
}

}  // namespace tocsin
