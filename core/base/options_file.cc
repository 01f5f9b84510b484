#include "core/base/options_file.h"

#include <toml++/toml.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <optional>

#include "absl/strings/str_cat.h"
#include "core/base/strings.h"

namespace tocsin {
namespace {

absl::Status At(const std::string& path, size_t line, std::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat(path, ":", line, ": ", ToAbsl(what)));
}

std::optional<std::vector<std::string>> Strings(const toml::array& array) {
  std::vector<std::string> texts;
  for (const toml::node& node : array) {
    if (!node.is_string()) return std::nullopt;
    texts.push_back(node.as_string()->get());
  }
  return texts;
}

FileEntry EntryOf(std::string_view section, const toml::key& key, const toml::node& node) {
  FileEntry entry;
  entry.section = section;
  entry.key = key.str();
  entry.line = key.source().begin.line;
  if (const auto* text = node.as_string()) {
    entry.values = {text->get()};
  } else if (const auto* number = node.as_integer()) {
    entry.type = FileEntry::Type::kInteger;
    entry.values = {absl::StrCat(number->get())};
  } else if (const auto* flag = node.as_boolean()) {
    entry.type = FileEntry::Type::kBoolean;
    entry.values = {flag->get() ? "true" : "false"};
  } else if (const auto* array = node.as_array(); array != nullptr && Strings(*array)) {
    entry.type = FileEntry::Type::kStrings;
    entry.values = *Strings(*array);
  } else {
    entry.type = FileEntry::Type::kOther;
  }
  return entry;
}

std::vector<FileEntry> EntriesOf(const toml::table& root) {
  std::vector<FileEntry> entries;
  for (const auto& [key, node] : root) {
    const toml::table* section = node.as_table();
    if (section == nullptr) {
      entries.push_back(EntryOf("", key, node));
      continue;
    }
    for (const auto& [inner_key, inner] : *section) {
      entries.push_back(EntryOf(key.str(), inner_key, inner));
    }
  }
  return entries;
}

}  // namespace

absl::StatusOr<std::vector<FileEntry>> ReadOptionsFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(file), {}};
  if (!file) {
    return absl::NotFoundError(
        absl::StrCat("cannot read the configuration file ", path, ": ", std::strerror(errno)));
  }
  try {
    return EntriesOf(toml::parse(text, path));
  } catch (const toml::parse_error& error) {
    return At(path, error.source().begin.line, error.description());
  }
}

}  // namespace tocsin
