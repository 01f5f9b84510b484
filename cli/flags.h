// flags.h: kinds of flags that CLI11 does not have. Includes CLI11: only for .cc files of commands.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "cli/sub_filter.h"

namespace tocsin::cli {

// "30s", at least `min`.
CLI::Option* AddTime(CLI::App& app, const std::string& name, absl::Duration* value,
                     absl::Duration min, const std::string& help);
// "1000", from min to max.
CLI::Option* AddCount(CLI::App& app, const std::string& name, size_t* value, size_t min, size_t max,
                      const std::string& help);
// "64KiB", from min to max.
CLI::Option* AddSize(CLI::App& app, const std::string& name, size_t* value, size_t min, size_t max,
                     const std::string& help);
// One of `allowed`; a wrong one is answered with the closest.
CLI::Option* AddChoice(CLI::App& app, const std::string& name, std::string* value,
                       std::vector<std::string> allowed, const std::string& help);

// --output text|json, and --json, which is short for the latter.
void AddOutput(CLI::App& app, bool* json);

// The flags of a filter, in a group of the help. Where only incidents are chosen, event types have
// no meaning.
enum class FilterOf { kEvents, kIncidents };
void AddFilterFlags(CLI::App& app, FilterFlags& filter, const std::string& group,
                    FilterOf of = FilterOf::kEvents);
// --require: more filters, as JSON.
void AddRequire(CLI::App& app, std::vector<std::string>* filters, const std::string& group);

// For completion: the values that the flag of that name ("severity") may take. Empty when any value
// is allowed.
std::vector<std::string> ValuesOf(const std::string& flag);
// Event types as people type them: "incident-created".
std::vector<std::string> TypeNames();

}  // namespace tocsin::cli
