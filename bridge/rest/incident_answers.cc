#include "bridge/rest/incident_answers.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "bridge/http/json_request.h"
#include "bridge/rest/entity_tag.h"
#include "bridge/rest/incident_query.h"
#include "core/base/strings.h"
#include "core/event/error.h"
#include "core/event/json_writer.h"
#include "core/http/problem.h"

namespace tocsin::bridge {
namespace {

using http::HttpResponse;

HttpResponse Json(std::string body, int status = 200) {
  return {.status = status, .content_type = std::string(kJsonMediaType), .body = std::move(body)};
}

void AppendToken(std::string& out, std::string_view token) {
  out += ",\"next_page_token\":";
  if (token.empty()) {
    out += "null";
  } else {
    AppendJsonString(out, token);
  }
}

std::string PathOf(const std::string& incident_id) {
  return absl::StrCat("/v1/incidents/", incident_id);
}

HttpResponse PreconditionFailed(const v1::GetIncidentResponse& response) {
  const absl::Status status =
      MakeError(ErrorCode::kConflict,
                absl::StrCat("If-Match: the incident has changed; its ETag is ",
                             EntityTag(response.sequence())),
                {.field = "If-Match"});
  std::string member = "\"incident\":";
  AppendJsonIncident(member, response.incident());
  HttpResponse answer = http::ProblemResponse(status, 412, member);
  answer.fields.push_back({"ETag", EntityTag(response.sequence())});
  return answer;
}

HttpResponse ChangedUnseen(const v1::PublishResult& result, const absl::Status& why) {
  std::string body = "{\"incident_id\":";
  AppendJsonString(body, result.incident_id());
  absl::StrAppend(&body, ",\"message\":\"the change is made; ", Unseen(why).message(), "\"}\n");
  HttpResponse answer = Json(std::move(body), 202);
  answer.fields.push_back({"Location", PathOf(result.incident_id())});
  return answer;
}

}  // namespace

absl::Status Unseen(const absl::Status& why) {
  const ErrorCode code = ErrorCodeOf(why);
  return code == ErrorCode::kForbidden || code == ErrorCode::kNotFound
             ? MakeError(ErrorCode::kForbidden, "the token does not allow reading the incident")
             : MakeError(ErrorCode::kServiceUnavailable,
                         "the incident cannot be read at the moment");
}

HttpResponse IncidentAnswer(const v1::GetIncidentResponse& response, int status) {
  std::string body;
  AppendJsonIncident(body, response.incident());
  body += '\n';
  HttpResponse answer = Json(std::move(body), status);
  answer.fields.push_back({"ETag", EntityTag(response.sequence())});
  if (status == 201) {
    answer.fields.push_back({"Location", PathOf(response.incident().id())});
  }
  return answer;
}

HttpResponse NotModified(const v1::GetIncidentResponse& response) {
  return {.status = 304, .fields = {{"ETag", EntityTag(response.sequence())}}};
}

HttpResponse ChangeAnswer(const IncidentChange::Outcome& outcome, bool is_new) {
  if (!outcome.status.ok()) {
    return outcome.incident.has_value() ? PreconditionFailed(*outcome.incident)
                                        : http::ProblemResponse(outcome.status);
  }
  return outcome.incident.has_value() ? IncidentAnswer(*outcome.incident, is_new ? 201 : 200)
                                      : ChangedUnseen(*outcome.published, outcome.unseen);
}

HttpResponse IncidentsAnswer(const v1::ListIncidentsResponse& response, uint32_t page,
                             uint32_t page_size) {
  std::string body = "{\"incidents\":[";
  for (int i = 0; i < response.incidents_size(); ++i) {
    body += i > 0 ? "," : "";
    AppendJsonIncident(body, response.incidents(i));
  }
  absl::StrAppend(&body, "],\"total\":", response.total(),
                  response.total_is_at_least() ? ",\"total_is_at_least\":true" : "",
                  ",\"page\":", page, ",\"page_size\":", page_size);
  AppendToken(body, PageToken(page + 1, response.next_page_token()));
  body += "}\n";
  return Json(std::move(body));
}

HttpResponse EventsAnswer(const v1::ListEventsResponse& response) {
  std::string body = "{\"events\":[";
  for (int i = 0; i < response.events_size(); ++i) {
    body += i > 0 ? "," : "";
    AppendJsonEvent(body, response.events(i));
  }
  body += ']';
  AppendToken(body, response.next_page_token());
  body += ",\"cursor\":";
  AppendJsonString(body, response.cursor());
  body += "}\n";
  return Json(std::move(body));
}

}  // namespace tocsin::bridge
