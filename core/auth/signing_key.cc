#include "core/auth/signing_key.h"

#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>

#include <array>
#include <optional>

#include "absl/strings/str_cat.h"
#include "core/auth/base64url.h"
#include "core/auth/key.h"
#include "core/base/check.h"
#include "core/base/status_macros.h"

namespace tocsin {
namespace {

using EcdsaPtr = std::unique_ptr<ECDSA_SIG, OpenSslFree<ECDSA_SIG_free>>;

// Nobody is asked for a passphrase.
int NoPassphrase(char*, int, int, void*) { return -1; }

// r and s side by side, each of 32 bytes.
std::string FromDer(std::string_view der) {
  const unsigned char* at = BytesOf(der);
  const EcdsaPtr pair(d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size())));
  TOCSIN_CHECK(pair != nullptr);
  constexpr int kHalf = Key::kEs256Bytes / 2;
  std::string signature(Key::kEs256Bytes, '\0');
  auto* to = reinterpret_cast<unsigned char*>(signature.data());
  BN_bn2binpad(ECDSA_SIG_get0_r(pair.get()), to, kHalf);
  BN_bn2binpad(ECDSA_SIG_get0_s(pair.get()), to + kHalf, kHalf);
  return signature;
}

}  // namespace

absl::StatusOr<SigningKey> SigningKey::OfSecret(std::string_view secret) {
  RETURN_IF_ERROR(CheckSecret(secret));
  SigningKey key(Algorithm::kHs256);
  key.secret_ = secret;
  return key;
}

absl::StatusOr<SigningKey> SigningKey::OfPem(std::string_view text, Algorithm rsa) {
  const BioPtr in = BioOf(text);
  PkeyPtr key(PEM_read_bio_PrivateKey(in.get(), nullptr, NoPassphrase, nullptr));
  ERR_clear_error();
  if (key == nullptr) {
    return absl::InvalidArgumentError(
        text.find("ENCRYPTED") == text.npos
            ? "holds no private key in PEM"
            : "the private key is encrypted; give it decrypted (openssl pkey -in FILE)");
  }
  const std::optional<Algorithm> algorithm = AlgorithmFor(*key, rsa);
  if (!algorithm) {
    return absl::InvalidArgumentError("the private key is no RSA or P-256 key");
  }
  RETURN_IF_ERROR(CheckKey(*key, *algorithm));
  SigningKey made(*algorithm);
  made.private_key_ = std::shared_ptr<EVP_PKEY>(key.release(), EVP_PKEY_free);
  return made;
}

std::string SigningKey::Sign(std::string_view text) const {
  return algorithm_ == Algorithm::kHs256 ? SignMac(text) : SignPrivate(text);
}

std::string SigningKey::SignToken(std::string_view header, std::string_view claims) const {
  const std::string text = absl::StrCat(EncodeBase64Url(header), ".", EncodeBase64Url(claims));
  return absl::StrCat(text, ".", EncodeBase64Url(Sign(text)));
}

std::string SigningKey::SignMac(std::string_view text) const {
  std::array<unsigned char, EVP_MAX_MD_SIZE> mac;
  unsigned int size = 0;
  TOCSIN_CHECK(HMAC(EVP_sha256(), secret_.data(), static_cast<int>(secret_.size()), BytesOf(text),
                    text.size(), mac.data(), &size) != nullptr);
  return std::string(reinterpret_cast<const char*>(mac.data()), size);
}

std::string SigningKey::SignPrivate(std::string_view text) const {
  const MdCtxPtr context(EVP_MD_CTX_new());
  EVP_PKEY_CTX* key_context = nullptr;
  size_t size = static_cast<size_t>(EVP_PKEY_get_size(private_key_.get()));
  std::string signature(size, '\0');
  TOCSIN_CHECK(EVP_DigestSignInit(context.get(), &key_context, EVP_sha256(), nullptr,
                                  private_key_.get()) == 1 &&
               UsePss(key_context, algorithm_));
  TOCSIN_CHECK(EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()),
                              &size, BytesOf(text), text.size()) == 1);
  signature.resize(size);
  return algorithm_ == Algorithm::kEs256 ? FromDer(signature) : signature;
}

}  // namespace tocsin
