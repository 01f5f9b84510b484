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
#include "bridge/http/filter_parameters.h"
#include "bridge/http/query_parameters.h"
#include "core/base/status_macros.h"
#include "core/base/strings.h"

namespace tocsin::bridge {
namespace {

constexpr std::string_view kResumeFrom = "resume_from";

const std::vector<std::string>& ParameterNames() {
  static const std::vector<std::string>* const names = [] {
    auto* all = new std::vector<std::string>(FilterParameters::Names());
    all->insert(all->end(),
                {"resume_from", "on_gap", "snapshot", "leaves", "priority", "latest_only"});
    return all;
  }();
  return *names;
}

class QueryReader {
 public:
  absl::Status Read(const http::HttpRequest& request) {
    ASSIGN_OR_RETURN(const std::vector<http::Field> parameters,
                     ReadQueryParameters(request, ParameterNames(), {kResumeFrom}));
    for (const http::Field& parameter : parameters) {
      const std::optional<absl::Status> read = filter_.Read(parameter);
      RETURN_IF_ERROR(read.has_value() ? *read : ReadSingle(parameter));
    }
    return absl::OkStatus();
  }

  const v1::Filter& filter() const { return filter_.filter(); }
  const std::optional<StartPoint>& start() const { return start_; }
  bool notify_on_gap() const { return notify_on_gap_; }
  bool snapshot() const { return snapshot_; }
  bool leaves() const { return leaves_; }
  bool latest_only() const { return latest_only_; }

 private:
  absl::Status ReadSingle(const http::Field& parameter) {
    const auto& [name, value] = parameter;
    if (std::find(singles_.begin(), singles_.end(), name) != singles_.end()) {
      return WrongParameter(name, "is given twice");
    }
    singles_.push_back(name);
    if (name == "on_gap") {
      ASSIGN_OR_RETURN(notify_on_gap_, OneOfTwo(parameter, "notify", "fail"));
    } else if (name == kResumeFrom) {
      ASSIGN_OR_RETURN(start_, ParseStartPoint(value, name));
    } else if (name == "snapshot") {
      ASSIGN_OR_RETURN(snapshot_, OneOfTwo(parameter, "true", "false"));
    } else if (name == "leaves") {
      ASSIGN_OR_RETURN(leaves_, OneOfTwo(parameter, "true", "false"));
    } else if (name == "latest_only") {
      ASSIGN_OR_RETURN(latest_only_, OneOfTwo(parameter, "true", "false"));
    } else if (name == "priority") {
      return value == "false" ? absl::OkStatus()
                              : WrongParameter(name, "is not served by this version", {"false"});
    } else {
      return WrongParameter(name, "is no parameter", ParameterNames());
    }
    return absl::OkStatus();
  }

  FilterParameters filter_;
  std::optional<StartPoint> start_;
  bool notify_on_gap_ = true;
  bool snapshot_ = false;
  bool leaves_ = false;
  bool latest_only_ = false;
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
  RETURN_IF_ERROR(reader.Read(request));
  EventQuery query;
  ASSIGN_OR_RETURN(query.filter, Filter::Compile(reader.filter(), ""));
  query.start = reader.start();
  query.notify_on_gap = reader.notify_on_gap();
  query.leaves = reader.leaves() || reader.snapshot();
  query.snapshot = reader.snapshot();
  query.latest_only = reader.latest_only();
  if (query.snapshot && query.start.has_value()) {
    return WrongParameter(kResumeFrom, "cannot be given with snapshot",
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
