#include "cli/completion.h"

#include <iostream>
#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "cli/command.h"
#include "cli/exit_codes.h"
#include "cli/flags.h"

namespace tocsin::cli {
namespace {

constexpr char kExamples[] =
    "Examples:\n"
    "  source <(tocsin completion bash)                                       now, in this shell\n"
    "  tocsin completion bash > ~/.local/share/bash-completion/completions/tocsin\n"
    "  tocsin completion zsh > \"${fpath[1]}/_tocsin\"\n";

bool IsHidden(const CLI::Option& option) { return option.get_group().empty(); }

bool TakesValue(const CLI::Option& option) { return option.get_items_expected_max() > 0; }

std::vector<std::string> Flags(const CLI::App& app) {
  std::vector<std::string> flags;
  for (const CLI::Option* option : app.get_options()) {
    if (IsHidden(*option)) continue;
    for (const std::string& name : option->get_lnames()) flags.push_back("--" + name);
  }
  return flags;
}

// The fixed set of values of an option, also one that is written out in its help ("text|json").
std::vector<std::string> Values(const CLI::Option& option) {
  if (option.get_positional())
    return option.get_name() == "TYPE" ? TypeNames() : std::vector<std::string>();
  const std::vector<std::string> known = ValuesOf(option.get_lnames().front());
  if (!known.empty() || option.get_type_name().find('|') == std::string::npos) return known;
  return absl::StrSplit(option.get_type_name(), '|');
}

bool IsFile(const CLI::Option& option) { return option.get_type_name() == "FILE"; }

std::vector<const CLI::App*> Commands(const CLI::App& app) {
  return app.get_subcommands([](const CLI::App*) { return true; });
}

std::vector<std::string> Names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* command : Commands(app)) names.push_back(command->get_name());
  return names;
}

// "bench-pub" for `tocsin bench pub`; nothing for the program itself.
std::string Key(const CLI::App& app) {
  const CLI::App* parent = app.get_parent();
  if (parent == nullptr) return "";
  const std::string before = Key(*parent);
  return before.empty() ? app.get_name() : absl::StrCat(before, "-", app.get_name());
}

// The program and all its commands, outer ones first.
void AppendAll(const CLI::App& app, std::vector<const CLI::App*>& all) {
  all.push_back(&app);
  for (const CLI::App* command : Commands(app)) AppendAll(*command, all);
}

// What may follow a flag that takes a value: case arms of bash.
void AppendBashValues(std::string& out, const CLI::App& app) {
  for (const CLI::Option* option : app.get_options()) {
    if (IsHidden(*option) || option->get_positional() || !TakesValue(*option)) continue;
    const std::string words = absl::StrJoin(Values(*option), " ");
    const std::string complete = IsFile(*option)
                                     ? "compgen -f -- \"$cur\""
                                     : absl::StrCat("compgen -W '", words, "' -- \"$cur\"");
    absl::StrAppend(&out, "    ", Key(app), ":--", option->get_lnames().front(), ") COMPREPLY=($(",
                    complete, ")); return ;;\n");
  }
}

// What may stand after the command: its own commands, its flags, and the values of its argument.
std::string BashWords(const CLI::App& command) {
  std::vector<std::string> words = Names(command);
  const std::vector<std::string> flags = Flags(command);
  words.insert(words.end(), flags.begin(), flags.end());
  for (const CLI::Option* option : command.get_options()) {
    if (!option->get_positional()) continue;
    const std::vector<std::string> values = Values(*option);
    words.insert(words.end(), values.begin(), values.end());
  }
  return absl::StrJoin(words, " ");
}

// How the words of the line lead from one command to the next: case arms of bash.
void AppendBashSteps(std::string& out, const CLI::App& app) {
  for (const CLI::App* command : Commands(app)) {
    absl::StrAppend(&out, "      ", Key(app), ",", command->get_name(), ") command=", Key(*command),
                    " ;;\n");
  }
}

std::string ZshText(std::string text) {
  return absl::StrReplaceAll(text, {{"'", "'\\''"}, {"[", "("}, {"]", ")"}, {":", "\\:"}});
}

