#include "bridge/events/event_query.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "core/base/status_macros.h"
#include "core/base/strings.h"
#include "core/base/utf8.h"
#include "core/event/error.h"
#include "core/event/names.h"
#include "core/event/text.h"

namespace tocsin::bridge {
namespace {

constexpr std::string_view kLabelPrefix = "labels.";
constexpr std::string_view kResumeFrom = "resume_from";

const std::vector<std::string>& ParameterNames() {
  static const std::vector<std::string> names = {
      "event_types",  "severities",  "states",      "sources", "affected_resources", "labels.KEY",
      "incident_ids", "active_only", "resume_from", "on_gap",  "snapshot",           "leaves"};
  return names;
}

absl::Status Wrong(std::string_view name, std::string_view problem,
                   std::vector<std::string> allowed = {}) {
  return FieldError(ErrorCode::kInvalidMessage, name, problem, std::move(allowed));
}

// ---- texts ----

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Nothing where a percent sign begins no byte or the bytes are not UTF-8.
std::optional<std::string> Decoded(std::string_view text, bool plus_is_space) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i] == '+' && plus_is_space ? ' ' : text[i];
      continue;
    }
    const int high = i + 2 < text.size() ? HexDigit(text[i + 1]) : -1;
    const int low = high < 0 ? -1 : HexDigit(text[i + 2]);
    if (low < 0) {
      return std::nullopt;
    }
    out += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return IsUtf8(out) ? std::optional(std::move(out)) : std::nullopt;
}

// The values of a list: between the commas that have no backslash before them.
std::vector<std::string> Values(std::string_view text) {
  std::vector<std::string> values(1);
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == ',') {
      values.emplace_back();
    } else {
      const bool escaped =
          text[i] == '\\' && i + 1 < text.size() && (text[i + 1] == ',' || text[i + 1] == '\\');
      values.back() += text[escaped ? ++i : i];
    }
  }
  return values;
}

// ---- parameters ----

class QueryReader {
 public:
  absl::Status Read(std::string_view query) {
    for (absl::string_view part : absl::StrSplit(ToAbsl(query), '&', absl::SkipEmpty())) {
      const std::pair<absl::string_view, absl::string_view> pair =
          absl::StrSplit(part, absl::MaxSplits('=', 1));
      RETURN_IF_ERROR(ReadParameter(ToStd(pair.first), ToStd(pair.second)));
    }
    return absl::OkStatus();
  }

  const v1::Filter& filter() const { return filter_; }
  const std::optional<StartPoint>& start() const { return start_; }
  bool notify_on_gap() const { return notify_on_gap_; }
  bool snapshot() const { return snapshot_; }

 private:
  absl::Status ReadParameter(std::string_view raw_name, std::string_view raw_value) {
    const std::optional<std::string> name = Decoded(raw_name, true);
    if (!name.has_value()) {
      return Wrong(Quote(raw_name), "is not percent-encoded UTF-8", ParameterNames());
    }
    const std::optional<std::string> value = Decoded(raw_value, *name != kResumeFrom);
    if (!value.has_value()) {
      return Wrong(*name, "is not percent-encoded UTF-8");
    }
    if (name->starts_with(kLabelPrefix)) {
      return ReadLabel(*name, *value);
    }
    if (value->empty() && *name != kResumeFrom) {
      return Wrong(*name, "is empty: leave it out to match all");
    }
    return ReadNamed(*name, *value);
  }

  absl::Status ReadLabel(std::string_view name, const std::string& value) {
    const std::string key(name.substr(kLabelPrefix.size()));
    const auto [entry, added] = filter_.mutable_labels()->insert({key, value});
    if (!added && entry->second != value) {
      return Wrong(name, "is given twice with two values: no event has both");
    }
    return absl::OkStatus();
  }

  absl::Status ReadNamed(const std::string& name, const std::string& value) {
    if (name == "event_types") {
      return ReadEnums(name, value, *v1::EventType_descriptor(), *filter_.mutable_event_types());
    }
    if (name == "severities") {
      return ReadEnums(name, value, *v1::Severity_descriptor(), *filter_.mutable_severities());
    }
    if (name == "states") {
      return ReadEnums(name, value, *v1::IncidentState_descriptor(), *filter_.mutable_states());
    }
    if (name == "sources") {
      return ReadTexts(value, *filter_.mutable_sources());
    }
    if (name == "affected_resources") {
      return ReadTexts(value, *filter_.mutable_affected_resources());
    }
    if (name == "incident_ids") {
      return ReadTexts(value, *filter_.mutable_incident_ids());
    }
    return ReadSingle(name, value);
  }

  absl::Status ReadSingle(const std::string& name, const std::string& value) {
    if (std::find(singles_.begin(), singles_.end(), name) != singles_.end()) {
      return Wrong(name, "is given twice");
    }
    singles_.push_back(name);
    if (name == "active_only") {
      ASSIGN_OR_RETURN(const bool active_only, OneOf(name, value, "true", "false"));
      filter_.set_active_only(active_only);
    } else if (name == "on_gap") {
      ASSIGN_OR_RETURN(notify_on_gap_, OneOf(name, value, "notify", "fail"));
    } else if (name == kResumeFrom) {
      ASSIGN_OR_RETURN(start_, ParseStartPoint(value, name));
    } else if (name == "snapshot") {
      ASSIGN_OR_RETURN(snapshot_, OneOf(name, value, "true", "false"));
    } else if (name == "leaves") {
      return value == "false" ? absl::OkStatus()
                              : Wrong(name, "is not served by this version", {"false"});
    } else {
      return Wrong(name, "is no parameter", ParameterNames());
    }
    return absl::OkStatus();
  }

