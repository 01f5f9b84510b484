#include "cli/completion.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <CLI/CLI.hpp>
#include <functional>

#include "cli/app.h"

namespace tocsin::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class CompletionTest : public ::testing::Test {
 protected:
  // Every command and every flag that --help shows.
  void ExpectHasAll(const std::string& script) {
    ExpectHasFlags(*app_, script);
    ExpectHasCommands(*app_, script);
  }
  static void ExpectHasCommands(const CLI::App& app, const std::string& script) {
    for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
      EXPECT_THAT(script, HasSubstr(command->get_name()));
      ExpectHasFlags(*command, script);
      ExpectHasCommands(*command, script);
    }
  }
  static void ExpectHasFlags(const CLI::App& app, const std::string& script) {
    for (const CLI::Option* option : app.get_options()) {
      if (option->get_group().empty()) continue;
      for (const std::string& name : option->get_lnames())
        EXPECT_THAT(script, HasSubstr("--" + name));
    }
  }

  Globals globals_;
  cli::Run chosen_;
  std::unique_ptr<CLI::App> app_ = MakeApp(globals_, chosen_);
};

TEST_F(CompletionTest, BashKnowsEveryCommandFlagAndFixedValue) {
  const std::string script = BashCompletion(*app_);
  ExpectHasAll(script);
  EXPECT_THAT(script, HasSubstr("sub:--severities) COMPREPLY=($(compgen -W 'P0 P1 P2 P3 P4'"));
  EXPECT_THAT(script, HasSubstr("sub:--output) COMPREPLY=($(compgen -W 'text json'"));
  EXPECT_THAT(script, HasSubstr("pub:--file) COMPREPLY=($(compgen -f"));
  EXPECT_THAT(script, HasSubstr("incident-created"));
  EXPECT_THAT(script, HasSubstr("complete -F _tocsin tocsin"));
}

TEST_F(CompletionTest, CommandsOfCommandsAreKnownByTheirPath) {
  const std::string bash = BashCompletion(*app_);
  EXPECT_THAT(bash, HasSubstr("bench,pub) command=bench-pub ;;"));
  EXPECT_THAT(bash, HasSubstr("bench) word='pub sub ws "));
  EXPECT_THAT(bash, HasSubstr("bench-pub:--type) COMPREPLY=($(compgen -W 'alert-received "));
  EXPECT_THAT(bash, HasSubstr("bench-ws) word='"));
  const std::string zsh = ZshCompletion(*app_);
  EXPECT_THAT(zsh, HasSubstr("bench) _tocsin_bench ;;"));
  EXPECT_THAT(zsh, HasSubstr("_tocsin_bench() {"));
}

TEST_F(CompletionTest, ZshKnowsEveryCommandFlagAndFixedValue) {
  const std::string script = ZshCompletion(*app_);
  ExpectHasAll(script);
  EXPECT_THAT(script, HasSubstr(":value:(P0 P1 P2 P3 P4)"));
  EXPECT_THAT(script, HasSubstr("#compdef tocsin"));
}

TEST_F(CompletionTest, HiddenFlagsStayHidden) {
  EXPECT_THAT(BashCompletion(*app_), Not(HasSubstr("--print-config-docs")));
  EXPECT_THAT(ZshCompletion(*app_), Not(HasSubstr("--print-config-docs")));
}

TEST_F(CompletionTest, HelpHasExamplesAndExitCodes) {
  EXPECT_THAT(app_->help(), HasSubstr("Exit codes:"));
  for (CLI::App* command : app_->get_subcommands([](CLI::App*) { return true; })) {
    EXPECT_THAT(command->help(), HasSubstr("Examples:")) << command->get_name();
  }
}

TEST_F(CompletionTest, TheDocumentedSettingsAreThoseOfTheEnvironment) {
  const std::string docs = ConfigDocs(*app_);
  EXPECT_THAT(docs, HasSubstr("| `--hub` | `TOCSIN_HUB` | `127.0.0.1:50051` |"));
  EXPECT_THAT(docs, HasSubstr("| `--timeout` | `TOCSIN_TIMEOUT` | `10s` |"));
}

}  // namespace
}  // namespace tocsin::cli
