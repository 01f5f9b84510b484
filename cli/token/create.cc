#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <iostream>
#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "cli/exit_codes.h"
#include "cli/flags.h"
#include "cli/token/claims.h"
#include "cli/token/commands.h"
#include "core/auth/compact_token.h"
#include "core/auth/key_files.h"
#include "core/auth/refusal.h"
#include "core/auth/signing_key.h"
#include "core/auth/token_claims.h"
#include "core/auth/token_header.h"
#include "core/auth/token_verifier.h"
#include "core/base/strings.h"

namespace tocsin::cli {
namespace {

constexpr char kExamples[] =
    "Examples:\n"
    "  openssl rand -base64 48 > secret\n"
    "  tocsin token create --secret-file secret --sub alice --subscribe --for 8h\n"
    "  tocsin token create --secret-file secret --sub prometheus --publish alert-received "
    "--for 2160h\n"
    "  openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 > key.pem\n"
    "  tocsin token create --key-file key.pem --sub night --severities P0,P1 --label "
    "team=payments\n\n"
    "The token is all that is printed. Whoever has it may do what it says until it expires.\n";

struct CreateChoices {
  ClaimFlags claims;
  std::string secret_file;
  std::string key_file;
  std::string rsa = "RS256";
  std::string kid;
};

absl::Status In(const std::string& file, const absl::Status& status) {
  return absl::InvalidArgumentError(absl::StrCat(file, ": ", status.message()));
}

absl::StatusOr<SigningKey> SignerOf(const CreateChoices& choices) {
  const bool secret = !choices.secret_file.empty();
  const std::string& file = secret ? choices.secret_file : choices.key_file;
  const auto text = secret ? ReadSecretFile(file) : ReadKeyFile(file);
  if (!text.ok()) return text.status();
  auto key =
      secret ? SigningKey::OfSecret(*text) : SigningKey::OfPem(*text, *AlgorithmOf(choices.rsa));
  return key.ok() ? std::move(key) : In(file, key.status());
}

std::string HeaderOf(const SigningKey& key, const std::string& kid) {
  boost::json::object header = {{"alg", std::string(NameOf(key.algorithm()))}, {"typ", "JWT"}};
  if (!kid.empty()) header["kid"] = kid;
  return boost::json::serialize(header);
}

// What is wrong with it by the rules of those who will read it.
absl::Status Check(const std::string& token) {
  const auto parts = CompactToken::Split(token);
  if (!parts.ok()) return parts.status();
  const auto header = TokenHeader::Parse(parts->header);
  if (!header.ok()) return header.status();
  return TokenClaims::Parse(parts->claims).status();
}

int RunCreate(const CreateChoices& choices) {
  if (choices.secret_file.empty() == choices.key_file.empty()) {
    return Fail(kUsage, "give --secret-file or --key-file, the one that signs");
  }
  const auto claims = MakeClaims(choices.claims, absl::Now());
  if (!claims.ok()) return Fail(kUsage, std::string(claims.status().message()));
  const auto key = SignerOf(choices);
  if (!key.ok()) return Fail(kFailed, std::string(key.status().message()));
  const std::string token = key->SignToken(HeaderOf(*key, choices.kid), *claims);
  if (const absl::Status wrong = Check(token); !wrong.ok()) {
    return Fail(kUsage, absl::StrCat("the token would be refused: ", OperatorText(wrong)));
  }
  std::cout << token << '\n';
  return kOk;
}

void AddClaimFlags(CLI::App& create, ClaimFlags& claims) {
  const auto text = [&](const char* name, std::string* value, const char* type, const char* help) {
    return create.add_option(name, *value, help)->type_name(type);
  };
  text("--sub", &claims.subject, "TEXT", "Who it is for: a user or a program")->required();
  AddTime(create, "--for", &claims.lasts, absl::Seconds(1), "How long it is good");
  text("--expires-at", &claims.expires_at, "TIME", "Until when (RFC 3339), instead of --for");
  text("--not-before", &claims.not_before, "TIME", "From when on (RFC 3339)");
  text("--issuer", &claims.issuer, "TEXT", "Who says so (iss)");
  create.add_option("--audience", claims.audiences, "For whom it is meant (aud); repeat for more")
      ->type_name("TEXT")
      ->allow_extra_args(false);
  text("--id", &claims.id, "TEXT", "Of this token (jti)");
}

void AddPermissionFlags(CLI::App& create, ClaimFlags& claims) {
  constexpr char kGroup[] = "What it allows; nothing when none is given";
  create.add_option("--publish", claims.publish, "Publish events of these types: all, or a list")
      ->type_name("TYPE")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->group(kGroup);
  create.add_flag("--subscribe", claims.subscribe, "Subscribe to and query everything")
      ->group(kGroup);
  create.add_flag("--admin", claims.admin, "Administer")->group(kGroup);
  create.add_option("--claim", claims.claim, "Where this stands: a claim's name, or a path: /a/b")
      ->type_name("NAME")
      ->capture_default_str()
      ->group(kGroup);
  AddFilterFlags(create, claims.filter, "Subscribe to and query only what has all of");
}

}  // namespace

void AddTokenCreate(CLI::App& token, Run& chosen) {
  CLI::App* create = token.add_subcommand("create", "Make a token, signed with a secret or a key");
  auto choices = std::make_shared<CreateChoices>();
  create->add_option("--secret-file", choices->secret_file, "Sign with this secret (HS256)")
      ->type_name("FILE");
  create
      ->add_option("--key-file", choices->key_file,
                   "Sign with this private key: PEM, RSA or P-256 (ES256)")
      ->type_name("FILE");
  AddChoice(*create, "--rsa-algorithm", &choices->rsa, {"RS256", "PS256"}, "Of an RSA key");
  create->add_option("--kid", choices->kid, "The key's name in the set that verifies it")
      ->type_name("TEXT");
  AddClaimFlags(*create, choices->claims);
  AddPermissionFlags(*create, choices->claims);
  create->footer(kExamples);
  create->callback([&chosen, choices] { chosen = [choices] { return RunCreate(*choices); }; });
}

}  // namespace tocsin::cli
