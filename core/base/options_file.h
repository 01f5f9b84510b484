// options_file.h: a TOML file as keys with their texts and lines; their meaning is options.cc's.
//
// Errors:  INVALID_ARGUMENT (NOT_FOUND for a file that is not there) that names file and line.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace tocsin {

struct FileEntry {
  // kOther: a float, a time, an array of anything but strings, a table: what no setting takes.
  enum class Type { kString, kInteger, kBoolean, kStrings, kOther };

  std::string section;  // "" at the top level
  std::string key;
  Type type = Type::kString;
  std::vector<std::string> values;  // one, unless kStrings; none of kOther
  size_t line = 0;
};

// In the file's own order within a section.
absl::StatusOr<std::vector<FileEntry>> ReadOptionsFile(const std::string& path);

}  // namespace tocsin
