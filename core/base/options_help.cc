// Prints the table of options: for --help, and as the Markdown of docs/configuration.md.
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "core/base/options.h"
#include "core/base/strings.h"

namespace tocsin {
namespace {

constexpr size_t kColumns = 100;
constexpr std::string_view kIndent = "      ";

void AppendWrapped(std::string& out, std::string_view text) {
  size_t column = 0;
  for (const absl::string_view word : absl::StrSplit(ToAbsl(text), ' ', absl::SkipEmpty())) {
    if (column == 0 || column + 1 + word.size() > kColumns) {
      if (column != 0) out += '\n';
      absl::StrAppend(&out, ToAbsl(kIndent), word);
      column = kIndent.size() + word.size();
    } else {
      absl::StrAppend(&out, " ", word);
      column += 1 + word.size();
    }
  }
  out += '\n';
}

void AppendFlag(std::string& out, std::string_view flag, std::string_view help) {
  absl::StrAppend(&out, "  ", ToAbsl(flag), "\n");
  AppendWrapped(out, help);
}

std::string Cell(std::string_view text) {
  return absl::StrReplaceAll(ToAbsl(text), {{"|", "\\|"}});
}

std::string Code(std::string_view text) {
  return text.empty() ? "" : absl::StrCat("`", Cell(text), "`");
}

}  // namespace

std::string Options::Help() const {
  std::string out =
      absl::StrCat(program_, ": ", what_it_is_, "\n\nusage: ", program_, " [flags]\n\n");
  for (const Setting& setting : settings_) {
    const bool ranged = setting.kind == Kind::kCount || setting.kind == Kind::kBytes ||
                        setting.kind == Kind::kDuration;
    AppendFlag(
        out,
        absl::StrCat("--", setting.name, setting.placeholder.empty() ? "" : " ",
                     setting.placeholder, setting.kind == Kind::kList ? " (repeatable)" : ""),
        absl::StrCat(
            setting.help, ranged ? absl::StrCat(" (", setting.allowed, ")") : "",
            setting.default_text.empty() ? "" : absl::StrCat(" [", setting.default_text, "]")));
  }
  AppendFlag(out, "--config FILE",
             "A TOML file with these settings: data-dir = \"…\". Also TOCSIN_CONFIG.");
  AppendFlag(out, "--check-config", "Check all settings, say so, and exit.");
  AppendFlag(out, "--version", "Print the version and exit.");
  AppendFlag(out, "-h, --help", "Print this and exit.");
  absl::StrAppend(&out,
                  "\nEvery setting may also be given in the environment (--data-dir as "
                  "TOCSIN_DATA_DIR) or in the file.\n",
                  "Flags win over the environment, the environment over the file.\n");
  return out;
}

std::string Options::Markdown() const {
  std::string out =
      absl::StrCat(what_it_is_, "\n\n",
                   "| Flag, and key in the file | Environment | Default | Allowed | Meaning |\n",
                   "|---|---|---|---|---|\n");
  for (const Setting& setting : settings_) {
    const bool is_bool = setting.kind == Kind::kBool;
    absl::StrAppend(&out, "| `--", setting.name, "` | `", EnvironmentName(setting.name), "` | ",
                    Code(setting.default_text), " | ",
                    is_bool ? "true, false" : Cell(setting.allowed));
    absl::StrAppend(&out, " | ", Cell(setting.help), setting.reloads ? " Reread on SIGHUP." : "",
                    " |\n");
  }
  return out;
}

}  // namespace tocsin
