#include "core/auth/jwks.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/param_build.h>

#include <algorithm>
#include <boost/json/value.hpp>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/auth/base64url.h"
#include "core/base/status_macros.h"
#include "core/base/strings.h"
#include "core/event/json_fields.h"
#include "core/event/json_reader.h"
#include "core/event/text.h"

namespace tocsin {
namespace {

namespace json = boost::json;

using ParamBuilder = std::unique_ptr<OSSL_PARAM_BLD, OpenSslFree<OSSL_PARAM_BLD_free>>;
using ParamsPtr = std::unique_ptr<OSSL_PARAM, OpenSslFree<OSSL_PARAM_free>>;

constexpr size_t kCoordinateBytes = 32;  // of P-256
// What only the owner of a key knows, by RFC 7518, sections 6.2.2 and 6.3.2.
constexpr std::string_view kPrivateMembers[] = {"d", "p", "q", "dp", "dq", "qi", "oth"};

absl::Status Wrong(std::string what) { return absl::InvalidArgumentError(what); }

// Nothing where there is none, or no text.
std::optional<std::string_view> TextOf(const json::object& jwk, std::string_view name) {
  const json::value* const value = jwk.if_contains(name);
  return value == nullptr || !value->is_string()
             ? std::nullopt
             : std::optional<std::string_view>(ToView(value->get_string()));
}

absl::StatusOr<std::string> BytesOfMember(const json::object& jwk, std::string_view name) {
  const std::optional<std::string_view> text = TextOf(jwk, name);
  std::optional<std::string> bytes = text ? DecodeBase64Url(*text) : std::nullopt;
  if (!bytes || bytes->empty()) {
    return Wrong(absl::StrCat(ToAbsl(name), " is no base64url"));
  }
  return *std::move(bytes);
}

// nullptr when OpenSSL does not take the numbers.
PkeyPtr Build(const char* kind, OSSL_PARAM_BLD* builder) {
  const ParamsPtr params(OSSL_PARAM_BLD_to_param(builder));
  const PkeyCtxPtr context(EVP_PKEY_CTX_new_from_name(nullptr, kind, nullptr));
  EVP_PKEY* key = nullptr;
  if (params == nullptr || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, params.get()) != 1) {
    key = nullptr;
  }
  ERR_clear_error();
  return PkeyPtr(key);
}

absl::StatusOr<PkeyPtr> RsaKey(const json::object& jwk) {
  ASSIGN_OR_RETURN(const std::string n, BytesOfMember(jwk, "n"));
  ASSIGN_OR_RETURN(const std::string e, BytesOfMember(jwk, "e"));
  constexpr size_t kMostExponentBytes = 8;
  if (n.size() > Key::kMaxRsaBits / 8 + 1 || e.size() > kMostExponentBytes) {
    return Wrong("n or e is too large");
  }
  const BigNumberPtr modulus(BN_bin2bn(BytesOf(n), static_cast<int>(n.size()), nullptr));
  const BigNumberPtr exponent(BN_bin2bn(BytesOf(e), static_cast<int>(e.size()), nullptr));
  const ParamBuilder builder(OSSL_PARAM_BLD_new());
  OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, modulus.get());
  OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, exponent.get());
  return Build("RSA", builder.get());
}

absl::StatusOr<PkeyPtr> EcKey(const json::object& jwk) {
  if (TextOf(jwk, "crv") != "P-256") {
    return Wrong("crv is another than P-256");
  }
  ASSIGN_OR_RETURN(const std::string x, BytesOfMember(jwk, "x"));
  ASSIGN_OR_RETURN(const std::string y, BytesOfMember(jwk, "y"));
  if (x.size() != kCoordinateBytes || y.size() != kCoordinateBytes) {
    return Wrong("x and y do not have 32 bytes each");
  }
  const std::string point = absl::StrCat("\x04", x, y);  // uncompressed
  const ParamBuilder builder(OSSL_PARAM_BLD_new());
  OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0);
  OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(),
                                   point.size());
  return Build("EC", builder.get());
}

