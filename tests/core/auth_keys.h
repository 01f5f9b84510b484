// auth_keys.h: keys that tests sign with, and the forms that others publish them in. Made anew by each
// run, so that none stands in the repository.
#pragma once

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <string>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "core/auth/base64url.h"
#include "core/auth/signing_key.h"
#include "core/base/check.h"
#include "core/base/openssl_ptr.h"
#include "core/base/strings.h"

namespace tocsin::testing {

class TestKey {
 public:
  static TestKey Rsa(size_t bits = 2048) { return TestKey(EVP_RSA_gen(bits)); }
  static TestKey Ec(const char* curve = "P-256") { return TestKey(EVP_EC_gen(curve)); }

  std::string PrivatePem() const {
    return Written([&](BIO* out) {
      PEM_write_bio_PrivateKey(out, key_.get(), nullptr, nullptr, 0, nullptr, nullptr);
    });
  }
  std::string PublicPem() const {
    return Written([&](BIO* out) { PEM_write_bio_PUBKEY(out, key_.get()); });
  }
  std::string PublicDer() const {
    return Written([&](BIO* out) { i2d_PUBKEY_bio(out, key_.get()); });
  }
  std::string Modulus() const { return Number(OSSL_PKEY_PARAM_RSA_N, 0); }

  // {"kty":…, the key's numbers, then `more`: `,"kid":"a"`}.
  std::string Jwk(std::string_view more) const {
    const auto field = [&](const char* name, const char* number, int size) {
      return absl::StrCat("\"", name, "\":\"", EncodeBase64Url(Number(number, size)), "\"");
    };
    const std::string numbers =
        EVP_PKEY_get_base_id(key_.get()) == EVP_PKEY_RSA
            ? absl::StrCat("\"kty\":\"RSA\",", field("n", OSSL_PKEY_PARAM_RSA_N, 0), ",",
                           field("e", OSSL_PKEY_PARAM_RSA_E, 0))
            : absl::StrCat("\"kty\":\"EC\",\"crv\":\"P-256\",",
                           field("x", OSSL_PKEY_PARAM_EC_PUB_X, 32), ",",
                           field("y", OSSL_PKEY_PARAM_EC_PUB_Y, 32));
    return absl::StrCat("{", numbers, ToAbsl(more), "}");
  }

  SigningKey Signs(Algorithm rsa = Algorithm::kRs256) const {
    auto key = SigningKey::OfPem(PrivatePem(), rsa);
    TOCSIN_CHECK(key.ok());
    return *std::move(key);
  }

 private:
  explicit TestKey(EVP_PKEY* key) : key_(key) { TOCSIN_CHECK(key_ != nullptr); }

  template <class Write>
  static std::string Written(Write write) {
    const BioPtr out(BIO_new(BIO_s_mem()));
    write(out.get());
    char* data = nullptr;
    const long size = BIO_get_mem_data(out.get(), &data);
    return std::string(data, static_cast<size_t>(size));
  }

  // Big-endian; padded to `size` bytes unless that is 0.
  std::string Number(const char* name, int size) const {
    BIGNUM* number = nullptr;
    TOCSIN_CHECK(EVP_PKEY_get_bn_param(key_.get(), name, &number) == 1);
    const BigNumberPtr owned(number);
    std::string bytes(static_cast<size_t>(size == 0 ? BN_num_bytes(number) : size), '\0');
    BN_bn2binpad(number, reinterpret_cast<unsigned char*>(bytes.data()),
                 static_cast<int>(bytes.size()));
    return bytes;
  }

  PkeyPtr key_;
};

inline constexpr std::string_view kTestSecret = "0123456789abcdef0123456789ABCDEF-test";

}  // namespace tocsin::testing
