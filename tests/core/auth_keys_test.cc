// Keys as operators have them, and as Keycloak, Auth0 and others publish them.
#include "tests/core/auth_keys.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/auth/base64url.h"
#include "core/auth/key_set.h"
#include "core/auth/signing_key.h"

namespace tocsin {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::kTestSecret;
using testing::TestKey;

using Form = KeyText::Form;

absl::StatusOr<KeySetPtr> Parse(Form form, std::string_view text) {
  const KeyText one{form, "FILE", std::string(text)};
  return KeySet::Parse({&one, 1}, {});
}

void ExpectRefused(Form form, std::string_view text, std::string_view why) {
  const auto set = Parse(form, text);
  ASSERT_FALSE(set.ok()) << why;
  EXPECT_THAT(std::string(set.status().message()), HasSubstr("FILE: "));
  EXPECT_THAT(std::string(set.status().message()), HasSubstr(std::string(why)));
}

const TestKey& Rsa() {
  static const auto* const key = new TestKey(TestKey::Rsa());
  return *key;
}
const TestKey& Ec() {
  static const auto* const key = new TestKey(TestKey::Ec());
  return *key;
}

std::string SetOf(std::string_view keys) {
  return absl::StrCat(R"({"keys":[)", ToAbsl(keys), "]}");
}

TEST(Base64UrlTest, OneTextForEachRunOfBytes) {
  for (const auto& [bytes, text] : std::initializer_list<std::pair<std::string, std::string>>{
           {"", ""}, {"f", "Zg"}, {"fo", "Zm8"}, {"foo", "Zm9v"}, {"\xfb\xff", "-_8"}}) {
    EXPECT_EQ(EncodeBase64Url(bytes), text);
    EXPECT_EQ(DecodeBase64Url(text), bytes);
  }
  for (const char* wrong : {"Z", "Zg==", "Zh", "Zm9", "Zm9v ", "+/8", "Zg\n", "Zm9vZ"}) {
    EXPECT_EQ(DecodeBase64Url(wrong), std::nullopt) << wrong;
  }
}

TEST(KeySetTest, ASecretIsLongVariedAndNoKey) {
  EXPECT_TRUE(Parse(Form::kSecret, kTestSecret).ok());
  EXPECT_TRUE(Parse(Form::kSecret, absl::StrCat(ToAbsl(kTestSecret), "\n")).ok());
  ExpectRefused(Form::kSecret, "", "has 0 bytes");
  ExpectRefused(Form::kSecret, "only thirty-one bytes, not more", "has 31 bytes");
  ExpectRefused(Form::kSecret, "only thirty-one bytes, not more\n", "has 31 bytes");
  ExpectRefused(Form::kSecret, std::string(64, 'a'), "can be guessed");
  ExpectRefused(Form::kSecret, std::string(2000, 'x') + "abcdefghijklm", "has 2013 bytes");
  ExpectRefused(Form::kSecret, Rsa().PublicPem(), "not a secret");
  ExpectRefused(Form::kSecret, Rsa().PublicDer(), "not a secret");
  ExpectRefused(Form::kSecret, Rsa().PrivatePem(), "not a secret");
  ExpectRefused(Form::kSecret, SetOf(Rsa().Jwk("")), "not a secret");
}

TEST(KeySetTest, ASetHasAKey) {
  EXPECT_THAT(std::string(KeySet::Parse({}, {}).status().message()), HasSubstr("no key"));
}

TEST(KeySetTest, TheLineEndAtASecretsEndIsNoPartOfIt) {
  const auto set = Parse(Form::kSecret, absl::StrCat(ToAbsl(kTestSecret), "\r\n"));
  const auto signer = SigningKey::OfSecret(kTestSecret);
  EXPECT_TRUE((*set)->keys()[0].Verifies("text", signer->Sign("text")));
}

TEST(KeySetTest, PemHoldsPublicKeysOnly) {
  const auto set = Parse(Form::kPem, Rsa().PublicPem() + "text between\n" + Ec().PublicPem());
  ASSERT_TRUE(set.ok()) << set.status();
  EXPECT_EQ((*set)->keys()[0].algorithm(), Algorithm::kRs256);
  EXPECT_EQ((*set)->keys()[1].algorithm(), Algorithm::kEs256);
  ExpectRefused(Form::kPem, Rsa().PrivatePem(), "private key");
  ExpectRefused(Form::kPem, Rsa().PublicPem() + Rsa().PrivatePem(), "private key");
  ExpectRefused(Form::kPem, "", "no PEM block");
  ExpectRefused(Form::kPem, kTestSecret, "no PEM block");
  const std::string pem = Rsa().PublicPem();
  ExpectRefused(Form::kPem, pem.substr(0, pem.size() - 30), "damaged or does not end");
  ExpectRefused(Form::kPem, TestKey::Rsa(1024).PublicPem(), "1024 bits");
  ExpectRefused(Form::kPem, TestKey::Ec("P-384").PublicPem(), "P-256");
}

TEST(KeySetTest, AnRsaKeyIsForOneAlgorithm) {
  const KeyText pem{Form::kPem, "FILE", Rsa().PublicPem()};
  const auto set = KeySet::Parse({&pem, 1}, {.rsa = Algorithm::kPs256});
  ASSERT_TRUE(set.ok());
  EXPECT_EQ((*set)->keys()[0].algorithm(), Algorithm::kPs256);
  EXPECT_TRUE((*set)->keys()[0].Verifies("text", Rsa().Signs(Algorithm::kPs256).Sign("text")));
  // A signature is a number; without the zero it begins with, it is the same one.
  std::string signature;
  for (int tries = 0; tries < 10'000 && !signature.starts_with('\0'); ++tries) {
    signature = Rsa().Signs(Algorithm::kPs256).Sign("text");
  }
  ASSERT_TRUE(signature.starts_with('\0'));
  EXPECT_TRUE((*set)->keys()[0].Verifies("text", signature));
  EXPECT_FALSE((*set)->keys()[0].Verifies("text", signature.substr(1)));
  EXPECT_FALSE((*set)->keys()[0].Verifies("text", Rsa().Signs(Algorithm::kRs256).Sign("text")));
}

TEST(KeySetTest, SecretsAndPublicKeysDoNotGoTogether) {
  const KeyText texts[] = {{Form::kPem, "a", Rsa().PublicPem()},
                           {Form::kSecret, "b", std::string(kTestSecret)}};
  EXPECT_THAT(std::string(KeySet::Parse(texts, {}).status().message()),
              HasSubstr("do not go together"));
  const std::string secret =
      absl::StrCat(R"({"kty":"oct","kid":"s","k":")", EncodeBase64Url(kTestSecret), "\"}");
  EXPECT_TRUE(Parse(Form::kJwks, SetOf(secret)).ok());
  const auto mixed = Parse(Form::kJwks, SetOf(absl::StrCat(secret, ",", Rsa().Jwk(""))));
  EXPECT_THAT(std::string(mixed.status().message()), HasSubstr("do not go together"));
}

