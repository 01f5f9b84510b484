// Text, List and so on fill the table. Parse applies the sources one after the other, from the
// weakest to the strongest (file, environment, flags): a later one overrides an earlier one, and
// every source is checked. Reread begins again from the defaults, so that a key that has gone from
// the file has its default again. CLI11 only splits the command line: its own support for files would let
// them override the environment.
#include "core/base/options.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdlib>
#include <map>
#include <memory>
#include <ostream>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "core/base/arguments.h"
#include "core/base/check.h"
#include "core/base/closest.h"
#include "core/base/option_values.h"
#include "core/base/planted.h"
#include "core/base/status_macros.h"
#include "core/base/strings.h"
#include "core/base/version.h"

namespace tocsin {
namespace {

constexpr const char* kSections[] = {"hub", "bridge"};

absl::Status Wrong(std::string_view where, std::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat(ToAbsl(where), ": ", ToAbsl(what)));
}

template <typename T>
absl::Status AssignInRange(const absl::StatusOr<T>& parsed, std::string_view text, T min, T max,
                           std::string_view allowed, T* value) {
  if (!parsed.ok()) return parsed.status();
  if (*parsed < min || *parsed > max) {
    return absl::InvalidArgumentError(
        absl::StrCat("'", ToAbsl(text), "' is out of range; allowed: ", ToAbsl(allowed)));
  }
  *value = *parsed;
  return absl::OkStatus();
}

const char* Environment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value != nullptr && *value != '\0' ? value : nullptr;
}

}  // namespace

template <class T>
class Options::VariableOf final : public Variable {
 public:
  explicit VariableOf(T* value) : value_(*value), default_(*value) {}

  void Reset() override { value_ = default_; }
  void Keep() override { kept_ = value_; }
  void PutBack() override { value_ = kept_; }
  bool Changed() const override { return value_ != kept_; }

 private:
  T& value_;
  const T default_;
  T kept_ = {};
};

// The command line, split into flags.
struct Options::Flags {
  std::map<std::string, std::vector<std::string>> values;  // by setting; absent when not given
  std::string config;
  bool help = false;
  bool version = false;
  bool check_config = false;
  bool print_docs = false;
};

std::string EnvironmentName(std::string_view setting) {
  return absl::StrCat("TOCSIN_",
                      absl::AsciiStrToUpper(absl::StrReplaceAll(ToAbsl(setting), {{"-", "_"}})));
}

Options::Options(std::string_view program, std::string_view what_it_is)
    : program_(program),
      what_it_is_(what_it_is),
      section_(program.substr(program.rfind('-') + 1)) {}

void Options::Add(Setting setting) {
  TOCSIN_CHECK(Find(setting.name) == nullptr);
  settings_.push_back(std::move(setting));
}

void Options::Text(std::string* value, std::string_view name, std::string_view help,
                   std::string_view placeholder) {
  const auto assign = [value](const std::vector<std::string>& texts) {
    *value = texts.front();
    return absl::OkStatus();
  };
  Add({Kind::kText, std::string(name), std::string(help), std::string(placeholder), *value, "",
       assign, std::make_shared<VariableOf<std::string>>(value)});
}

void Options::List(std::vector<std::string>* values, std::string_view name, std::string_view help,
                   std::string_view placeholder) {
  const auto assign = [values](const std::vector<std::string>& texts) {
    *values = texts;
    return absl::OkStatus();
  };
  Add({Kind::kList, std::string(name), std::string(help), std::string(placeholder),
       absl::StrJoin(*values, ","), "", assign,
       std::make_shared<VariableOf<std::vector<std::string>>>(values)});
}

void Options::Bool(bool* value, std::string_view name, std::string_view help) {
  const auto assign = [value](const std::vector<std::string>& texts) -> absl::Status {
    ASSIGN_OR_RETURN(*value, ParseBool(texts.front()));
    return absl::OkStatus();
  };
  Add({Kind::kBool, std::string(name), std::string(help), "", *value ? "true" : "false", "", assign,
       std::make_shared<VariableOf<bool>>(value)});
}

void Options::Count(size_t* value, std::string_view name, std::string_view help, size_t min,
                    size_t max) {
  const std::string allowed = absl::StrCat(min, " to ", max);
  const auto assign = [=](const std::vector<std::string>& texts) {
    return AssignInRange(ParseCount(texts.front()), texts.front(), min, max, allowed, value);
  };
  Add({Kind::kCount, std::string(name), std::string(help), "NUMBER", absl::StrCat(*value), allowed,
       assign, std::make_shared<VariableOf<size_t>>(value)});
}

void Options::Bytes(size_t* value, std::string_view name, std::string_view help, size_t min,
                    size_t max) {
  const std::string allowed = absl::StrCat(FormatBytes(min), " to ", FormatBytes(max));
  const auto assign = [=](const std::vector<std::string>& texts) {
    return AssignInRange(ParseBytes(texts.front()), texts.front(), min, max, allowed, value);
  };
  Add({Kind::kBytes, std::string(name), std::string(help), "BYTES", FormatBytes(*value), allowed,
       assign, std::make_shared<VariableOf<size_t>>(value)});
}

