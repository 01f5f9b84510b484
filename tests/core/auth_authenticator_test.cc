#include <gtest/gtest.h>

#include "core/auth/auth_options.h"
#include "core/auth/authenticator.h"
#include "core/auth/bearer.h"
#include "core/auth/signing_key.h"
#include "tests/core/auth_fixture.h"

namespace tocsin {
namespace {

constexpr std::string_view kSecret = "0123456789abcdefghijklmnopqrstuv";
constexpr std::string_view kHeader = R"({"alg":"HS256"})";

std::string TokenUntil(int64_t exp) {
  return SigningKey::OfSecret(kSecret)->SignToken(
      kHeader, absl::StrCat(R"({"sub":"ann","exp":)", exp,
                            R"(,"tocsin":{"subscribe":{"severities":["P0"]}}})"));
}

struct AuthenticatorTest : ::testing::Test {
  AuthenticatorTest() {
    keys.texts = std::vector<KeyText>{{KeyText::Form::kSecret, "secret", std::string(kSecret)}};
    auto source = std::make_unique<KeySource>(std::make_unique<testing::FakeKeyReader>(keys),
                                              KeySourceOptions::ForFiles(), clock);
    EXPECT_TRUE(source->Load().ok());
    authenticator = Authenticator::Over(std::move(source), {}, clock);
  }

  int64_t In(int64_t seconds) const { return absl::ToUnixSeconds(now) + seconds; }

  ManualClock clock;
  const absl::Time now = clock.Now();
  testing::FakeKeys keys;
  std::unique_ptr<Authenticator> authenticator;
};

TEST_F(AuthenticatorTest, AGoodTokenIsItsSubjectUntilTheLeewayIsOver) {
  const auto subject = authenticator->Authenticate(TokenUntil(In(100)));
  ASSERT_TRUE(subject.ok()) << subject.status();
  EXPECT_EQ((*subject)->name, "ann");
  EXPECT_TRUE((*subject)->permission.MaySubscribe());
  EXPECT_FALSE((*subject)->permission.MayPublishAny());
  EXPECT_EQ(authenticator->EndOf(**subject), now + absl::Seconds(130));
  clock.Advance(absl::Seconds(129));
  EXPECT_FALSE(authenticator->HasEnded(**subject));
  clock.Advance(absl::Seconds(1));
  EXPECT_TRUE(authenticator->HasEnded(**subject));
  EXPECT_EQ(authenticator->accepted(), 1u);
}

TEST_F(AuthenticatorTest, RefusalsAreCountedByReason) {
  EXPECT_EQ(ErrorCodeOf(authenticator->Authenticate(std::nullopt).status()),
            ErrorCode::kUnauthenticated);
  EXPECT_EQ(ErrorCodeOf(authenticator->Authenticate("a.b.c").status()), ErrorCode::kUnauthorized);
  EXPECT_EQ(ErrorCodeOf(authenticator->Authenticate(TokenUntil(In(-31))).status()),
            ErrorCode::kUnauthorized);
  EXPECT_EQ(authenticator->refused(Refusal::kMissing), 1u);
  EXPECT_EQ(authenticator->refused(Refusal::kMalformed), 1u);
  EXPECT_EQ(authenticator->refused(Refusal::kExpired), 1u);
  EXPECT_EQ(authenticator->accepted(), 0u);
}

TEST_F(AuthenticatorTest, TheHeaderIsBearerAndAToken) {
  const std::string token = TokenUntil(In(100));
  EXPECT_TRUE(authenticator->AuthenticateHeader("Bearer " + token).ok());
  EXPECT_TRUE(authenticator->AuthenticateHeader("bearer  " + token).ok());
  for (const std::string& wrong :
       {token, std::string("Basic YTpi"), std::string("Bearer"), std::string("Bearer "),
        "Bearer " + token + " more", "Bearer " + token + ",Bearer " + token, "Bearer" + token}) {
    EXPECT_FALSE(authenticator->AuthenticateHeader(wrong).ok()) << wrong;
  }
  EXPECT_EQ(RefusalOf(authenticator->AuthenticateHeader("Basic YTpi").status()), Refusal::kMissing);
}

TEST_F(AuthenticatorTest, AnAddressWithTooManyRefusedTokensIsNotListenedToForAWhile) {
  const IpAddress flooder = *IpAddress::Parse("192.0.2.1");
  const IpAddress other = *IpAddress::Parse("192.0.2.2");
  const std::string good = TokenUntil(In(3600));
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(ErrorCodeOf(authenticator->Authenticate("a.b.c", flooder).status()),
              ErrorCode::kUnauthorized);
    EXPECT_EQ(ErrorCodeOf(authenticator->Authenticate(std::nullopt, other).status()),
              ErrorCode::kUnauthenticated);
  }
  const absl::Status limited = authenticator->Authenticate(good, flooder).status();
  EXPECT_EQ(ErrorCodeOf(limited), ErrorCode::kRateLimitExceeded);
  EXPECT_TRUE(authenticator->Authenticate(good, other).ok());
  EXPECT_TRUE(authenticator->Authenticate(good).ok());
  EXPECT_EQ(authenticator->refused(Refusal::kMalformed), 20u);
  clock.Advance(ErrorDetailsOf(limited).retry_after);
  EXPECT_TRUE(authenticator->Authenticate(good, flooder).ok());
}

TEST(AuthenticatorOff, PassesTokensOver) {
  ManualClock clock;
  const auto off = Authenticator::Off(clock);
  for (const std::optional<std::string_view> value :
       {std::optional<std::string_view>(), std::optional<std::string_view>("Basic x"),
        std::optional<std::string_view>("Bearer nonsense")}) {
    const auto subject = off->AuthenticateHeader(value);
    ASSERT_TRUE(subject.ok());
    EXPECT_TRUE((*subject)->permission.MayPublishAny());
    EXPECT_TRUE((*subject)->permission.MaySubscribe());
    EXPECT_FALSE((*subject)->permission.MayAdminister());
    EXPECT_FALSE(off->HasEnded(**subject));
  }
}

TEST(AuthFlags, NamesWhatIsMissing) {
  AuthFlags flags;
  EXPECT_TRUE(flags.Check().ok());
  flags.rules.audiences = {"tocsin"};
  EXPECT_NE(flags.Check().message().find("--auth-audience"), std::string::npos);
  flags.files.secrets = {"/no/such/file"};
  EXPECT_NE(flags.Check().message().find("/no/such/file"), std::string::npos);
}

}  // namespace
}  // namespace tocsin
