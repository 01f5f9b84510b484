#include "bridge/http/publish_events.h"

#include <boost/json/value.hpp>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/time/clock.h"
#include "bridge/http/json_request.h"
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
absl::Status AddEvent(const boost::json::value& value, const FieldPath& path, PublishBody& body) {
  ASSIGN_OR_RETURN(v1::Event event, ReadJsonEvent(value, path.Text()));
  RETURN_IF_ERROR(NormalizeEvent(event, path));
  body.own_id.push_back(event.id().empty());
  if (event.id().empty()) {
    event.set_id(NewUuid(absl::Now()));
  }
  *body.request.add_events() = std::move(event);
  return absl::OkStatus();
}

absl::Status AddEvents(const boost::json::array& list, PublishBody& body) {
  if (list.empty() || list.size() > limits::kPublishEvents) {
    return FieldError(ErrorCode::kInvalidMessage, "events",
                      absl::StrCat("has ", list.size(), " events"),
                      {absl::StrCat("1 to ", limits::kPublishEvents, " events")});
  }
  for (size_t i = 0; i < list.size(); ++i) {
    RETURN_IF_ERROR(AddEvent(list[i], FieldPath("events")[i], body));
  }
  return absl::OkStatus();
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

void Publish(HubCalls& calls, absl::Duration timeout, std::string_view json, Responder responder) {
  absl::StatusOr<PublishBody> body = ReadPublishBody(json);
  if (!body.ok()) {
    return std::move(responder).Respond(http::ProblemResponse(body.status()));
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

}  // namespace

absl::StatusOr<PublishBody> ReadPublishBody(std::string_view json) {
  boost::json::value value;
  RETURN_IF_ERROR(ParseJson(json, value));
  PublishBody body;
  body.single = !value.is_array();
  if (body.single) {
    RETURN_IF_ERROR(AddEvent(value, FieldPath("event"), body));
  } else {
    RETURN_IF_ERROR(AddEvents(value.get_array(), body));
  }
  return body;
}

http::Handler PublishEvents(HubCalls& calls, absl::Duration timeout) {
  return [&calls, timeout](HttpRequest& request, Responder responder) {
    if (const absl::Status status = CheckIsJson(request); !status.ok()) {
      return std::move(responder).Respond(http::ProblemResponse(status));
    }
    calls.Run([&calls, timeout, body = std::move(request.body),
               responder = std::move(responder)]() mutable {
      Publish(calls, timeout, body, std::move(responder));
    });
  };
}

}  // namespace tocsin::bridge