// Keycloak publishes a key for encryption beside that for signatures, Auth0 two for signatures, both
// with certificates; Microsoft says no alg.
TEST(KeySetTest, JwkSetsAsProvidersPublishThem) {
  const std::string certificate = R"(,"x5c":["MIICnTCCAYUCBgGQ"],"x5t":"6kw","x5t#S256":"Qg")";
  const auto keycloak = Parse(
      Form::kJwks,
      SetOf(absl::StrCat(
          TestKey::Rsa().Jwk(
              absl::StrCat(R"(,"kid":"enc-1","alg":"RSA-OAEP","use":"enc")", certificate)),
          ",", Rsa().Jwk(absl::StrCat(R"(,"kid":"sig-1","alg":"RS256","use":"sig")", certificate)),
          R"(,{"kid":"ed","kty":"OKP","alg":"EdDSA","use":"sig","crv":"Ed25519","x":"AAAA"})")));
  ASSERT_TRUE(keycloak.ok()) << keycloak.status();
  ASSERT_EQ((*keycloak)->keys().size(), 1u);
  EXPECT_EQ((*keycloak)->keys()[0].id(), "sig-1");
  EXPECT_THAT((*keycloak)->passed_over(),
              ElementsAre("keys[0] kid=\"enc-1\": use is another than sig",
                          HasSubstr("keys[2] kid=\"ed\": alg is another than")));
  const auto auth0 =
      Parse(Form::kJwks,
            SetOf(absl::StrCat(
                Rsa().Jwk(absl::StrCat(R"(,"use":"sig","kid":"a","alg":"RS256")", certificate)),
                ",", TestKey::Rsa().Jwk(R"(,"use":"sig","kid":"b","alg":"RS256")"))));
  EXPECT_EQ((*auth0)->keys().size(), 2u);
  const auto entra = Parse(Form::kJwks, SetOf(Rsa().Jwk(R"(,"use":"sig","kid":"a","issuer":"x")")));
  EXPECT_EQ((*entra)->keys()[0].algorithm(), Algorithm::kRs256);
}

