#include "core/auth/key.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/params.h>
#include <openssl/rsa.h>

#include <algorithm>
#include <array>
#include <bitset>

#include "absl/strings/str_cat.h"
#include "core/base/check.h"
#include "core/base/planted.h"
#include "core/base/status_macros.h"
#include "core/base/strings.h"

namespace tocsin {
namespace {

constexpr size_t kMacBytes = 32;  // of HMAC with SHA-256

using EcdsaPtr = std::unique_ptr<ECDSA_SIG, OpenSslFree<ECDSA_SIG_free>>;

absl::Status Weak(std::string_view what) { return absl::InvalidArgumentError(ToAbsl(what)); }

absl::Status CheckId(std::string_view id) {
  if (id.size() > Key::kMaxIdBytes) {
    return Weak(absl::StrCat("kid has ", id.size(), " bytes; allowed: at most ", Key::kMaxIdBytes));
  }
  return absl::OkStatus();
}

absl::Status CheckRsa(const EVP_PKEY& key) {
  const int bits = EVP_PKEY_get_bits(&key);
  if (bits < Key::kMinRsaBits || bits > Key::kMaxRsaBits) {
    return Weak(absl::StrCat("the RSA key has ", bits, " bits; allowed: ", Key::kMinRsaBits, " to ",
                             Key::kMaxRsaBits));
  }
  return absl::OkStatus();
}

absl::Status CheckCurve(const EVP_PKEY& key) {
  std::array<char, 64> name{};
  if (EVP_PKEY_get_group_name(&key, name.data(), name.size(), nullptr) != 1 ||
      std::string_view(name.data()) != SN_X9_62_prime256v1) {
    return Weak("the elliptic curve is another than P-256, the only one of ES256");
  }
  return absl::OkStatus();
}

// ES256 signs with r and s side by side; OpenSSL verifies their DER form. Empty where one is out
// of range.
std::string DerOf(std::string_view signature) {
  if (signature.size() != Key::kEs256Bytes) {
    return "";
  }
  constexpr size_t kHalf = Key::kEs256Bytes / 2;
  BigNumberPtr r(BN_bin2bn(BytesOf(signature), kHalf, nullptr));
  BigNumberPtr s(BN_bin2bn(BytesOf(signature.substr(kHalf)), kHalf, nullptr));
  if (BN_is_zero(r.get()) || BN_is_zero(s.get())) {
    return "";
  }
  const EcdsaPtr pair(ECDSA_SIG_new());
  ECDSA_SIG_set0(pair.get(), r.release(), s.release());
  std::string der(static_cast<size_t>(i2d_ECDSA_SIG(pair.get(), nullptr)), '\0');
  auto* to = reinterpret_cast<unsigned char*>(der.data());
  i2d_ECDSA_SIG(pair.get(), &to);
  return der;
}

}  // namespace

absl::Status CheckSecret(std::string_view secret) {
  if (Planted("weak-secret-accepted")) return absl::OkStatus();
  if (secret.size() < Key::kMinSecretBytes || secret.size() > Key::kMaxSecretBytes) {
    return Weak(absl::StrCat("the secret has ", secret.size(),
                             " bytes; allowed: ", Key::kMinSecretBytes, " to ",
                             Key::kMaxSecretBytes, " (openssl rand -base64 48 makes one)"));
  }
  std::bitset<256> seen;
  for (const char byte : secret) {
    seen.set(static_cast<unsigned char>(byte));
  }
  if (seen.count() < Key::kMinDifferentBytes) {
    return Weak(absl::StrCat("the secret has only ", seen.count(),
                             " different bytes, so it can be guessed (openssl rand -base64 48 "
                             "makes a good one)"));
  }
  return absl::OkStatus();
}

std::optional<Algorithm> AlgorithmFor(const EVP_PKEY& key, Algorithm rsa) {
  switch (EVP_PKEY_get_base_id(&key)) {
    case EVP_PKEY_RSA:
      return rsa;
    case EVP_PKEY_RSA_PSS:
      return Algorithm::kPs256;
    case EVP_PKEY_EC:
      return Algorithm::kEs256;
    default:
      return std::nullopt;
  }
}

absl::Status CheckKey(const EVP_PKEY& key, Algorithm algorithm) {
  const bool rsa = algorithm == Algorithm::kRs256 || algorithm == Algorithm::kPs256;
  if (AlgorithmFor(key, rsa ? algorithm : Algorithm::kRs256) != algorithm) {
    return Weak(
        absl::StrCat("the key is of another kind than ", ToAbsl(NameOf(algorithm)), " signs with"));
  }
  RETURN_IF_ERROR(rsa ? CheckRsa(key) : CheckCurve(key));
  const PkeyCtxPtr context(
      EVP_PKEY_CTX_new_from_pkey(nullptr, const_cast<EVP_PKEY*>(&key), nullptr));
  const bool sound = context != nullptr && EVP_PKEY_public_check(context.get()) == 1;
  ERR_clear_error();
  return sound ? absl::OkStatus() : Weak("its numbers are no key");
}

bool UsePss(EVP_PKEY_CTX* context, Algorithm algorithm) {
  return algorithm != Algorithm::kPs256 ||
         (EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1 &&
          EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST) == 1);
}

