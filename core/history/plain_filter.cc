#include "core/history/plain_filter.h"

#include <algorithm>
#include <array>
#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <string>

#include "absl/strings/str_cat.h"
#include "core/base/strings.h"

namespace tocsin::history {
namespace {

namespace json = boost::json;

struct Field {
  std::string_view filter;
  std::string_view fact;
};
// The event has one value, which must be among the filter's.
constexpr std::array<Field, 4> kOneOf{{{"event_types", "event_type"},
                                       {"severities", "severity"},
                                       {"states", "state"},
                                       {"sources", "source"}}};
constexpr std::array<std::string_view, 4> kActive{"Detected", "Triaged", "Investigating",
                                                  "Remediating"};

const json::value* Find(const json::object& object, std::string_view name) {
  return object.if_contains({name.data(), name.size()});
}

bool Has(const json::array& values, const json::value& value) {
  return std::find(values.begin(), values.end(), value) != values.end();
}

// The filter's field; nullptr where it is empty or absent and so lets everything through.
const json::array* Wanted(const json::object& filter, std::string_view name) {
  const json::value* field = Find(filter, name);
  return field == nullptr || field->get_array().empty() ? nullptr : &field->get_array();
}

bool ResourcesMatch(const json::object& filter, const json::object& facts) {
  const json::array* wanted = Wanted(filter, "affected_resources");
  if (wanted == nullptr) return true;
  const json::value* there = Find(facts, "affected_resources");
  return there != nullptr && there->is_array() &&
         std::any_of(wanted->begin(), wanted->end(),
                     [&](const json::value& one) { return Has(there->get_array(), one); });
}

bool LabelsMatch(const json::object& filter, const json::object& facts) {
  const json::value* wanted = Find(filter, "labels");
  if (wanted == nullptr) return true;
  const json::value* there = Find(facts, "labels");
  return std::all_of(wanted->get_object().begin(), wanted->get_object().end(),
                     [&](const json::key_value_pair& label) {
                       const json::value* value =
                           there == nullptr || !there->is_object()
                               ? nullptr
                               : there->get_object().if_contains(label.key());
                       return value != nullptr && *value == label.value();
                     });
}

bool ActiveMatches(const json::object& filter, const json::object& facts) {
  const json::value* wanted = Find(filter, "active_only");
  if (wanted == nullptr || !wanted->get_bool()) return true;
  const json::value* state = Find(facts, "state");
  return state != nullptr && state->is_string() &&
         std::any_of(kActive.begin(), kActive.end(),
                     [&](std::string_view active) { return state->get_string() == active; });
}

absl::Status CheckField(std::string_view name, const json::value& value) {
  const bool list =
      name == "affected_resources" ||
      std::any_of(kOneOf.begin(), kOneOf.end(), [&](Field field) { return field.filter == name; });
  if (list && value.is_array()) return absl::OkStatus();
  if (name == "labels" && value.is_object()) return absl::OkStatus();
  if (name == "active_only" && value.is_bool()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      "filter.", ToAbsl(name), ": a filter has no such field, or not with a value of that kind"));
}

}  // namespace

absl::StatusOr<PlainFilter> PlainFilter::Parse(std::string_view text) {
  PlainFilter filter;
  if (text.empty()) return filter;
  boost::system::error_code error;
  const json::value value = json::parse({text.data(), text.size()}, error);
  if (error || !value.is_object()) return absl::InvalidArgumentError("filter: is no JSON object");
  for (const json::key_value_pair& field : value.get_object()) {
    const std::string_view name(field.key().data(), field.key().size());
    if (name == "incident_ids" && field.value().is_array()) {
      for (const json::value& id : field.value().get_array()) {
        const auto key = id.is_string() ? ParseUuidKey(id.get_string().c_str()) : std::nullopt;
        if (!key) return absl::InvalidArgumentError("filter.incident_ids: has no UUIDs");
        filter.incident_ids_.insert(*key);
      }
      continue;
    }
    if (absl::Status status = CheckField(name, field.value()); !status.ok()) return status;
    filter.fields_[field.key()] = field.value();
  }
  return filter;
}

bool PlainFilter::Matches(const json::object& facts) const {
  const bool one_of = std::all_of(kOneOf.begin(), kOneOf.end(), [&](const Field& field) {
    const json::array* wanted = Wanted(fields_, field.filter);
    if (wanted == nullptr) return true;
    const json::value* fact = Find(facts, field.fact);
    return fact != nullptr && Has(*wanted, *fact);
  });
  return one_of && ResourcesMatch(fields_, facts) && LabelsMatch(fields_, facts) &&
         ActiveMatches(fields_, facts);
}

PlainFilter PlainFilter::OfTheSet() const {
  PlainFilter set = *this;
  set.fields_.erase("event_types");
  return set;
}

}  // namespace tocsin::history
