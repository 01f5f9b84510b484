#include "core/auth/secret_text.h"

#include <openssl/err.h>

#include "core/base/openssl_ptr.h"

namespace tocsin {
namespace {

bool IsPublicKeyDer(std::string_view text) {
  const unsigned char* at = BytesOf(text);
  const PkeyPtr key(d2i_PUBKEY(nullptr, &at, static_cast<long>(text.size())));
  ERR_clear_error();
  return key != nullptr;
}

}  // namespace

absl::StatusOr<std::string_view> SecretIn(std::string_view text) {
  if (text.ends_with('\n')) {
    text.remove_suffix(text.ends_with("\r\n") ? 2 : 1);
  }
  if (text.find("-----BEGIN ") != text.npos || IsPublicKeyDer(text)) {
    return absl::InvalidArgumentError("this is a key or a certificate, not a secret");
  }
  if (text.starts_with('{') && text.find("\"kty\"") != text.npos) {
    return absl::InvalidArgumentError("this is a JWK or a JWK set, not a secret");
  }
  return text;
}

}  // namespace tocsin
