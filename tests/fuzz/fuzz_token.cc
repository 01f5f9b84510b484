// No token brings the verifier down, as a text of strangers, and as the header or claims of one that is
// signed with the right key. What is not this very key's token is refused.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "core/auth/refusal.h"
#include "core/auth/signing_key.h"
#include "core/auth/token_claims.h"
#include "core/auth/token_verifier.h"
#include "core/base/check.h"

namespace {

using namespace tocsin;

constexpr std::string_view kSecret = "0123456789abcdef0123456789ABCDEF-fuzz";

struct OneSecret : KeyReader {
  absl::StatusOr<std::vector<KeyText>> Read() override {
    return std::vector<KeyText>{{KeyText::Form::kSecret, "fuzz", std::string(kSecret)}};
  }
};

struct Verifier {
  Verifier() { TOCSIN_CHECK(keys.Load().ok()); }
  ManualClock clock;
  KeySource keys{std::make_unique<OneSecret>(), KeySourceOptions::ForFiles(), clock};
  TokenVerifier verifier{{}, keys, clock};
  SigningKey signer = *SigningKey::OfSecret(kSecret);
};

void Check(const absl::StatusOr<Subject>& subject) {
  if (subject.ok()) {
    TOCSIN_CHECK(!subject->name.empty() && subject->name.size() <= TokenClaims::kMaxTextBytes);
    TOCSIN_CHECK(subject->permission.MaySubscribe() == (subject->permission.filter() != nullptr));
  } else {
    TOCSIN_CHECK(RefusalOf(subject.status()).has_value());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const auto* const over = new Verifier;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto stranger = over->verifier.Verify(text);
  TOCSIN_CHECK(!stranger.ok());
  Check(stranger);
  Check(over->verifier.Verify(over->signer.SignToken(R"({"alg":"HS256"})", text)));
  Check(over->verifier.Verify(
      over->signer.SignToken(text, R"({"sub":"a","exp":1700000300,"tocsin":{"admin":true}})")));
  return 0;
}