absl::StatusOr<Key> Key::OfSecret(std::string_view secret, std::string_view id) {
  RETURN_IF_ERROR(CheckId(id));
  RETURN_IF_ERROR(CheckSecret(secret));
  const MacPtr mac(EVP_MAC_fetch(nullptr, "HMAC", nullptr));
  MacCtxPtr context(EVP_MAC_CTX_new(mac.get()));
  char digest[] = "SHA256";
  const OSSL_PARAM params[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, sizeof(digest) - 1),
      OSSL_PARAM_construct_end()};
  TOCSIN_CHECK(EVP_MAC_init(context.get(), BytesOf(secret), secret.size(), params) == 1);
  Key key(Algorithm::kHs256, id);
  key.mac_ = std::shared_ptr<EVP_MAC_CTX>(context.release(), EVP_MAC_CTX_free);
  return key;
}

absl::StatusOr<Key> Key::OfPublicKey(PkeyPtr public_key, Algorithm algorithm, std::string_view id) {
  RETURN_IF_ERROR(CheckId(id));
  RETURN_IF_ERROR(CheckKey(*public_key, algorithm));
  Key key(algorithm, id);
  key.public_key_ = std::shared_ptr<EVP_PKEY>(public_key.release(), EVP_PKEY_free);
  return key;
}

bool Key::Verifies(std::string_view signed_text, std::string_view signature) const {
  return algorithm_ == Algorithm::kHs256 ? VerifiesMac(signed_text, signature)
                                         : VerifiesPublic(signed_text, signature);
}

bool Key::VerifiesMac(std::string_view signed_text, std::string_view signature) const {
  const MacCtxPtr context(EVP_MAC_CTX_dup(mac_.get()));
  std::array<unsigned char, kMacBytes> made{};
  size_t size = 0;
  // The comparison takes as long wherever the two differ.
  return context != nullptr &&
         EVP_MAC_update(context.get(), BytesOf(signed_text), signed_text.size()) == 1 &&
         EVP_MAC_final(context.get(), made.data(), &size, made.size()) == 1 &&
         size == made.size() && signature.size() == size &&
         CRYPTO_memcmp(made.data(), signature.data(), size) == 0;
}

bool Key::VerifiesPublic(std::string_view signed_text, std::string_view signature) const {
  const std::string der = algorithm_ == Algorithm::kEs256 ? DerOf(signature) : "";
  const std::string_view given = algorithm_ == Algorithm::kEs256 ? der : signature;
  if (given.empty()) {
    return false;
  }
  // OpenSSL takes a PSS signature without the zero bytes that it may begin with for the same number,
  // and so one token would have two texts (RFC 8017, section 8.1.2).
  const bool rsa = algorithm_ != Algorithm::kEs256;
  if (rsa && signature.size() != static_cast<size_t>(EVP_PKEY_get_size(public_key_.get()))) {
    return false;
  }
  const MdCtxPtr context(EVP_MD_CTX_new());
  EVP_PKEY_CTX* key_context = nullptr;
  const bool good = EVP_DigestVerifyInit(context.get(), &key_context, EVP_sha256(), nullptr,
                                         public_key_.get()) == 1 &&
                    UsePss(key_context, algorithm_) &&
                    EVP_DigestVerify(context.get(), BytesOf(given), given.size(),
                                     BytesOf(signed_text), signed_text.size()) == 1;
  ERR_clear_error();
  return good;
}

}  // namespace tocsin
