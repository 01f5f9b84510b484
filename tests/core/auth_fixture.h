// auth_fixture.h: key sources and verifiers without files, threads or waiting.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/auth/key_source.h"
#include "core/auth/token_verifier.h"
#include "core/base/clock.h"

namespace tocsin::testing {

// Gives what it is told to, and counts.
struct FakeKeys {
  absl::StatusOr<std::vector<KeyText>> texts = std::vector<KeyText>();
  int readings = 0;
};

class FakeKeyReader : public KeyReader {
 public:
  explicit FakeKeyReader(FakeKeys& keys) : keys_(keys) {}
  absl::StatusOr<std::vector<KeyText>> Read() override {
    ++keys_.readings;
    return keys_.texts;
  }

 private:
  FakeKeys& keys_;
};

inline TokenRules TableRules() {
  return {.issuers = {"https://id.example", "https://second.example"}, .audiences = {"tocsin"}};
}

// A verifier over the keys of one text.
struct VerifierOver {
  explicit VerifierOver(KeyText text, TokenRules rules = TableRules(),
                        KeySourceOptions options = KeySourceOptions::ForFiles())
      : keys{std::vector<KeyText>{std::move(text)}},
        source(std::make_unique<FakeKeyReader>(keys), options, clock),
        verifier(std::move(rules), source, clock) {
    loaded = source.Load();
  }

  ManualClock clock;
  FakeKeys keys;
  KeySource source;
  TokenVerifier verifier;
  absl::Status loaded;
};

}  // namespace tocsin::testing
