// CLI11 splits the arguments and converts values. Unknown words are answered here instead, so that
// the error can suggest the closest name.
#include "cli/app.h"

#include <algorithm>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "cli/exit_codes.h"
#include "cli/flags.h"
#include "cli/output.h"
#include "core/base/arguments.h"
#include "core/base/closest.h"
#include "core/base/strings.h"
#include "core/base/version.h"
#include "core/shell/library_logs.h"

namespace tocsin::cli {
namespace {

std::string Footer() {
  return absl::StrCat(
      "Examples:\n"
      "  tocsin sub --severities P0,P1\n"
      "  tocsin pub incident-created --severity P0 --title \"API gateway down\" --source "
      "llm-sentinel\n"
      "  tocsin incidents watch --active-only\n"
      "  tocsin status\n"
      "  tocsin pub --help\n\n",
      kExitCodesHelp);
}

void AddHubTls(CLI::App& app, rpc::HubTls& tls) {
  app.add_flag("--hub-tls", tls.wanted, rpc::kHubTlsHelp)->envname("TOCSIN_HUB_TLS");
  const auto add_file = [&app](const char* name, std::string& file, const char* help,
                               const char* variable) {
    app.add_option(name, file, help)->type_name("FILE")->envname(variable);
  };
  add_file("--hub-ca", tls.authorities, rpc::kHubCaHelp, "TOCSIN_HUB_CA");
  add_file("--hub-cert", tls.certificate, rpc::kHubCertHelp, "TOCSIN_HUB_CERT");
  add_file("--hub-key", tls.key, rpc::kHubKeyHelp, "TOCSIN_HUB_KEY");
  app.add_option("--hub-server-name", tls.server_name, rpc::kHubServerNameHelp)
      ->type_name("NAME")
      ->envname("TOCSIN_HUB_SERVER_NAME");
}

// A token itself is in the environment at most: everyone may read a command line.
void AddHubToken(CLI::App& app, rpc::HubTokenFlags& token) {
  app.add_option("--token-file", token.file, rpc::kHubTokenHelp)
      ->type_name("FILE")
      ->envname("TOCSIN_TOKEN_FILE");
  app.add_flag("--hub-insecure", token.in_the_clear, rpc::kHubInsecureHelp)
      ->envname("TOCSIN_HUB_INSECURE");
  if (const char* const text = std::getenv("TOCSIN_TOKEN")) token.text = text;
}

// Whoever makes a token has none yet.
bool CallsTheHub(const CLI::App& app) {
  const auto chosen = app.get_subcommands();
  const std::string name = chosen.empty() ? "" : chosen.front()->get_name();
  return name != "" && name != "token" && name != "help" && name != "completion";
}

absl::Status OpenToken(Globals& globals) {
  absl::StatusOr<rpc::HubTokenPtr> token =
      globals.hub_token.Open(globals.hub, globals.hub_tls.on(),
                             globals.hub_token.file.empty() ? "TOCSIN_TOKEN" : "--token-file");
  if (token.ok()) globals.token = *std::move(token);
  return token.status();
}

void AddGlobals(CLI::App& app, Globals& globals) {
  app.add_option("--hub", globals.hub, "Where the hub is")
      ->type_name("HOST:PORT")
      ->check([](const std::string& hub) {
        return hub.empty() ? "is empty; give HOST:PORT, or unix:PATH" : "";
      })
      ->envname("TOCSIN_HUB")
      ->capture_default_str();
  AddHubTls(app, globals.hub_tls);
  AddHubToken(app, globals.hub_token);
  AddTime(app, "--timeout", &globals.timeout, absl::Milliseconds(1),
          "How long to wait for the hub before giving up")
      ->envname("TOCSIN_TIMEOUT");
  app.add_flag("--utc", globals.utc, "Times in text are UTC, not your own zone");
  app.add_flag("--print-config-docs")
      ->description("Print the table of docs/configuration.md")
      ->group("");
}

std::vector<std::string> CommandNames(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    names.push_back(command->get_name());
  }
  return names;
}

void AppendFlags(const CLI::App& app, std::vector<std::string>& flags) {
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) flags.push_back("--" + name);
  }
}

// The innermost command that was chosen, or the program itself.
const CLI::App& Chosen(const CLI::App& app) {
  const auto chosen = app.get_subcommands();
  return chosen.empty() ? app : Chosen(*chosen.front());
}

// "tocsin bench pub".
std::string PathOf(const CLI::App& command) {
  const CLI::App* parent = command.get_parent();
  return parent == nullptr ? command.get_name()
                           : absl::StrCat(PathOf(*parent), " ", command.get_name());
}

// Every subcommand accepts the global flags after it, and leaves unknown words to UnknownWord.
void SetUpCommands(CLI::App& app) {
  for (CLI::App* command : app.get_subcommands([](CLI::App*) { return true; })) {
    command->fallthrough();
    command->allow_extras();
    SetUpCommands(*command);
  }
}

