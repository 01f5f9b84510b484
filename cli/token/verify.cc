#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <iostream>
#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "cli/event_text.h"
#include "cli/exit_codes.h"
#include "cli/flags.h"
#include "cli/time_text.h"
#include "cli/token/commands.h"
#include "cli/token/token_input.h"
#include "cli/token/token_text.h"
#include "core/auth/key_files.h"
#include "core/auth/refusal.h"
#include "core/auth/token_rules.h"
#include "core/auth/token_verifier.h"
#include "core/base/clock.h"
#include "core/event/error.h"

namespace tocsin::cli {
namespace {

namespace json = boost::json;

constexpr char kExamples[] =
    "Examples:\n"
    "  tocsin token verify token --secret-file secret\n"
    "  tocsin token verify --key-file public.pem --issuer https://id.example.org < token\n"
    "  curl -s https://id.example.org/realms/ops/protocol/openid-connect/certs > jwks.json\n"
    "  tocsin token verify token --jwks-file jwks.json --audience tocsin\n\n"
    "Exits with 0 when the token is good, with 4 when it is refused; then it says why.\n";

struct VerifyChoices {
  std::string file;
  KeyFileNames keys;
  std::string rsa = "RS256";
  TokenRules rules;
  bool json = false;
};

void PrintText(const Globals& globals, const Subject& subject) {
  const auto line = [](const char* name, const std::string& value) {
    std::cout << absl::StrFormat("%-9s %s\n", name, Clean(value));
  };
  line("token", "good");
  line("subject", subject.name);
  if (!subject.issuer.empty()) line("issuer", subject.issuer);
  if (!subject.token_id.empty()) line("id", subject.token_id);
  line("expires", WhenText(subject.expires_at, absl::Now(), ZoneOf(globals)));
  line("allows", subject.permission.Words());
}

std::string GoodJson(const Subject& subject) {
  return json::serialize(json::object{{"valid", true},
                                      {"subject", subject.name},
                                      {"issuer", subject.issuer},
                                      {"id", subject.token_id},
                                      {"expires_at", absl::ToUnixSeconds(subject.expires_at)},
                                      {"allows", subject.permission.Words()}});
}

std::string RefusedJson(const absl::Status& status) {
  const RefusalRow& row = RowOf(*RefusalOf(status));
  return json::serialize(json::object{{"valid", false},
                                      {"refusal", std::string(row.name)},
                                      {"code", std::string(RowOf(row.code).name)},
                                      {"detail", OperatorText(status)}});
}

int Judge(const Globals& globals, const VerifyChoices& choices, const std::string& token) {
  KeySource keys(std::make_unique<KeyFiles>(choices.keys),
                 {.rules = {.rsa = *AlgorithmOf(choices.rsa)}}, Clock::Real());
  if (const absl::Status wrong = keys.Load(); !wrong.ok()) {
    return Fail(kFailed, std::string(wrong.message()));
  }
  const auto subject = TokenVerifier(choices.rules, keys, Clock::Real()).Verify(token);
  if (choices.json) {
    std::cout << (subject.ok() ? GoodJson(*subject) : RefusedJson(subject.status())) << '\n';
    return subject.ok() ? kOk : kRefused;
  }
  if (!subject.ok()) {
    return Fail(kRefused, absl::StrCat("the token is refused: ", OperatorText(subject.status())));
  }
  PrintText(globals, *subject);
  return kOk;
}

int RunVerify(const Globals& globals, const VerifyChoices& choices) {
  if (choices.keys.secrets.empty() && choices.keys.pems.empty() && choices.keys.jwk_sets.empty()) {
    return Fail(kUsage, "give the keys: --secret-file, --key-file or --jwks-file");
  }
  if (const absl::Status wrong = CheckClaimName(choices.rules.permission_claim, "--claim");
      !wrong.ok()) {
    return Fail(kUsage, std::string(wrong.message()));
  }
  const auto token = ReadToken(choices.file);
  if (!token.ok()) return Fail(kFailed, std::string(token.status().message()));
  return Judge(globals, choices, *token);
}

}  // namespace

void AddTokenVerify(CLI::App& token, const Globals& globals, Run& chosen) {
  CLI::App* verify = token.add_subcommand("verify", "Whether a token is good, and if not, why");
  auto choices = std::make_shared<VerifyChoices>();
  const auto many = [&](const char* name, std::vector<std::string>* values, const char* type,
                        const char* help) {
    verify->add_option(name, *values, help)->type_name(type)->allow_extra_args(false);
  };
  AddTokenFile(*verify, &choices->file);
  many("--secret-file", &choices->keys.secrets, "FILE", "A secret (HS256)");
  many("--key-file", &choices->keys.pems, "FILE", "A public key or a certificate: PEM");
  many("--jwks-file", &choices->keys.jwk_sets, "FILE", "A JWK set");
  AddChoice(*verify, "--rsa-algorithm", &choices->rsa, {"RS256", "PS256"},
            "Of an RSA key that does not say");
  many("--issuer", &choices->rules.issuers, "TEXT", "iss is this, or another given; else any");
  many("--audience", &choices->rules.audiences, "TEXT", "aud has this, or another given; else any");
  AddTime(*verify, "--leeway", &choices->rules.leeway, absl::ZeroDuration(),
          "By how much clocks may differ");
  verify->add_option("--claim", choices->rules.permission_claim, "Where the permission stands")
      ->type_name("NAME")
      ->capture_default_str();
  AddOutput(*verify, &choices->json);
  verify->footer(kExamples);
  verify->callback([&globals, &chosen, choices] {
    chosen = [&globals, choices] { return RunVerify(globals, *choices); };
  });
}

}  // namespace tocsin::cli
