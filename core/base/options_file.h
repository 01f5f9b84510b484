// options_file.h: reads a TOML file into keys with their texts and lines. options.cc interprets them.
//
// Errors:  INVALID_ARGUMENT (NOT_FOUND for a file that is not there) that names file and line.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace tocsin {

struct FileEntry {
  // kOther: what no setting accepts: a float, a time, a table, an array of anything but strings.
  enum class Type { kString, kInteger, kBoolean, kStrings, kOther };

  std::string section;  // "" at the top level
  std::string key;
  Type type = Type::kString;
  std::vector<std::string> values;  // one, unless kStrings; none of kOther
  size_t line = 0;
};

// The entries, in the order of the file within a section.
absl::StatusOr<std::vector<FileEntry>> ReadOptionsFile(const std::string& path);

}  // namespace tocsin
