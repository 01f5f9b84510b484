#include "cli/flags.h"

#include <algorithm>
#include <map>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "core/base/closest.h"
#include "core/base/option_values.h"
#include "core/event/names.h"

namespace tocsin::cli {
namespace {

std::vector<std::string> Lower(std::vector<std::string> names) {
  for (std::string& name : names) name = absl::StrReplaceAll(name, {{"_", "-"}});
  return names;
}

}  // namespace

CLI::Option* AddTime(CLI::App& app, const std::string& name, absl::Duration* value,
                     absl::Duration min, const std::string& help) {
  const auto assign = [=](const std::string& text) {
    const auto time = ParseDuration(text);
    if (!time.ok()) throw CLI::ValidationError(name, std::string(time.status().message()));
    if (*time < min) {
      throw CLI::ValidationError(name, absl::StrCat("at least ", FormatDurationText(min)));
    }
    *value = *time;
  };
  return app.add_option_function<std::string>(name, assign, help)
      ->type_name("TIME")
      ->default_str(FormatDurationText(*value));
}

CLI::Option* AddChoice(CLI::App& app, const std::string& name, std::string* value,
                       std::vector<std::string> allowed, const std::string& help) {
  const std::string listed = absl::StrJoin(allowed, "|");
  const auto assign = [=, allowed = std::move(allowed)](const std::string& text) {
    if (std::find(allowed.begin(), allowed.end(), text) == allowed.end()) {
      throw CLI::ValidationError(
          name, absl::StrCat("'", text, "' is unknown; allowed: ", absl::StrJoin(allowed, ", "),
                             DidYouMean(text, allowed)));
    }
    *value = text;
  };
  return app.add_option_function<std::string>(name, assign, help)
      ->type_name(listed)
      ->default_str(*value);
}

std::vector<std::string> ValuesOf(const std::string& flag) {
  const auto severities = [] { return EnumNames(*v1::Severity_descriptor()); };
  const auto states = [] { return EnumNames(*v1::IncidentState_descriptor()); };
  const auto kinds = [] { return EnumNames(*v1::IncidentType_descriptor()); };
  static const auto& values = *new std::map<std::string, std::vector<std::string>>{
      {"severity", severities()},
      {"severities", severities()},
      {"from-severity", severities()},
      {"to-severity", severities()},
      {"state", states()},
      {"states", states()},
      {"previous-state", states()},
      {"incident-type", kinds()},
      {"alert-type", kinds()},
      {"priority", EnumNames(*v1::Priority_descriptor())},
      {"resolution-method", EnumNames(*v1::ResolutionMethod_descriptor())},
      {"types", TypeNames()},
      {"from", {"earliest", "latest"}},
  };
  const auto found = values.find(flag);
  return found == values.end() ? std::vector<std::string>() : found->second;
}

std::vector<std::string> TypeNames() { return Lower(EnumNames(*v1::EventType_descriptor())); }

}  // namespace tocsin::cli