int UnknownWord(const CLI::App& app, const std::vector<std::string>& words) {
  const CLI::App& command = Chosen(app);
  const std::string path = PathOf(command);
  for (const std::string& word : words) {
    if (!word.starts_with("-") || word == "-") continue;
    std::vector<std::string> flags;
    AppendFlags(command, flags);
    if (&command != &app) AppendFlags(app, flags);
    const std::string flag = word.substr(0, word.find('='));
    return Fail(kUsage, absl::StrCat(path, " has no flag ", flag, DidYouMean(flag, flags), " (",
                                     path, " --help lists them)"));
  }
  if (const auto names = CommandNames(command); !names.empty()) {
    const std::string name = &command == &app ? "" : command.get_name() + " ";
    return Fail(kUsage,
                absl::StrCat("there is no command '", name, words.front(), "'",
                             DidYouMean(words.front(), names), " (", path, " --help lists them)"));
  }
  return Fail(kUsage,
              absl::StrCat(path, " does not take '", words.front(), "' (see ", path, " --help)"));
}

int RunChosen(const CLI::App& app, const Run& chosen) {
  if (app.count("--print-config-docs") > 0) {
    std::cout << ConfigDocs(app);
    return kOk;
  }
  const std::vector<std::string> unknown = app.remaining(true);
  if (!unknown.empty()) return UnknownWord(app, unknown);
  if (!chosen) {
    std::cerr << app.help() << std::flush;
    return kUsage;
  }
  return chosen();
}

}  // namespace

int Fail(int exit_code, const std::string& what) {
  std::cerr << "tocsin: " << what << std::endl;
  return exit_code;
}

std::unique_ptr<CLI::App> MakeApp(Globals& globals, Run& chosen) {
  auto app =
      std::make_unique<CLI::App>("Publish, follow and look after incidents and alerts", "tocsin");
  app->get_formatter()->column_width(36);
  app->set_version_flag("--version", absl::StrCat("tocsin ", std::string(Version())));
  app->allow_extras();  // answered by UnknownWord
  AddGlobals(*app, globals);
  app->footer(Footer());
  AddPub(*app, globals, chosen);
  AddSub(*app, globals, chosen);
  AddExplain(*app, globals, chosen);
  AddEvents(*app, globals, chosen);
  AddIncidents(*app, globals, chosen);
  AddAlert(*app, globals, chosen);
  AddStatus(*app, globals, chosen);
  AddAdmin(*app, globals, chosen);
  AddBench(*app, globals, chosen);
  AddVerify(*app, globals, chosen);
  AddToken(*app, globals, chosen);
  AddHelp(*app, chosen);
  AddCompletion(*app, chosen);
  SetUpCommands(*app);
  return app;
}

std::string ConfigDocs(const CLI::App& app) {
  std::string out =
      "The command line. These go before any command:\n\n"
      "| Flag | Environment | Default | Meaning |\n|---|---|---|---|\n";
  const auto code = [](const std::string& text) {
    return text.empty() ? text : absl::StrCat("`", text, "`");
  };
  for (const CLI::Option* option : app.get_options()) {
    const std::string& name = option->get_lnames().front();
    if (name == "help" || name == "version" || option->get_group().empty()) continue;
    absl::StrAppend(&out, "| `--", name, "` | ", code(option->get_envname()), " | ",
                    code(option->get_default_str()), " | ", option->get_description(), " |\n");
  }
  return out;
}

int Main(int argc, const char* const* argv) {
  Globals globals;
  Run chosen;
  const std::unique_ptr<CLI::App> app = MakeApp(globals, chosen);
  globals.hub_named = std::any_of(argv, argv + argc, [](std::string_view argument) {
    return argument == "--hub" || argument.starts_with("--hub=");
  });
  try {
    app->parse(ReversedArguments(argc, argv));
  } catch (const CLI::CallForHelp&) {
    std::cout << app->help();
    return Flushed(kOk);
  } catch (const CLI::CallForVersion& version) {
    std::cout << version.what() << '\n';
    return Flushed(kOk);
  } catch (const CLI::ParseError& error) {
    const std::string path = PathOf(Chosen(*app));
    return Fail(kUsage, absl::StrCat(error.what(), " (see ", path, " --help)"));
  }
  if (const absl::Status tls = globals.hub_tls.Check(); !tls.ok()) {
    return cli::Fail(kUsage, std::string(tls.message()));
  }
  const absl::Status token = CallsTheHub(*app) ? OpenToken(globals) : absl::OkStatus();
  if (!token.ok()) {
    return cli::Fail(kUsage, std::string(token.message()));
  }
  QuietLibraries();
  try {
    return Flushed(RunChosen(*app, chosen));
  } catch (const std::exception& error) {
    return Fail(kFailed, error.what());
  }
}

}  // namespace tocsin::cli
