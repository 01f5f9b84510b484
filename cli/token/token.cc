#include "cli/flags.h"
#include "cli/token/commands.h"

namespace tocsin::cli {
namespace {

constexpr char kExamples[] =
    "Examples:\n"
    "  openssl rand -base64 48 > secret\n"
    "  tocsin token create --secret-file secret --sub alice --subscribe --for 8h > token\n"
    "  tocsin token inspect token\n"
    "  tocsin token verify token --secret-file secret\n";

}  // namespace

void AddToken(CLI::App& app, const Globals& globals, Run& chosen) {
  CLI::App* token = app.add_subcommand("token", "Make tokens (JWT), read and verify them");
  token->footer(kExamples);
  AddTokenCreate(*token, chosen);
  AddTokenInspect(*token, globals, chosen);
  AddTokenVerify(*token, globals, chosen);
}

}  // namespace tocsin::cli