void Options::Duration(absl::Duration* value, std::string_view name, std::string_view help,
                       absl::Duration min, absl::Duration max) {
  const std::string allowed =
      absl::StrCat(FormatDurationText(min), " to ", FormatDurationText(max));
  const auto assign = [=](const std::vector<std::string>& texts) {
    return AssignInRange(ParseDuration(texts.front()), texts.front(), min, max, allowed, value);
  };
  Add({Kind::kDuration, std::string(name), std::string(help), "TIME", FormatDurationText(*value),
       allowed, assign, std::make_shared<VariableOf<absl::Duration>>(value)});
}

void Options::Choice(std::string* value, std::string_view name, std::string_view help,
                     std::vector<std::string> allowed) {
  const std::string listed = absl::StrJoin(allowed, ", ");
  const std::string placeholder = absl::StrJoin(allowed, "|");
  const auto assign =
      [=, allowed = std::move(allowed)](const std::vector<std::string>& texts) -> absl::Status {
    const std::string& text = texts.front();
    if (std::find(allowed.begin(), allowed.end(), text) == allowed.end()) {
      return absl::InvalidArgumentError(
          absl::StrCat("'", text, "' is unknown; allowed: ", listed, DidYouMean(text, allowed)));
    }
    *value = text;
    return absl::OkStatus();
  };
  Add({Kind::kChoice, std::string(name), std::string(help), placeholder, *value, listed, assign,
       std::make_shared<VariableOf<std::string>>(value)});
}

void Options::Check(std::function<absl::Status()> check) { checks_.push_back(std::move(check)); }

const Options::Setting* Options::Find(std::string_view name) const {
  const auto found = std::find_if(settings_.begin(), settings_.end(),
                                  [&](const Setting& setting) { return setting.name == name; });
  return found == settings_.end() ? nullptr : &*found;
}

std::vector<std::string> Options::Names() const {
  std::vector<std::string> names;
  for (const Setting& setting : settings_) names.push_back(setting.name);
  return names;
}

absl::Status Options::CheckNoExtras(const std::vector<std::string>& extras) const {
  if (extras.empty()) return absl::OkStatus();
  const std::string& extra = extras.front();
  if (!extra.starts_with("--")) {
    return absl::InvalidArgumentError(
        absl::StrCat("unexpected argument '", extra, "'; --help lists the flags"));
  }
  const std::string flag = extra.substr(0, extra.find('='));
  std::vector<std::string> flags = {"--config", "--check-config", "--help", "--version"};
  for (const std::string& name : Names()) flags.push_back("--" + name);
  return absl::InvalidArgumentError(
      absl::StrCat("unknown flag ", flag, DidYouMean(flag, flags), " (--help lists the flags)"));
}

absl::StatusOr<Options::Flags> Options::ReadFlags(int argc, const char* const* argv) const {
  CLI::App app;
  app.set_help_flag();
  app.allow_extras();
  Flags flags;
  app.add_option("--config", flags.config);
  app.add_flag("-h,--help", flags.help);
  app.add_flag("--version", flags.version);
  app.add_flag("--check-config", flags.check_config);
  app.add_flag("--print-config-docs", flags.print_docs);
  for (const Setting& setting : settings_) {
    const std::string flag = "--" + setting.name;
    CLI::Option* option = setting.kind == Kind::kBool ? app.add_flag(flag) : app.add_option(flag);
    option->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  }
  try {
    app.parse(ReversedArguments(argc, argv));
  } catch (const CLI::ParseError& error) {
    return absl::InvalidArgumentError(error.what());
  }
  RETURN_IF_ERROR(CheckNoExtras(app.remaining()));
  for (const Setting& setting : settings_) {
    auto results = app.get_option("--" + setting.name)->results();
    // When a flag with one value is given twice, the last one counts.
    if (setting.kind != Kind::kList && results.size() > 1) results = {results.back()};
    if (!results.empty()) flags.values[setting.name] = std::move(results);
  }
  return flags;
}

absl::Status Options::ApplyFileEntry(const std::string& path, const FileEntry& entry) {
  const std::string where =
      absl::StrCat(path, ":", entry.line, ": ",
                   entry.section.empty() ? "" : absl::StrCat("[", entry.section, "] "), entry.key);
  const Setting* setting = Find(entry.key);
  if (setting == nullptr) {
    return Wrong(where, absl::StrCat("unknown key", DidYouMean(entry.key, Names()),
                                     " (the keys are ", program_,
                                     "'s flags without the dashes; what only the other program "
                                     "knows goes into its own section, [hub] or [bridge])"));
  }
  using Type = FileEntry::Type;
  const bool is_list = setting->kind == Kind::kList;
  if (entry.type == Type::kOther) {
    return Wrong(where, "must be a string, a whole number, true or false, or an array of strings");
  }
  if (is_list != (entry.type == Type::kStrings)) {
    return Wrong(where, is_list ? "must be an array of strings" : "must be one value");
  }
  if ((setting->kind == Kind::kBool) != (entry.type == Type::kBoolean)) {
    return Wrong(where, setting->kind == Kind::kBool ? "must be true or false, without quotes"
                                                     : "cannot be true or false");
  }
  const absl::Status assigned = setting->assign(entry.values);
  return assigned.ok() ? assigned : Wrong(where, ToStd(assigned.message()));
}

