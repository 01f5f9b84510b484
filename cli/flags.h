// flags.h: kinds of flags that CLI11 does not have. Only for the .cc files of commands.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "absl/time/time.h"

namespace tocsin::cli {

// "30s", at least `min`.
CLI::Option* AddTime(CLI::App& app, const std::string& name, absl::Duration* value,
                     absl::Duration min, const std::string& help);
// One of `allowed`; a wrong one is answered with the closest.
CLI::Option* AddChoice(CLI::App& app, const std::string& name, std::string* value,
                       std::vector<std::string> allowed, const std::string& help);

// The values that a flag with a fixed set takes, by its name ("severity"), for completion: none for the others.
std::vector<std::string> ValuesOf(const std::string& flag);
// Event types as people type them: "incident-created".
std::vector<std::string> TypeNames();

}  // namespace tocsin::cli
