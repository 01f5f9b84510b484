#include <boost/json/serialize.hpp>

#include "absl/strings/str_cat.h"
#include "bridge/graphql/request.h"
#include "core/base/strings.h"
#include "core/base/utf8.h"
#include "core/event/json_writer.h"

namespace tocsin::bridge::graphql {
namespace {

// A message names what it is about, and a name may be as long as the request.
constexpr size_t kTextBytes = 2'048;

void AppendText(std::string& out, std::string_view text) {
  if (text.size() <= kTextBytes) return AppendJsonString(out, text);
  AppendJsonString(out, absl::StrCat(ToAbsl(Utf8Prefix(text, kTextBytes)), "…"));
}

void AppendPlaces(std::string& out, const std::vector<Place>& places) {
  char before = '[';
  for (const Place& place : places) {
    absl::StrAppend(&out, std::string(1, before), "{\"line\":", place.line,
                    ",\"column\":", place.column, "}");
    before = ',';
  }
  out += ']';
}

}  // namespace

void AppendError(std::string& out, const Error& error, absl::Time now) {
  out += "{\"message\":";
  AppendText(out, error.message);
  if (!error.locations.empty()) {
    out += ",\"locations\":";
    AppendPlaces(out, error.locations);
  }
  if (!error.path.empty()) out += ",\"path\":" + boost::json::serialize(error.path);
  out += ",\"extensions\":{\"code\":";
  AppendJsonString(out, error.code);
  out += ",\"timestamp\":\"";
  AppendJsonTime(out, now);
  out += '"';
  if (!error.field.empty()) {
    out += ",\"field\":";
    AppendText(out, error.field);
  }
  if (!error.reason.empty()) {
    out += ",\"reason\":";
    AppendJsonString(out, error.reason);
  }
  if (!error.earliest.empty()) {
    out += ",\"earliest\":";
    AppendJsonString(out, error.earliest);
  }
  if (error.retry_after) {
    absl::StrAppend(&out, ",\"retryAfterMs\":", absl::ToInt64Milliseconds(*error.retry_after));
  }
  out += "}}";
}

void AppendErrors(std::string& out, const Errors& errors, absl::Time now) {
  out += '[';
  for (const Error& error : errors) {
    if (&error != &errors.front()) out += ',';
    AppendError(out, error, now);
  }
  out += ']';
}

}  // namespace tocsin::bridge::graphql
