#include "cli/sub_filter.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "core/base/status_macros.h"
#include "core/base/strings.h"
#include "core/event/filter.h"
#include "core/event/json_reader.h"
#include "core/event/limits.h"
#include "core/event/text.h"

namespace tocsin::cli {
namespace {

namespace json = boost::json;

struct FilterRow {
  const char* flag;
  const char* key;
  std::vector<std::string> FilterFlags::*values;
};
constexpr FilterRow kRows[] = {
    {"--types", "event_types", &FilterFlags::types},
    {"--severities", "severities", &FilterFlags::severities},
    {"--states", "states", &FilterFlags::states},
    {"--sources", "sources", &FilterFlags::sources},
    {"--resources", "affected_resources", &FilterFlags::resources},
    {"--incident-ids", "incident_ids", &FilterFlags::incident_ids},
};

absl::Status AddLabels(const std::vector<std::string>& labels, json::object& filter) {
  json::object pairs;
  for (const std::string& label : labels) {
    const size_t equals = label.find('=');
    if (equals == std::string::npos || equals == 0) {
      return absl::InvalidArgumentError(absl::StrCat("--label '", label, "' must be KEY=VALUE"));
    }
    if (!pairs.emplace(label.substr(0, equals), label.substr(equals + 1)).second) {
      return absl::InvalidArgumentError(
          absl::StrCat("--label gives '", label.substr(0, equals),
                       "' twice: no event has two values for a label"));
    }
  }
  if (!pairs.empty()) filter["labels"] = std::move(pairs);
  return absl::OkStatus();
}

// "severities[0] is …" as "--severities is …".
absl::Status InFlags(const absl::Status& status) {
  const absl::string_view message = status.message();
  for (const FilterRow& row : kRows) {
    if (!absl::StartsWith(message, row.key)) continue;
    const size_t rest = message.find(' ');
    return absl::InvalidArgumentError(absl::StrCat(row.flag, message.substr(rest)));
  }
  return absl::InvalidArgumentError(message);
}

json::array ArrayOf(const FilterRow& row, const std::vector<std::string>& values) {
  json::array array;
  for (const std::string& value : values) {
    const bool is_type = row.values == &FilterFlags::types;
    array.emplace_back(is_type ? absl::StrReplaceAll(value, {{"-", "_"}}) : value);
  }
  return array;
}

}  // namespace

absl::StatusOr<v1::Filter> MakeFilter(const FilterFlags& flags) {
  json::object object;
  for (const FilterRow& row : kRows) {
    const std::vector<std::string>& values = flags.*row.values;
    if (!values.empty()) object[row.key] = ArrayOf(row, values);
  }
  RETURN_IF_ERROR(AddLabels(flags.labels, object));
  if (flags.active_only) object["active_only"] = true;
  const auto filter = ReadJsonFilter(json::value(std::move(object)), "");
  if (!filter.ok()) return InFlags(filter.status());
  const auto compiled = Filter::Compile(*filter, "");
  return compiled.ok() ? filter : InFlags(compiled.status());
}

absl::StatusOr<std::vector<v1::Filter>> MakeRequired(const std::vector<std::string>& texts) {
  if (texts.size() > limits::kRequiredFilters) {
    return absl::InvalidArgumentError(absl::StrCat("--require is given ", texts.size(),
                                                   " times; allowed: at most ",
                                                   limits::kRequiredFilters, " times"));
  }
  std::vector<v1::Filter> filters;
  for (const std::string& text : texts) {
    const auto filter = ReadJsonFilter(text, "");
    const absl::Status bad = filter.ok() ? Filter::Compile(*filter, "").status() : filter.status();
    if (!bad.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat("--require ", Quote(text), ": ", bad.message()));
    }
    filters.push_back(*filter);
  }
  return filters;
}

}  // namespace tocsin::cli
