#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/auth/refusal.h"
#include "core/auth/token_verifier.h"
#include "core/event/error.h"
#include "tests/core/auth_fixture.h"
#include "tests/core/auth_keys.h"

namespace tocsin {
namespace {

using ::testing::HasSubstr;
using testing::kTestSecret;
using testing::VerifierOver;

constexpr std::string_view kHeader = R"({"alg":"HS256"})";

KeyText SecretText() { return {KeyText::Form::kSecret, "FILE", std::string(kTestSecret)}; }

class TokenVerifierTest : public ::testing::Test {
 protected:
  absl::StatusOr<Subject> Verify(std::string_view claims, TokenRules rules = {},
                                 std::string_view header = kHeader) {
    over_ = std::make_unique<VerifierOver>(SecretText(), std::move(rules));
    return over_->verifier.Verify(SigningKey::OfSecret(kTestSecret)->SignToken(header, claims));
  }
  std::unique_ptr<VerifierOver> over_;
};

TEST_F(TokenVerifierTest, ASubjectIsWhatTheTokenSays) {
  const auto subject = Verify(
      R"({"sub":"alice","iss":"https://id","jti":"7","exp":1700000300,"tocsin":{"admin":true}})");
  ASSERT_TRUE(subject.ok()) << OperatorText(subject.status());
  EXPECT_EQ(subject->name, "alice");
  EXPECT_EQ(subject->issuer, "https://id");
  EXPECT_EQ(subject->token_id, "7");
  EXPECT_EQ(subject->expires_at, absl::FromUnixSeconds(1'700'000'300));
  EXPECT_TRUE(subject->permission.MayAdminister());
  EXPECT_FALSE(subject->permission.MaySubscribe());
}

TEST_F(TokenVerifierTest, ATokenIsGoodUntilItsEndAndTheLeeway) {
  const std::string token =
      SigningKey::OfSecret(kTestSecret)->SignToken(kHeader, R"({"sub":"a","exp":1700000300})");
  VerifierOver over(SecretText(), {});
  over.clock.Advance(absl::Seconds(330) - absl::Microseconds(1));
  EXPECT_TRUE(over.verifier.Verify(token).ok());
  over.clock.Advance(absl::Microseconds(1));
  EXPECT_EQ(RefusalOf(over.verifier.Verify(token).status()), Refusal::kExpired);
}

TEST_F(TokenVerifierTest, ThePermissionMayStandElsewhere) {
  const auto at = [&](const char* claim, const char* claims) {
    const auto subject = Verify(claims, {.permission_claim = claim});
    return subject.ok() && subject->permission.MayAdminister();
  };
  EXPECT_TRUE(at("https://acme.example/tocsin",
                 R"({"sub":"a","exp":1700000300,"https://acme.example/tocsin":{"admin":true}})"));
  EXPECT_TRUE(
      at("/resource_access/tocsin/may",
         R"({"sub":"a","exp":1700000300,"resource_access":{"tocsin":{"may":{"admin":true}}}})"));
  EXPECT_TRUE(at("/a~1b/c~0d", R"({"sub":"a","exp":1700000300,"a/b":{"c~d":{"admin":true}}})"));
  EXPECT_FALSE(at("/tocsin/admin/x", R"({"sub":"a","exp":1700000300,"tocsin":{"admin":true}})"));
  EXPECT_FALSE(at("other", R"({"sub":"a","exp":1700000300,"tocsin":{"admin":true}})"));
  EXPECT_FALSE(CheckClaimName("", "--claim").ok());
  EXPECT_TRUE(CheckClaimName("tocsin", "--claim").ok());
}

TEST_F(TokenVerifierTest, AWrongPermissionNamesItsFieldToTheOperatorAlone) {
  const auto subject = Verify(R"({"sub":"a","exp":1700000300,"tocsin":{"publish":["x"]}})");
  EXPECT_EQ(RefusalOf(subject.status()), Refusal::kPermission);
  EXPECT_EQ(ErrorCodeOf(subject.status()), ErrorCode::kUnauthorized);
  EXPECT_THAT(OperatorText(subject.status()),
              HasSubstr("permission: tocsin.publish[0] is wrong; allowed: incident_created"));
  EXPECT_EQ(subject.status().message(), "the token's permission cannot be understood");
}

// A forger learns nothing from which of the three failed.
TEST_F(TokenVerifierTest, BeforeTheSignatureIsVerifiedClientsAreToldNoMore) {
  const std::string text(RowOf(Refusal::kSignature).text);
  EXPECT_EQ(RowOf(Refusal::kUnknownKey).text, text);
  EXPECT_EQ(RowOf(Refusal::kAlgorithm).text, text);
}

TEST_F(TokenVerifierTest, NoTokenIsAnotherErrorThanABadOne) {
  VerifierOver over(SecretText(), {});
  EXPECT_EQ(ErrorCodeOf(over.verifier.Verify("").status()), ErrorCode::kUnauthenticated);
  EXPECT_EQ(ErrorCodeOf(over.verifier.Verify("x").status()), ErrorCode::kUnauthorized);
}

// A client with a token of a key that has just been published tries again and is let in.
TEST_F(TokenVerifierTest, AnUnknownKidIsLookedForBesideTheRequest) {
  const auto key = testing::TestKey::Ec();
  const auto rotated = testing::TestKey::Ec();
  const auto set = [](const testing::TestKey& one, const char* kid) {
    return KeyText{
        KeyText::Form::kJwks, "FILE",
        absl::StrCat(R"({"keys":[)", one.Jwk(absl::StrCat(",\"kid\":\"", kid, "\"")), "]}")};
  };
  VerifierOver over(set(key, "1"), {});
  const auto token = [](const testing::TestKey& one, const char* kid) {
    return one.Signs().SignToken(absl::StrCat(R"({"alg":"ES256","kid":")", kid, "\"}"),
                                 R"({"sub":"a","exp":1700000300})");
  };
  ASSERT_TRUE(over.verifier.Verify(token(key, "1")).ok());
  over.clock.Advance(absl::Seconds(2));
  over.keys.texts = std::vector<KeyText>{set(rotated, "2")};
  const absl::Status status = over.verifier.Verify(token(rotated, "2")).status();
  EXPECT_EQ(RefusalOf(status), Refusal::kKeysAway);
  EXPECT_EQ(ErrorCodeOf(status), ErrorCode::kServiceUnavailable);
  EXPECT_EQ(ErrorDetailsOf(status).retry_after, absl::Seconds(1));
  EXPECT_EQ(over.keys.readings, 1);
  over.source.RunOnce();
  EXPECT_TRUE(over.verifier.Verify(token(rotated, "2")).ok());
  EXPECT_EQ(RefusalOf(over.verifier.Verify(token(key, "1")).status()), Refusal::kUnknownKey);
  EXPECT_EQ(over.keys.readings, 2);
}

TEST_F(TokenVerifierTest, ABadSignatureAsksForNoKeys) {
  const auto key = testing::TestKey::Ec();
  VerifierOver over(
      {KeyText::Form::kJwks, "FILE", absl::StrCat(R"({"keys":[)", key.Jwk(R"(,"kid":"1")"), "]}")},
      {}, KeySourceOptions::ForAddress());
  over.clock.Advance(absl::Seconds(60));
  const std::string forged = testing::TestKey::Ec().Signs().SignToken(
      R"({"alg":"ES256","kid":"1"})", R"({"sub":"a","exp":1700000300})");
  EXPECT_EQ(RefusalOf(over.verifier.Verify(forged).status()), Refusal::kSignature);
  over.source.RunOnce();
  EXPECT_EQ(over.keys.readings, 1);
}

TEST_F(TokenVerifierTest, WithoutKeysNothingIsGood) {
  VerifierOver over({KeyText::Form::kSecret, "FILE", "short"}, {});
  EXPECT_FALSE(over.loaded.ok());
  const std::string token =
      SigningKey::OfSecret(kTestSecret)->SignToken(kHeader, R"({"sub":"a","exp":1700000300})");
  EXPECT_EQ(RefusalOf(over.verifier.Verify(token).status()), Refusal::kKeysAway);
}

}  // namespace
}  // namespace tocsin