  static absl::StatusOr<bool> OneOf(std::string_view name, std::string_view value,
                                    const std::string& yes, const std::string& no) {
    if (value != yes && value != no) {
      return Wrong(name, absl::StrCat("cannot be ", Quote(value)), {yes, no});
    }
    return value == yes;
  }

  template <class List>
  static absl::Status ReadTexts(std::string_view text, List& list) {
    for (std::string& value : Values(text)) {
      *list.Add() = std::move(value);
    }
    return absl::OkStatus();
  }

  template <class List>
  static absl::Status ReadEnums(std::string_view name, std::string_view text,
                                const google::protobuf::EnumDescriptor& type, List& list) {
    for (const std::string& value : Values(text)) {
      const std::optional<int> number = EnumNumber(type, value);
      if (!number.has_value()) {
        return FieldError(ErrorCode::kInvalidFilter, name,
                          absl::StrCat("has no value ", Quote(value)), EnumNames(type));
      }
      list.Add(*number);
    }
    return absl::OkStatus();
  }

  v1::Filter filter_;
  std::optional<StartPoint> start_;
  bool notify_on_gap_ = true;
  bool snapshot_ = false;
  std::vector<std::string> singles_;  // those given already
};

// ---- Accept ----

// How much a media range of Accept fits `type`: 0 not, 1 as any, 2 as one of its kind, 3 by name.
int Fit(absl::string_view range, std::string_view type) {
  if (absl::EqualsIgnoreCase(range, ToAbsl(type))) {
    return 3;
  }
  const std::string_view kind = type.substr(0, type.find('/') + 1);
  if (absl::EqualsIgnoreCase(range, absl::StrCat(ToAbsl(kind), "*"))) {
    return 2;
  }
  return range == "*/*" ? 1 : 0;
}

double QualityOf(absl::string_view parameters) {
  for (absl::string_view each : absl::StrSplit(parameters, ';')) {
    each = absl::StripAsciiWhitespace(each);
    double quality = 1;
    if (absl::StartsWithIgnoreCase(each, "q=") && absl::SimpleAtod(each.substr(2), &quality)) {
      return quality;
    }
  }
  return 1;
}

// How much the client wants `type`: the quality of the range that names it most closely.
double Wanted(absl::string_view accept, std::string_view type) {
  int closest = 0;
  double quality = 0;
  for (absl::string_view range : absl::StrSplit(accept, ',')) {
    const std::pair<absl::string_view, absl::string_view> parts =
        absl::StrSplit(range, absl::MaxSplits(';', 1));
    const int fit = Fit(absl::StripAsciiWhitespace(parts.first), type);
    if (fit > closest) {
      closest = fit;
      quality = QualityOf(parts.second);
    }
  }
  return quality;
}

}  // namespace

absl::StatusOr<EventQuery> ReadEventQuery(const http::HttpRequest& request) {
  QueryReader reader;
  const size_t mark = request.target.find('?');
  if (mark != std::string::npos) {
    RETURN_IF_ERROR(reader.Read(std::string_view(request.target).substr(mark + 1)));
  }
  EventQuery query;
  ASSIGN_OR_RETURN(query.filter, Filter::Compile(reader.filter(), ""));
  query.start = reader.start();
  query.notify_on_gap = reader.notify_on_gap();
  query.snapshot = reader.snapshot();
  if (query.snapshot && query.start.has_value()) {
    return Wrong(kResumeFrom, "cannot be given with snapshot",
                 {"nothing with snapshot: the changes begin where the snapshot was made"});
  }
  const std::optional<std::string_view> last = request.Header("Last-Event-ID");
  if (last.has_value() && !last->empty()) {
    ASSIGN_OR_RETURN(query.start, ParseStartPoint(*last, "Last-Event-ID"));
    query.snapshot = false;  // it has had its snapshot: no id comes before the last of it
  }
  return query;
}

std::optional<EventFormat> AcceptedEventFormat(const http::HttpRequest& request) {
  std::string accept;
  for (const http::Field& field : request.fields) {
    if (absl::EqualsIgnoreCase(field.name, "Accept")) {
      absl::StrAppend(&accept, accept.empty() ? "" : ",", field.value);
    }
  }
  if (accept.empty()) {
    return EventFormat::kServerSent;
  }
  const double server_sent = Wanted(accept, "text/event-stream");
  const double json_lines = Wanted(accept, "application/x-ndjson");
  if (server_sent <= 0 && json_lines <= 0) {
    return std::nullopt;
  }
  return server_sent >= json_lines ? EventFormat::kServerSent : EventFormat::kJsonLines;
}

std::string_view ContentTypeOf(EventFormat format) {
  return format == EventFormat::kServerSent ? "text/event-stream" : "application/x-ndjson";
}

}  // namespace tocsin::bridge
