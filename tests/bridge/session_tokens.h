// session_tokens.h: tokens that a test's sessions come with, and an authenticator that takes them.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/auth/authenticator.h"
#include "core/auth/key_source.h"
#include "core/auth/signing_key.h"
#include "core/base/check.h"
#include "core/base/clock.h"
#include "core/base/strings.h"
#include "tests/core/auth_fixture.h"

namespace tocsin::bridge::testing {

inline constexpr std::string_view kTokenSecret = "0123456789abcdefghijklmnopqrstuv";

inline std::unique_ptr<Authenticator> SecretAuthenticator(Clock& clock) {
  static tocsin::testing::FakeKeys keys{
      .texts = std::vector<KeyText>{{KeyText::Form::kSecret, "secret", std::string(kTokenSecret)}}};
  auto source = std::make_unique<KeySource>(std::make_unique<tocsin::testing::FakeKeyReader>(keys),
                                            KeySourceOptions::ForFiles(), clock);
  TOCSIN_CHECK(source->Load().ok());
  return Authenticator::Over(std::move(source), {}, clock);
}

// `subscribe` is JSON: true, false or a filter.
inline std::string TokenOf(std::string_view subject, absl::Time expires_at,
                           std::string_view subscribe = "true") {
  return SigningKey::OfSecret(kTokenSecret)
      ->SignToken(R"({"alg":"HS256"})",
                  absl::StrCat(R"({"sub":")", ToAbsl(subject), R"(","exp":)",
                               absl::ToUnixSeconds(expires_at), R"(,"tocsin":{"subscribe":)",
                               ToAbsl(subscribe), "}}"));
}

}  // namespace tocsin::bridge::testing
