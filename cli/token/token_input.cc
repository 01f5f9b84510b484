#include "cli/token/token_input.h"

#include <algorithm>
#include <iostream>
#include <iterator>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "cli/flags.h"
#include "core/auth/key_files.h"

namespace tocsin::cli {
namespace {

// As much as of a file; a longer text is no token.
std::string ReadStdin() {
  std::string text;
  for (char c = 0; text.size() <= KeySet::kMaxTextBytes && std::cin.get(c);) text += c;
  return text;
}

}  // namespace

void AddTokenFile(CLI::App& command, std::string* file) {
  *file = "-";
  command.add_option("FILE", *file, "Where the token is; -: stdin")
      ->type_name("FILE")
      ->capture_default_str();
}

absl::StatusOr<std::string> ReadToken(const std::string& file) {
  if (file.starts_with("ey") && std::count(file.begin(), file.end(), '.') == 2) {
    return absl::InvalidArgumentError(
        "this is a token, not a file's name; give it on stdin or in a file, so that others do not "
        "see it in the list of processes");
  }
  const absl::StatusOr<std::string> text = file == "-" ? ReadStdin() : ReadKeyFile(file);
  if (!text.ok()) return text.status();
  return std::string(absl::StripAsciiWhitespace(*text));
}

}  // namespace tocsin::cli
