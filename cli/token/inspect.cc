#include <iostream>
#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "cli/exit_codes.h"
#include "cli/flags.h"
#include "cli/time_text.h"
#include "cli/token/commands.h"
#include "cli/token/token_input.h"
#include "cli/token/token_text.h"
#include "core/auth/refusal.h"

namespace tocsin::cli {
namespace {

constexpr char kExamples[] =
    "Examples:\n"
    "  tocsin token inspect token\n"
    "  tocsin token inspect < token\n"
    "  tocsin token inspect token --json | jq .claims.exp\n\n"
    "Nothing is verified: anybody can make a token that says this. tocsin token verify does.\n";

struct InspectChoices {
  std::string file;
  std::string claim = "tocsin";
  bool json = false;
};

int RunInspect(const Globals& globals, const InspectChoices& choices) {
  const auto token = ReadToken(choices.file);
  if (!token.ok()) return Fail(kFailed, std::string(token.status().message()));
  const auto text = choices.json ? TokenJson(*token)
                                 : TokenText(*token, choices.claim, absl::Now(), ZoneOf(globals));
  if (!text.ok()) {
    return Fail(kRefused, absl::StrCat("this is no signed token: ", OperatorText(text.status())));
  }
  if (choices.json) {
    std::cout << *text << '\n';
  } else {
    std::cout << "NOT VERIFIED: this is what the token says, not who says it (tocsin token "
                 "verify)\n"
              << *text;
  }
  return kOk;
}

}  // namespace

void AddTokenInspect(CLI::App& token, const Globals& globals, Run& chosen) {
  CLI::App* inspect =
      token.add_subcommand("inspect", "Show what a token says, without verifying it");
  auto choices = std::make_shared<InspectChoices>();
  AddTokenFile(*inspect, &choices->file);
  inspect->add_option("--claim", choices->claim, "Where the permission stands")
      ->type_name("NAME")
      ->capture_default_str();
  AddOutput(*inspect, &choices->json);
  inspect->footer(kExamples);
  inspect->callback([&globals, &chosen, choices] {
    chosen = [&globals, choices] { return RunInspect(globals, *choices); };
  });
}

}  // namespace tocsin::cli
