#include "bridge/events/event_query.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bridge/http/accept.h"
#include "bridge/http/filter_parameters.h"
#include "bridge/http/query_parameters.h"
#include "core/base/planted.h"
#include "core/base/status_macros.h"
#include "core/event/priority_choice.h"

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
  const std::optional<ResumePoint>& start() const { return start_; }
  bool notify_on_gap() const { return notify_on_gap_; }
  bool snapshot() const { return snapshot_; }
  bool leaves() const { return leaves_; }
  bool priority() const { return priority_; }
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
      ASSIGN_OR_RETURN(start_, ParseResumePoint(value, name));
    } else if (name == "snapshot") {
      ASSIGN_OR_RETURN(snapshot_, OneOfTwo(parameter, "true", "false"));
    } else if (name == "leaves") {
      ASSIGN_OR_RETURN(leaves_, OneOfTwo(parameter, "true", "false"));
    } else if (name == "latest_only") {
      ASSIGN_OR_RETURN(latest_only_, OneOfTwo(parameter, "true", "false"));
    } else if (name == "priority") {
      ASSIGN_OR_RETURN(priority_, OneOfTwo(parameter, "true", "false"));
    } else {
      return WrongParameter(name, "is no parameter", ParameterNames());
    }
    return absl::OkStatus();
  }

  FilterParameters filter_;
  std::optional<ResumePoint> start_;
  bool notify_on_gap_ = true;
  bool snapshot_ = false;
  bool leaves_ = false;
  bool priority_ = false;
  bool latest_only_ = false;
  std::vector<std::string> singles_;  // those given already
};

void SetStart(const ResumePoint& resume, EventQuery& query) {
  query.start = resume.start;
  query.urgent = resume.urgent;
}

}  // namespace

absl::StatusOr<EventQuery> ReadEventQuery(const http::HttpRequest& request) {
  QueryReader reader;
  RETURN_IF_ERROR(reader.Read(request));
  EventQuery query;
  ASSIGN_OR_RETURN(query.filter, Filter::Compile(reader.filter(), ""));
  if (reader.start().has_value()) {
    SetStart(*reader.start(), query);
  }
  query.notify_on_gap = reader.notify_on_gap();
  query.leaves = reader.leaves() || reader.snapshot();
  query.snapshot = reader.snapshot();
  query.priority = reader.priority();
  query.latest_only = reader.latest_only();
  if (query.snapshot && query.start.has_value()) {
    return WrongParameter(kResumeFrom, "cannot be given with snapshot",
                          {"nothing with snapshot: the changes begin where the snapshot was made"});
  }
  const std::optional<std::string_view> last = request.Header("Last-Event-ID");
  if (last.has_value() && !last->empty() && !Planted("last-event-id-ignored")) {
    ASSIGN_OR_RETURN(const ResumePoint resume, ParseResumePoint(*last, "Last-Event-ID"));
    SetStart(resume, query);
    query.snapshot = false;  // it has had its snapshot: no id comes before the last of it
  }
  RETURN_IF_ERROR(CheckPriority({.priority = query.priority,
                                 .split_start = query.urgent.has_value(),
                                 .snapshot = reader.snapshot(),
                                 .leaves = query.leaves,
                                 .latest_only = query.latest_only},
                                kResumeFrom));
  return query;
}

std::optional<EventFormat> AcceptedEventFormat(const http::HttpRequest& request) {
  const std::vector<AcceptRange> accepted = AcceptRanges(request, "Accept");
  if (accepted.empty()) {
    return EventFormat::kServerSent;
  }
  const double server_sent = Wanted(accepted, "text/event-stream");
  const double json_lines = Wanted(accepted, "application/x-ndjson");
  if (server_sent <= 0 && json_lines <= 0) {
    return std::nullopt;
  }
  return server_sent >= json_lines ? EventFormat::kServerSent : EventFormat::kJsonLines;
}

std::string_view ContentTypeOf(EventFormat format) {
  return format == EventFormat::kServerSent ? "text/event-stream" : "application/x-ndjson";
}

}  // namespace tocsin::bridge