absl::Status Options::ApplyFile(const std::string& path) {
  ASSIGN_OR_RETURN(const std::vector<FileEntry> entries, ReadOptionsFile(path));
  for (const FileEntry& entry : entries) {
    if (entry.section.empty()) RETURN_IF_ERROR(ApplyFileEntry(path, entry));
  }
  for (const FileEntry& entry : entries) {
    if (entry.section == section_) {
      RETURN_IF_ERROR(ApplyFileEntry(path, entry));
    } else if (!entry.section.empty() && std::find(std::begin(kSections), std::end(kSections),
                                                   entry.section) == std::end(kSections)) {
      return Wrong(absl::StrCat(path, ":", entry.line),
                   absl::StrCat("unknown section [", entry.section, "]; allowed: [hub], [bridge]"));
    }
  }
  return absl::OkStatus();
}

absl::Status Options::ApplyEnvironment() {
  for (const Setting& setting : settings_) {
    const std::string name = EnvironmentName(setting.name);
    const char* text = Environment(name);
    if (text == nullptr) continue;
    std::vector<std::string> values = {text};
    if (setting.kind == Kind::kList) values = absl::StrSplit(text, ',', absl::SkipWhitespace());
    const absl::Status assigned = setting.assign(values);
    if (!assigned.ok()) return Wrong(name, ToStd(assigned.message()));
  }
  return absl::OkStatus();
}

absl::Status Options::ApplyFlags(const Flags& flags) {
  for (const auto& [name, values] : flags.values) {
    const absl::Status assigned = Find(name)->assign(values);
    if (!assigned.ok()) return Wrong("--" + name, ToStd(assigned.message()));
  }
  return absl::OkStatus();
}

absl::StatusOr<bool> Options::Answered(const Flags& flags, std::ostream& out) const {
  if (flags.help) {
    out << Help();
  } else if (flags.version) {
    out << program_ << ' ' << Version() << '\n';
  } else if (flags.print_docs) {
    out << Markdown();
  } else {
    return false;
  }
  return true;
}

absl::Status Options::RunChecks() const {
  for (const auto& check : checks_) RETURN_IF_ERROR(check());
  return absl::OkStatus();
}

absl::Status Options::ApplyAll() {
  if (!flags_->config.empty()) RETURN_IF_ERROR(ApplyFile(flags_->config));
  RETURN_IF_ERROR(ApplyEnvironment());
  RETURN_IF_ERROR(ApplyFlags(*flags_));
  return RunChecks();
}

absl::StatusOr<Options::Outcome> Options::Parse(int argc, const char* const* argv,
                                                std::ostream& out) {
  ASSIGN_OR_RETURN(Flags flags, ReadFlags(argc, argv));
  ASSIGN_OR_RETURN(const bool answered, Answered(flags, out));
  if (answered) return Outcome::kExit;
  if (const char* path = Environment("TOCSIN_CONFIG"); path != nullptr && flags.config.empty()) {
    flags.config = path;
  }
  flags_ = std::make_shared<const Flags>(std::move(flags));
  RETURN_IF_ERROR(ApplyAll());
  if (!flags_->check_config) return Outcome::kRun;
  out << "configuration is valid\n";
  for (const std::string& each : advice()) {
    out << "warning: " << each << '\n';
  }
  return Outcome::kExit;
}

void Options::Reloads(std::initializer_list<std::string_view> names) {
  for (const std::string_view name : names) {
    const auto found = std::find_if(settings_.begin(), settings_.end(),
                                    [&](const Setting& setting) { return setting.name == name; });
    TOCSIN_CHECK(found != settings_.end());
    found->reloads = true;
  }
}

absl::StatusOr<Options::Changes> Options::Reread() {
  TOCSIN_CHECK(flags_ != nullptr);
  for (Setting& setting : settings_) {
    setting.variable->Keep();
    setting.variable->Reset();
  }
  absl::StatusOr<Changes> changes = TakeChanges();
  if (!changes.ok() && !Planted("bad-file-half")) {
    for (Setting& setting : settings_) setting.variable->PutBack();
  }
  return changes;
}

// The file is judged whole, and then what is left of it: a value that may change may be wrong beside
// one that stays.
absl::StatusOr<Options::Changes> Options::TakeChanges() {
  RETURN_IF_ERROR(ApplyAll());
  Changes changes;
  for (Setting& setting : settings_) {
    if (!setting.variable->Changed()) continue;
    (setting.reloads ? changes.changed : changes.needs_restart).push_back(setting.name);
    if (!setting.reloads && !Planted("restart-ignored")) setting.variable->PutBack();
  }
  if (!Planted("checked-once")) RETURN_IF_ERROR(RunChecks());
  return changes;
}

}  // namespace tocsin
