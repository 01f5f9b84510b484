#include <iostream>
#include <memory>

#include "absl/strings/str_cat.h"
#include "cli/command.h"
#include "cli/exit_codes.h"
#include "cli/flags.h"
#include "core/base/closest.h"

namespace tocsin::cli {
namespace {

constexpr char kExamples[] =
    "Examples:\n"
    "  tocsin help\n"
    "  tocsin help incidents watch            as tocsin incidents watch --help\n";

const CLI::App* Find(const CLI::App& app, const std::string& name) {
  const auto is_it = [&](const CLI::App* command) { return command->get_name() == name; };
  const auto found = app.get_subcommands(is_it);
  return found.empty() ? nullptr : found.front();
}

int Help(const CLI::App& app, const std::vector<std::string>& words) {
  const CLI::App* command = &app;
  for (const std::string& word : words) {
    const CLI::App* next = Find(*command, word);
    if (next == nullptr) {
      std::vector<std::string> names;
      for (const CLI::App* each : command->get_subcommands([](const CLI::App*) { return true; })) {
        names.push_back(each->get_name());
      }
      return Fail(kUsage,
                  absl::StrCat("there is no command '", word, "'", DidYouMean(word, names)));
    }
    command = next;
  }
  std::cout << command->help();
  return kOk;
}

}  // namespace

void AddHelp(CLI::App& app, Run& chosen) {
  CLI::App* help = app.add_subcommand("help", "What a command does, and its flags");
  auto words = std::make_shared<std::vector<std::string>>();
  help->add_option("COMMAND", *words, "The command")->type_name("");
  help->footer(kExamples);
  help->callback([&app, &chosen, words] { chosen = [&app, words] { return Help(app, *words); }; });
}

}  // namespace tocsin::cli
