// access_fixture.h: the bridge's routes with authentication on, and tokens of a secret.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/auth/authenticator.h"
#include "core/auth/signing_key.h"
#include "tests/bridge/rest_fixture.h"
#include "tests/core/auth_fixture.h"

namespace tocsin::bridge::testing {

inline constexpr char kAccessSecret[] = "0123456789abcdefghijklmnopqrstuv";

// `permission`: the claim "tocsin", in JSON.
inline std::string AccessToken(absl::Time expires, std::string_view permission,
                               std::string_view name = "ann") {
  return SigningKey::OfSecret(kAccessSecret)
      ->SignToken(R"({"alg":"HS256"})",
                  absl::StrCat(R"({"sub":")", std::string(name), R"(","exp":)",
                               absl::ToUnixSeconds(expires), R"(,"tocsin":)",
                               std::string(permission), "}"));
}

class AccessTest : public RestTest {
 protected:
  AccessTest() {
    keys.texts =
        std::vector<KeyText>{{KeyText::Form::kSecret, "secret", std::string(kAccessSecret)}};
    auto source =
        std::make_unique<KeySource>(std::make_unique<tocsin::testing::FakeKeyReader>(keys),
                                    KeySourceOptions::ForFiles(), clock);
    EXPECT_TRUE(source->Load().ok());
    authenticator = Authenticator::Over(std::move(source), {}, clock);
    service.routes = BridgeRoutes(
        {.state = state,
         .calls = calls,
         .alerts = alerts,
         .authenticator = *authenticator,
         .metrics = [] { return std::string("metric 1\n"); },
         .explain_session =
             [this](const std::string& id, const SubjectPtr& caller, SessionTold told) {
               told(ExplainOwn(worker.shard().sessions(), id, caller));
             }},
        worker);
  }

  std::string Token(std::string_view permission, std::string_view name = "ann") {
    return AccessToken(clock.Now() + absl::Hours(1), permission, name);
  }
  static http::Field Bearer(std::string_view token) {
    return {"Authorization", absl::StrCat("Bearer ", std::string(token))};
  }
  Answer As(std::string_view permission, std::string_view method, std::string_view target,
            std::string_view body = "", Fields more = {}) {
    more.push_back(Bearer(Token(permission)));
    more.push_back({"Content-Type", "application/json"});
    return Ask(method, target, body, std::move(more));
  }

  tocsin::testing::FakeKeys keys;
  std::unique_ptr<Authenticator> authenticator;
};

}  // namespace tocsin::bridge::testing
