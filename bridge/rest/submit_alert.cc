#include "bridge/rest/submit_alert.h"

#include <boost/json/value.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "bridge/http/derived_id.h"
#include "bridge/http/json_request.h"
#include "core/base/status_macros.h"
#include "core/event/json_input.h"
#include "core/event/json_reader.h"
#include "core/event/json_writer.h"
#include "core/event/validate.h"
#include "core/http/problem.h"

namespace tocsin::bridge {
namespace {

using http::HttpRequest;
using http::HttpResponse;
using http::Responder;

constexpr char kKeySpace[] = "idempotency key of POST /v1/alerts";

std::string_view Message(const v1::SubmitAlertResponse& response) {
  return response.duplicate()             ? "this alert was taken before"
         : response.opened()              ? "the alert has opened an incident"
         : response.incident_id().empty() ? "no active incident has this alert's fingerprint"
                                          : "the alert was added to an active incident";
}

HttpResponse Accepted(const v1::SubmitAlertResponse& response) {
  HttpResponse answer{.status = 202, .content_type = std::string(kJsonMediaType)};
  std::string& out = answer.body;
  out = "{\"alert_id\":";
  AppendJsonString(out, response.alert_id());
  out += ",\"incident_id\":";
  if (response.incident_id().empty()) {
    out += "null";
  } else {
    AppendJsonString(out, response.incident_id());
    answer.fields.push_back({"Location", absl::StrCat("/v1/incidents/", response.incident_id())});
  }
  out += response.duplicate() ? ",\"status\":\"duplicate\"" : ",\"status\":\"accepted\"";
  out += ",\"message\":";
  AppendJsonString(out, Message(response));
  out += "}\n";
  return answer;
}

absl::StatusOr<v1::SubmitAlertRequest> ReadBody(std::string_view json,
                                                const std::optional<std::string>& key) {
  boost::json::value value;
  RETURN_IF_ERROR(ParseJson(json, value));
  return ReadAlertSubmission(value, key);
}

void Submit(AlertIntake& alerts, std::string_view json, const std::optional<std::string>& key,
            Responder responder) {
  absl::StatusOr<v1::SubmitAlertRequest> request = ReadBody(json, key);
  if (!request.ok()) {
    return std::move(responder).Respond(http::ProblemResponse(request.status()));
  }
  std::vector<v1::SubmitAlertRequest> one;
  one.push_back(*std::move(request));
  alerts.Submit(std::move(one), [responder = std::move(responder)](
                                    const std::vector<AlertIntake::Outcome>& outcomes) mutable {
    const AlertIntake::Outcome& outcome = outcomes.front();
    std::move(responder).Respond(outcome.ok() ? Accepted(*outcome)
                                              : http::ProblemResponse(outcome.status()));
  });
}

absl::StatusOr<std::optional<std::string>> CheckHead(const HttpRequest& request) {
  RETURN_IF_ERROR(CheckIsJson(request));
  return IdempotencyKey(request);
}

}  // namespace

absl::StatusOr<v1::SubmitAlertRequest> ReadAlertSubmission(const boost::json::value& body,
                                                           const std::optional<std::string>& key) {
  v1::SubmitAlertRequest request;
  ASSIGN_OR_RETURN(*request.mutable_alert(), ReadJsonAlert(body, ""));
  RETURN_IF_ERROR(NormalizeAlert(*request.mutable_alert(), FieldPath("")));
  if (key.has_value() && request.alert().id().empty()) {
    request.mutable_alert()->set_id(DerivedUuid(kKeySpace, {*key}));
  }
  return request;
}

http::Handler SubmitAlert(HubCalls& calls, AlertIntake& alerts) {
  return [&calls, &alerts](HttpRequest& request, Responder responder) {
    auto key = CheckHead(request);
    if (!key.ok()) {
      return std::move(responder).Respond(http::ProblemResponse(key.status()));
    }
    calls.Run([&alerts, body = std::move(request.body), held = *std::move(key),
               responder = std::move(responder)]() mutable {
      Submit(alerts, body, held, std::move(responder));
    });
  };
}

}  // namespace tocsin::bridge
