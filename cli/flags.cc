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

// What AddCount and AddSize have in common: how a number is read, and how it is written.
CLI::Option* AddBounded(CLI::App& app, const std::string& name, size_t* value, size_t min,
                        size_t max, const std::string& help,
                        absl::StatusOr<size_t> (*parse)(std::string_view),
                        std::string (*format)(size_t)) {
  const auto assign = [=](const std::string& text) {
    const auto number = parse(text);
    if (!number.ok()) throw CLI::ValidationError(name, std::string(number.status().message()));
    if (*number < min || *number > max) {
      throw CLI::ValidationError(
          name,
          absl::StrCat(text, " is out of range; allowed: ", format(min), " to ", format(max)));
    }
    *value = *number;
  };
  return app.add_option_function<std::string>(name, assign, help)->default_str(format(*value));
}

}  // namespace

CLI::Option* AddCount(CLI::App& app, const std::string& name, size_t* value, size_t min, size_t max,
                      const std::string& help) {
  const auto format = [](size_t count) { return absl::StrCat(count); };
  return AddBounded(app, name, value, min, max, help, ParseCount, format)->type_name("NUMBER");
}

CLI::Option* AddSize(CLI::App& app, const std::string& name, size_t* value, size_t min, size_t max,
                     const std::string& help) {
  return AddBounded(app, name, value, min, max, help, ParseBytes, FormatBytes)->type_name("SIZE");
}

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

void AddOutput(CLI::App& app, bool* json) {
  const auto assign = [json](const std::string& text) {
    if (text != "text" && text != "json") {
      throw CLI::ValidationError("--output",
                                 absl::StrCat("'", text, "' is unknown; allowed: text, json"));
    }
    *json = text == "json";
  };
  app.add_option_function<std::string>("--output", assign, "For people, or as JSON")
      ->type_name("text|json")
      ->default_str("text");
  app.add_flag("--json", *json, "As --output json");
}

void AddRequire(CLI::App& app, std::vector<std::string>* filters, const std::string& group) {
  app.add_option("--require", *filters,
                 "A filter that must let an event pass too, as JSON; repeat for more")
      ->type_name("JSON")
      ->allow_extra_args(false)
      ->group(group);
}

void AddFilterFlags(CLI::App& app, FilterFlags& filter, const std::string& group, FilterOf of) {
  const auto list = [&](const char* name, std::vector<std::string>* values, const char* placeholder,
                        const char* help) {
    app.add_option(name, *values, help)
        ->type_name(placeholder)
        ->delimiter(',')
        ->allow_extra_args(false)
        ->group(group);
  };
  if (of == FilterOf::kEvents) {
    list("--types", &filter.types, "TYPE", "incident-created, comment-added, ...");
  }
  list("--severities", &filter.severities, "P0..P4", "Of the incident or alert");
  list("--states", &filter.states, "STATE", "Detected, Triaged, Investigating, ...");
  list("--sources", &filter.sources, "TEXT", "Who noticed");
  list("--resources", &filter.resources, "TEXT", "At least one of these is affected");
  list("--incident-ids", &filter.incident_ids, "UUID", "Only these incidents");
  app.add_option("--label", filter.labels, "Has exactly this value; repeat for more")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false)
      ->group(group);
  app.add_flag("--active-only", filter.active_only, "Not resolved, not closed")->group(group);
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
      {"method", EnumNames(*v1::ResolutionMethod_descriptor())},
      {"status", EnumNames(*v1::AlertStatus_descriptor())},
      {"types", TypeNames()},
      {"from", {"earliest", "latest"}},
  };
  const auto found = values.find(flag);
  return found == values.end() ? std::vector<std::string>() : found->second;
}

std::vector<std::string> TypeNames() { return Lower(EnumNames(*v1::EventType_descriptor())); }

}  // namespace tocsin::cli