TEST(KeySetTest, WhatIsWrongInAJwkSetIsPassedOver) {
  const std::string good = Ec().Jwk(R"(,"kid":"good")");
  const std::string zeros = EncodeBase64Url(std::string(32, '\0'));
  for (const auto& [jwk, why] : std::initializer_list<std::pair<std::string, std::string>>{
           {"7", "no object"},
           {"{}", "kty"},
           {Rsa().Jwk(R"(,"alg":"none")"), "alg is another"},
           {Rsa().Jwk(R"(,"alg":"HS256")"), "another kind"},
           {Rsa().Jwk(R"(,"alg":"ES256")"), "another kind"},
           {Ec().Jwk(R"(,"alg":"RS256")"), "another kind"},
           {Rsa().Jwk(R"(,"use":"")"), "use"},
           {Rsa().Jwk(R"(,"key_ops":["encrypt"])"), "key_ops"},
           {Rsa().Jwk(R"(,"key_ops":"verify")"), "key_ops"},
           {Rsa().Jwk(R"(,"d":"AQAB")"), "private"},
           {Rsa().Jwk(R"(,"kid":7)"), "kid"},
           {Rsa().Jwk(absl::StrCat(R"(,"kid":")", std::string(129, 'k'), "\"")), "129 bytes"},
           {Rsa().Jwk(R"(,"kid":"good")"), "same kid"},
           {TestKey::Rsa(1024).Jwk(""), "1024 bits"},
           {R"({"kty":"RSA","n":"AQAB","e":"AQAB"})", "bits"},
           {R"({"kty":"RSA","n":"===","e":"AQAB"})", "n is no base64url"},
           {R"({"kty":"RSA","e":"AQAB"})", "n is no base64url"},
           {R"({"kty":"EC","crv":"P-384","x":"AA","y":"AA"})", "crv"},
           {R"({"kty":"EC","crv":"P-256","x":"AA","y":"AA"})", "32 bytes"},
           {absl::StrCat(R"({"kty":"EC","crv":"P-256","x":")", zeros, R"(","y":")", zeros, "\"}"),
            "no key"},
           {R"({"kty":"oct","k":"c2hvcnQ"})", "has 5 bytes"}}) {
    const auto set = Parse(Form::kJwks, SetOf(absl::StrCat(good, ",", jwk)));
    ASSERT_TRUE(set.ok()) << jwk << set.status();
    EXPECT_EQ((*set)->keys().size(), 1u) << jwk;
    EXPECT_THAT((*set)->passed_over(), ElementsAre(HasSubstr(why))) << jwk;
    ExpectRefused(Form::kJwks, SetOf(jwk == Rsa().Jwk(R"(,"kid":"good")") ? "7" : jwk),
                  "can be used");
  }
}

TEST(KeySetTest, AnExponentOfOneIsNoKey) {
  const std::string jwk =
      absl::StrCat(R"({"kty":"RSA","n":")", EncodeBase64Url(Rsa().Modulus()), R"(","e":"AQ"})");
  ExpectRefused(Form::kJwks, SetOf(jwk), "no key");
}

TEST(KeySetTest, AJwkSetIsStrictJsonAndBounded) {
  for (const char* text : {"", "[]", "{}", R"({"keys":{}})", R"({"keys":[]})", "{\"keys\":[]",
                           R"({"keys":[],"keys":[]})", "<html>502 Bad Gateway</html>"}) {
    EXPECT_FALSE(Parse(Form::kJwks, text).ok()) << text;
  }
  ExpectRefused(Form::kJwks, SetOf(absl::StrCat("7", std::string(200, ' '))), "can be used");
  std::string many = "7";
  for (int i = 0; i < 64; ++i) many += ",7";
  ExpectRefused(Form::kJwks, SetOf(many), "more than 64 keys");
  ExpectRefused(Form::kJwks, std::string(70'000, ' '), "too large");
  std::string keys = Ec().Jwk(R"(,"kid":"0")");
  for (int i = 1; i < 33; ++i) {
    absl::StrAppend(&keys, ",", Ec().Jwk(absl::StrCat(R"(,"kid":")", i, "\"")));
  }
  const auto set = Parse(Form::kJwks, SetOf(keys));
  EXPECT_THAT(std::string(set.status().message()), HasSubstr("there are 33 keys"));
}

// A token that could be of any of many keys would be a cheap way to make the server work.
TEST(KeySetTest, ATokenIsTriedWithFewKeys) {
  std::string keys = Ec().Jwk(R"(,"kid":"0")");
  for (int i = 1; i < 5; ++i) {
    absl::StrAppend(&keys, ",", Ec().Jwk(absl::StrCat(R"(,"kid":")", i, "\"")));
  }
  const KeySetPtr set = *Parse(Form::kJwks, SetOf(keys));
  const std::string signature = Ec().Signs().Sign("text");
  EXPECT_EQ(set->Verify({Algorithm::kEs256, ""}, "text", signature), KeySet::Outcome::kManyKeys);
  EXPECT_EQ(set->Verify({Algorithm::kEs256, "3"}, "text", signature), KeySet::Outcome::kVerified);
}

TEST(SigningKeyTest, WeakAndEncryptedKeysDoNotSign) {
  EXPECT_FALSE(SigningKey::OfSecret("short").ok());
  EXPECT_FALSE(SigningKey::OfPem(TestKey::Rsa(1024).PrivatePem(), Algorithm::kRs256).ok());
  EXPECT_FALSE(SigningKey::OfPem(TestKey::Ec("P-521").PrivatePem(), Algorithm::kRs256).ok());
  EXPECT_THAT(
      std::string(SigningKey::OfPem(Rsa().PublicPem(), Algorithm::kRs256).status().message()),
      HasSubstr("no private key"));
}

}  // namespace
}  // namespace tocsin
