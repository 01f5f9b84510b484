#include "core/auth/auth_options.h"

#include "core/auth/token_verifier.h"
#include "core/base/status_macros.h"

namespace tocsin {
namespace {

constexpr size_t kMost = 10'000'000;

void RegisterLimits(Options& options, SubjectBounds& bounds) {
  options.Count(&bounds.connections, "max-connections-per-subject",
                "Sessions and streams of one subject (who a token names) at a time, where "
                "authentication is on; more are refused.",
                1, kMost);
  options.Count(&bounds.subscriptions, "max-subscriptions-per-subject",
                "Subscriptions of one subject at a time, over all of its connections.", 1, kMost);
  options.Count(&bounds.replays, "max-replays-per-subject",
                "Subscriptions of one subject at a time that begin before the recent events, until "
                "they have caught up.",
                1, kMost);
  options.Count(&bounds.snapshots, "max-snapshots-per-subject",
                "Snapshots of one subject at a time that were asked for and are not whole yet.", 1,
                kMost);
  options.Count(&bounds.publishes, "publishes-per-second",
                "Requests a second in which one subject may publish, and twice as many at once; 0: "
                "no bound.",
                0, 1'000'000);
  options.List(&bounds.uncounted, "uncounted-subject",
               "The name (sub) of a subject that none of these limits counts, such as that of a "
               "bridge, which calls for all of its clients. May be repeated.",
               "NAME");
  options.Reloads({"max-connections-per-subject", "max-subscriptions-per-subject",
                   "max-replays-per-subject", "max-snapshots-per-subject", "publishes-per-second",
                   "uncounted-subject"});
}

}  // namespace

void AuthFlags::Register(Options& options) {
  options.List(
      &files.secrets, "auth-secret-file",
      "A file with a secret that tokens are signed with (HS256), at least 32 random bytes. "
      "With this, or another of the keys below, every client must show a token. Read again "
      "when it changes, and on SIGHUP. May be repeated.",
      "FILE");
  options.List(&files.pems, "auth-key-file",
               "A public key or a certificate in PEM form that tokens are verified with (RS256, "
               "PS256, ES256). Read again as above. May be repeated.",
               "FILE");
  options.List(
      &files.jwk_sets, "auth-jwks-file",
      "A JWK set, as identity providers publish them. Read again as above. May be repeated.",
      "FILE");
  options.Text(
      &jwks_url, "auth-jwks-url",
      "Where an identity provider publishes its JWK set (its jwks_uri). Read at the start, "
      "every 10 minutes, for a key that is not known at most every 30 s, and on SIGHUP; the "
      "last good set is kept for 24 hours.",
      "https://…");
  options.Text(&jwks_ca, "auth-jwks-ca",
               "Certificates, in PEM form, of the authorities that the server at --auth-jwks-url "
               "must be known by. Not given: the system's.",
               "FILE");
  options.Choice(&rsa, "auth-rsa-algorithm", "What an RSA key is for that does not say.",
                 {"RS256", "PS256"});
  options.List(&rules.issuers, "auth-issuer",
               "A token's iss must be this. Not given: any, or none. May be repeated.", "TEXT");
  options.List(&rules.audiences, "auth-audience",
               "A token's aud must name this. Not given: any, or none; then a token that was made "
               "for another service is good here too. May be repeated.",
               "TEXT");
  options.Duration(&rules.leeway, "auth-leeway",
                   "By how much the clocks of whoever makes tokens and this machine may differ.",
                   absl::ZeroDuration(), absl::Minutes(5));
  options.Text(&rules.permission_claim, "auth-claim",
               "The claim with the permission: a name, or a path such as "
               "/resource_access/tocsin/permission.",
               "NAME");
  RegisterLimits(options, subjects);
}

absl::Status AuthFlags::Check() const {
  if (!jwks_ca.empty() && jwks_url.empty()) {
    return absl::InvalidArgumentError("--auth-jwks-ca needs --auth-jwks-url");
  }
  if (!on()) {
    return rules.issuers.empty() && rules.audiences.empty()
               ? absl::OkStatus()
               : absl::InvalidArgumentError(
                     "--auth-issuer and --auth-audience need keys: --auth-secret-file, "
                     "--auth-key-file, --auth-jwks-file or --auth-jwks-url");
  }
  RETURN_IF_ERROR(CheckClaimName(rules.permission_claim, "--auth-claim"));
  if (!jwks_url.empty()) {
    return has_files() ? absl::InvalidArgumentError(
                             "--auth-jwks-url is not given together with files of keys: the set at "
                             "the address has all keys")
                       : absl::OkStatus();
  }
  ASSIGN_OR_RETURN(const std::vector<KeyText> texts, KeyFiles(files).Read());
  return KeySet::Parse(texts, key_rules()).status();
}

void AuthFlags::Advise(Advice& advice) const {
  for (const std::string& secret : files.secrets) {
    AdviseOnSecretFile("--auth-secret-file", secret, advice);
  }
  if (on() && rules.audiences.empty()) {
    advice.emplace_back(
        "--auth-audience is not given: a token that the same keys sign for another service is good "
        "here too");
  }
  if (on() && files.secrets.empty() && rules.issuers.empty()) {
    advice.emplace_back("--auth-issuer is not given: tokens of any issuer are taken");
  }
}

KeyRules AuthFlags::key_rules() const {
  return {.rsa = rsa == "PS256" ? Algorithm::kPs256 : Algorithm::kRs256};
}

}  // namespace tocsin
