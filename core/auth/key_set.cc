#include "core/auth/key_set.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/auth/jwks.h"
#include "core/auth/pem.h"
#include "core/auth/secret_text.h"
#include "core/base/status_macros.h"

namespace tocsin {
namespace {

absl::Status In(const KeyText& text, const absl::Status& problem) {
  return absl::InvalidArgumentError(absl::StrCat(text.name, ": ", problem.message()));
}

}  // namespace

absl::StatusOr<KeySetPtr> KeySet::Parse(std::span<const KeyText> texts, const KeyRules& rules) {
  std::shared_ptr<KeySet> set(new KeySet);
  for (const KeyText& text : texts) {
    if (absl::Status wrong = set->Add(text, rules); !wrong.ok()) {
      return In(text, wrong);
    }
  }
  RETURN_IF_ERROR(set->CheckWhole());
  return set;
}

absl::Status KeySet::Add(const KeyText& text, const KeyRules& rules) {
  if (text.text.size() > kMaxTextBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("too large; allowed: ", kMaxTextBytes, " bytes"));
  }
  switch (text.form) {
    case KeyText::Form::kSecret: {
      ASSIGN_OR_RETURN(const std::string_view secret, SecretIn(text.text));
      ASSIGN_OR_RETURN(Key key, Key::OfSecret(secret, ""));
      keys_.push_back(std::move(key));
      return absl::OkStatus();
    }
    case KeyText::Form::kPem:
      return ReadPem(text.text, rules.rsa, keys_);
    case KeyText::Form::kJwks:
      return ReadJwks(text.text, rules.rsa, keys_, passed_over_);
  }
  return absl::OkStatus();
}

absl::Status KeySet::CheckWhole() const {
  if (keys_.empty()) {
    return absl::InvalidArgumentError("there is no key");
  }
  if (keys_.size() > kMaxKeys) {
    return absl::InvalidArgumentError(
        absl::StrCat("there are ", keys_.size(), " keys; allowed: ", kMaxKeys));
  }
  const auto is_secret = [](const Key& key) { return key.algorithm() == Algorithm::kHs256; };
  const auto secrets = std::count_if(keys_.begin(), keys_.end(), is_secret);
  if (secrets != 0 && static_cast<size_t>(secrets) != keys_.size()) {
    return absl::InvalidArgumentError(
        "secrets and public keys do not go together: whoever signs with the one could pass for the "
        "other; give either");
  }
  return absl::OkStatus();
}

KeySet::Outcome KeySet::Verify(const TokenHeader& header, std::string_view signed_text,
                               std::string_view signature) const {
  std::vector<const Key*> tried;
  bool known = header.kid.empty();
  for (const Key& key : keys_) {
    if (!header.kid.empty() && !key.id().empty() && key.id() != header.kid) {
      continue;
    }
    known = true;
    if (key.algorithm() == header.algorithm) {
      tried.push_back(&key);
    }
  }
  if (tried.empty()) {
    return known ? Outcome::kOtherAlgorithm : Outcome::kUnknownKey;
  }
  if (tried.size() > kMaxTries) {
    return Outcome::kManyKeys;
  }
  const bool good = std::any_of(tried.begin(), tried.end(), [&](const Key* key) {
    return key->Verifies(signed_text, signature);
  });
  return good ? Outcome::kVerified : Outcome::kBadSignature;
}

}  // namespace tocsin