// Whether the set says that the key is for signatures that others verify.
absl::Status CheckUse(const json::object& jwk) {
  if (jwk.contains("use") && TextOf(jwk, "use") != "sig") {
    return Wrong("use is another than sig");
  }
  if (const json::value* const operations = jwk.if_contains("key_ops")) {
    const auto is_verify = [](const json::value& value) {
      return value.is_string() && ToView(value.get_string()) == "verify";
    };
    if (!operations->is_array() ||
        std::none_of(operations->get_array().begin(), operations->get_array().end(), is_verify)) {
      return Wrong("key_ops has no verify");
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<Key> PublicKeyOf(const json::object& jwk, std::optional<Algorithm> said,
                                Algorithm rsa, std::string_view kid) {
  for (const std::string_view name : kPrivateMembers) {
    if (jwk.contains(name)) {
      return Wrong("it holds a private key");
    }
  }
  const bool is_rsa = TextOf(jwk, "kty") == "RSA";
  ASSIGN_OR_RETURN(PkeyPtr key, is_rsa ? RsaKey(jwk) : EcKey(jwk));
  if (key == nullptr) {
    return Wrong("its numbers are no key");
  }
  return Key::OfPublicKey(std::move(key), said.value_or(is_rsa ? rsa : Algorithm::kEs256), kid);
}

absl::StatusOr<Key> KeyOf(const json::object& jwk, Algorithm rsa) {
  RETURN_IF_ERROR(CheckUse(jwk));
  std::optional<Algorithm> said;
  if (jwk.contains("alg")) {
    said = AlgorithmOf(TextOf(jwk, "alg").value_or(""));
    if (!said) {
      return Wrong("alg is another than HS256, RS256, PS256 and ES256");
    }
  }
  const std::string_view kid = TextOf(jwk, "kid").value_or("");
  if (jwk.contains("kid") && kid.empty()) {
    return Wrong("kid is no text");
  }
  const std::string_view kty = TextOf(jwk, "kty").value_or("");
  if (kty == "oct") {
    if (said && said != Algorithm::kHs256) {
      return Wrong("alg does not suit kty");
    }
    ASSIGN_OR_RETURN(const std::string secret, BytesOfMember(jwk, "k"));
    return Key::OfSecret(secret, kid);
  }
  if (kty != "RSA" && kty != "EC") {
    return Wrong("kty is another than RSA, EC and oct");
  }
  return PublicKeyOf(jwk, said, rsa, kid);
}

}  // namespace

absl::Status ReadJwks(std::string_view text, Algorithm rsa, std::vector<Key>& keys,
                      std::vector<std::string>& passed_over) {
  json::value value;
  RETURN_IF_ERROR(ParseJson(text, value));
  const json::object* const set = value.if_object();
  const json::value* const list = set == nullptr ? nullptr : set->if_contains("keys");
  if (list == nullptr || !list->is_array()) {
    return Wrong("no JWK set: an object with a list named keys");
  }
  if (list->get_array().size() > kMaxListedKeys) {
    return Wrong(absl::StrCat("more than ", kMaxListedKeys, " keys"));
  }
  const size_t before = keys.size();
  for (size_t i = 0; i < list->get_array().size(); ++i) {
    const json::object* const jwk = list->get_array()[i].if_object();
    absl::StatusOr<Key> key = jwk == nullptr ? Wrong("it is no object") : KeyOf(*jwk, rsa);
    const auto has_its_id = [&](const Key& other) { return other.id() == key->id(); };
    if (key.ok() && !key->id().empty() && std::any_of(keys.begin(), keys.end(), has_its_id)) {
      key = Wrong("a key before it has the same kid");
    }
    if (key.ok()) {
      keys.push_back(*std::move(key));
      continue;
    }
    const std::string_view kid = jwk == nullptr ? "" : TextOf(*jwk, "kid").value_or("");
    passed_over.push_back(absl::StrCat("keys[", i, "]",
                                       kid.empty() ? "" : " kid=", kid.empty() ? "" : Quote(kid),
                                       ": ", key.status().message()));
  }
  if (keys.size() == before) {
    return Wrong(
        absl::StrCat("none of its keys can be used",
                     passed_over.empty() ? "" : absl::StrCat(" (", passed_over.back(), ")")));
  }
  return absl::OkStatus();
}

}  // namespace tocsin