// '--flag[help]:value:(a b)'
std::string ZshOption(const CLI::Option& option) {
  const std::string values = absl::StrJoin(Values(option), " ");
  const std::string action = IsFile(option)   ? "_files"
                             : values.empty() ? ""
                                              : absl::StrCat("(", values, ")");
  if (option.get_positional())
    return absl::StrCat("'1:", ZshText(option.get_name()), ":", action, "'");
  const std::string value = TakesValue(option) ? absl::StrCat(":value:", action) : "";
  return absl::StrCat("'*--", option.get_lnames().front(), "[", ZshText(option.get_description()),
                      "]", value, "'");
}

std::string ZshOptions(const CLI::App& app, std::string_view indent) {
  std::string out;
  for (const CLI::Option* option : app.get_options()) {
    if (!IsHidden(*option)) absl::StrAppend(&out, " \\\n", std::string(indent), ZshOption(*option));
  }
  return out;
}

std::string ZshFunction(const CLI::App& app) {
  const std::string key = Key(app);
  return key.empty() ? "_tocsin" : absl::StrCat("_tocsin_", key);
}

// A function for the program, and for each command that has commands of its own.
void AppendZshFunction(std::string& out, const CLI::App& app) {
  absl::StrAppend(&out, ZshFunction(app),
                  "() {\n  local -a commands\n  local state line\n  commands=(\n");
  for (const CLI::App* command : Commands(app)) {
    absl::StrAppend(&out, "    '", command->get_name(), ":", ZshText(command->get_description()),
                    "'\n");
  }
  absl::StrAppend(&out, "  )\n  _arguments -C", ZshOptions(app, "    "),
                  " \\\n    '1:command:->command' '*::argument:->arguments'\n",
                  "  case $state in\n    command) _describe command commands ;;\n",
                  "    arguments)\n      case $words[1] in\n");
  for (const CLI::App* command : Commands(app)) {
    absl::StrAppend(&out, "        ", command->get_name(), ") ",
                    Commands(*command).empty()
                        ? absl::StrCat("_arguments", ZshOptions(*command, "          "))
                        : ZshFunction(*command),
                    " ;;\n");
  }
  out += "      esac ;;\n  esac\n}\n";
}

}  // namespace

std::string BashCompletion(const CLI::App& app) {
  std::vector<const CLI::App*> all;
  AppendAll(app, all);
  std::string out =
      "# bash completion for tocsin\n"
      "_tocsin() {\n"
      "  local cur prev command= word\n"
      "  cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}\n"
      "  for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
      "    case $command,$word in\n";
  for (const CLI::App* command : all) AppendBashSteps(out, *command);
  out += "    esac\n  done\n  case $command:$prev in\n";
  for (const CLI::App* command : all) AppendBashValues(out, *command);
  out += "  esac\n  case $command in\n";
  for (const CLI::App* command : all) {
    const std::string key = Key(*command);
    absl::StrAppend(&out, "    ", key.empty() ? "''" : key, ") word='", BashWords(*command),
                    "' ;;\n");
  }
  out +=
      "  esac\n  COMPREPLY=($(compgen -W \"$word\" -- \"$cur\"))\n}\n"
      "complete -F _tocsin tocsin\n";
  return out;
}

std::string ZshCompletion(const CLI::App& app) {
  std::vector<const CLI::App*> all;
  AppendAll(app, all);
  std::string out = "#compdef tocsin\n";
  for (const CLI::App* command : all) {
    if (!Commands(*command).empty()) AppendZshFunction(out, *command);
  }
  out +=
      "if [[ $funcstack[1] == _tocsin ]]; then _tocsin \"$@\"; else compdef _tocsin tocsin; fi\n";
  return out;
}

void AddCompletion(CLI::App& app, Run& chosen) {
  CLI::App* completion = app.add_subcommand("completion", "Print the completion of a shell");
  auto shell = std::make_shared<std::string>();
  completion->add_option("SHELL", *shell, "bash or zsh")
      ->required()
      ->type_name("bash|zsh")
      ->check(CLI::IsMember({"bash", "zsh"}));
  completion->footer(kExamples);
  completion->callback([&app, &chosen, shell] {
    chosen = [&app, shell] {
      std::cout << (*shell == "zsh" ? ZshCompletion(app) : BashCompletion(app));
      return int{kOk};
    };
  });
}

}  // namespace tocsin::cli
