#include "bridge/http/publish_events.h"

#include <boost/json/value.hpp>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/time/clock.h"
#include "bridge/http/caller_gate.h"
#include "bridge/http/derived_id.h"
#include "bridge/http/json_request.h"
#include "bridge/rest/cloud_event.h"
#include "bridge/rest/cloud_event_mapping.h"
#include "core/base/planted.h"
#include "core/base/status_macros.h"
#include "core/event/error.h"
#include "core/event/json_reader.h"
#include "core/event/json_writer.h"
#include "core/event/limits.h"
#include "core/event/text.h"
#include "core/event/uuid.h"
#include "core/event/validate.h"
#include "core/http/problem.h"

namespace tocsin::bridge {
namespace {

using http::HttpRequest;
using http::HttpResponse;
using http::Responder;

constexpr char kMethod[] = "/tocsin.v1.EventHub/Publish";
constexpr char kKeySpace[] = "idempotency key of POST /v1/events";

// What is needed of a request once its handler has returned.
struct Given {
  SubjectPtr subject;
  CloudEventMode mode = CloudEventMode::kNone;
  std::optional<std::string> key = {};
  std::vector<http::Field> fields = {};  // where they are a part of the event
  std::string body = {};
};

// `key` may be null. With it the event's id follows from its place, so that a retry has the same.
absl::Status AddEvent(v1::Event event, const FieldPath& path, const std::optional<std::string>& key,
                      PublishBody& body) {
  RETURN_IF_ERROR(NormalizeEvent(event, path));
  const bool has_name = !event.id().empty() || key.has_value();
  body.own_id.push_back(!has_name);
  if (event.id().empty()) {
    const std::string place = absl::StrCat(body.request.events_size());
    event.set_id(key.has_value() ? DerivedUuid(kKeySpace, {*key, place}) : NewUuid(absl::Now()));
  }
  *body.request.add_events() = std::move(event);
  return absl::OkStatus();
}

absl::Status AddEvents(const boost::json::array& list, const std::optional<std::string>& key,
                       PublishBody& body) {
  if (list.empty() || list.size() > limits::kPublishEvents) {
    return FieldError(ErrorCode::kInvalidMessage, "events",
                      absl::StrCat("has ", list.size(), " events"),
                      {absl::StrCat("1 to ", limits::kPublishEvents, " events")});
  }
  for (size_t i = 0; i < list.size(); ++i) {
    const FieldPath path = FieldPath("events")[i];
    ASSIGN_OR_RETURN(v1::Event event, ReadJsonEvent(list[i], path.Text()));
    RETURN_IF_ERROR(AddEvent(std::move(event), path, key, body));
  }
  return absl::OkStatus();
}

absl::StatusOr<PublishBody> ReadCloudEventBody(const Given& given) {
  ASSIGN_OR_RETURN(const std::vector<CloudEvent> events,
                   ReadCloudEvents(given.mode, given.fields, given.body));
  PublishBody body;
  body.single = given.mode != CloudEventMode::kBatch;
  for (const CloudEvent& each : events) {
    ASSIGN_OR_RETURN(v1::Event event, EventOf(each));
    RETURN_IF_ERROR(AddEvent(std::move(event), FieldPath(each.path) / "data", {}, body));
  }
  return body;
}

// The hub knows the request's events by their index.
absl::Status InClientsWords(const absl::Status& status, bool single) {
  if (!single || !absl::StrContains(status.message(), "events[0]")) {
    return status;
  }
  ErrorDetails details = ErrorDetailsOf(status);
  details.field = absl::StrReplaceAll(details.field, {{"events[0]", "event"}});
  return MakeErrorAs(ErrorCodeOf(status), status.code(),
                     absl::StrReplaceAll(status.message(), {{"events[0]", "event"}}), details);
}

// An event that came without an id cannot be one that was published before: where the hub has seen
// it, that was our own first try.
HttpResponse Accepted(const v1::PublishResponse& response, const std::vector<bool>& own_id) {
  HttpResponse answer{.status = 202, .content_type = "application/json"};
  std::string& out = answer.body;
  out = "{\"events\":[";
  for (int i = 0; i < response.results_size(); ++i) {
    const v1::PublishResult& result = response.results(i);
    const bool duplicate = result.duplicate() && !own_id[static_cast<size_t>(i)];
    out += i > 0 ? ",{\"id\":" : "{\"id\":";
    AppendJsonString(out, result.id());
    out += ",\"cursor\":";
    AppendJsonString(out, result.cursor());
    absl::StrAppend(&out, ",\"sequence\":", result.sequence(),
                    ",\"duplicate\":", duplicate ? "true" : "false");
    if (!result.incident_id().empty()) {
      out += ",\"incident_id\":";
      AppendJsonString(out, result.incident_id());
    }
    out += '}';
  }
  out += "]}\n";
  return answer;
}

absl::Status CheckTypes(const Permission& permission, const v1::PublishRequest& request) {
  for (const v1::Event& event : request.events()) {
    if (Planted("event-types-not-checked")) break;
    RETURN_IF_ERROR(permission.CheckPublish(event.type()));
  }
  return absl::OkStatus();
}

void Publish(HubCalls& calls, absl::Duration timeout, const Given& given, Responder responder) {
  absl::StatusOr<PublishBody> body = given.mode == CloudEventMode::kNone
                                         ? ReadPublishBody(given.body, given.key)
                                         : ReadCloudEventBody(given);
  if (!body.ok()) {
    return std::move(responder).Respond(http::ProblemResponse(body.status()));
  }
  if (const absl::Status allowed = CheckTypes(given.subject->permission, body->request);
      !allowed.ok()) {
    return std::move(responder).Respond(http::ProblemResponse(allowed));
  }
  if (body->request.events().empty()) {  // a batch may be
    return std::move(responder).Respond(Accepted({}, {}));
  }
  calls.Call<v1::PublishResponse>(
      kMethod, body->request, timeout,
      [own_id = std::move(body->own_id), single = body->single,
       responder = std::move(responder)](absl::StatusOr<v1::PublishResponse> response) mutable {
        std::move(responder).Respond(
            response.ok() ? Accepted(*response, own_id)
                          : http::ProblemResponse(InClientsWords(response.status(), single)));
      });
}

absl::StatusOr<Given> ReadHead(const HttpRequest& request) {
  Given given{.subject = SubjectOf(request)};
  ASSIGN_OR_RETURN(given.mode, CloudEventModeOf(request));
  if (given.mode == CloudEventMode::kNone) {
    RETURN_IF_ERROR(CheckIsJson(request));
  } else if (given.mode == CloudEventMode::kBinary) {
    given.fields = request.fields;
  }
  ASSIGN_OR_RETURN(given.key, IdempotencyKey(request));
  return given;
}

}  // namespace

absl::StatusOr<PublishBody> ReadPublishBody(std::string_view json,
                                            const std::optional<std::string>& key) {
  boost::json::value value;
  RETURN_IF_ERROR(ParseJson(json, value));
  PublishBody body;
  body.single = !value.is_array();
  if (body.single) {
    ASSIGN_OR_RETURN(v1::Event event, ReadJsonEvent(value, "event"));
    RETURN_IF_ERROR(AddEvent(std::move(event), "event", key, body));
  } else {
    RETURN_IF_ERROR(AddEvents(value.get_array(), key, body));
  }
  return body;
}

http::Handler PublishEvents(HubCalls& calls, absl::Duration timeout) {
  return [&calls, timeout](HttpRequest& request, Responder responder) {
    absl::StatusOr<Given> given = ReadHead(request);
    if (!given.ok()) {
      return std::move(responder).Respond(http::ProblemResponse(given.status()));
    }
    given->body = std::move(request.body);
    calls.Run(
        [&calls, timeout, held = *std::move(given), responder = std::move(responder)]() mutable {
          Publish(calls, timeout, held, std::move(responder));
        });
  };
}

}  // namespace tocsin::bridge
