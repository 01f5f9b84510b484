#include "bridge/rest/explain.h"

#include <memory>
#include <utility>

#include "bridge/http/json_request.h"
#include "core/base/status_macros.h"
#include "core/event/explain_json.h"
#include "core/event/explain_request.h"
#include "core/http/problem.h"

namespace tocsin::bridge {
namespace {

using http::HttpRequest;
using http::HttpResponse;
using http::Responder;

constexpr char kMethod[] = "/tocsin.v1.EventHub/Explain";
// Well under the time that a handler has, so that the hub's answer or its absence is told.
constexpr absl::Duration kTimeout = absl::Seconds(10);

absl::StatusOr<v1::ExplainRequest> ReadRequest(std::string_view json) {
  ASSIGN_OR_RETURN(v1::ExplainRequest request, ReadJsonExplainRequest(json));
  RETURN_IF_ERROR(CheckExplainRequest(request).status());
  return request;
}

HttpResponse Answer(const v1::ExplainResponse& response) {
  HttpResponse answer{.status = 200, .content_type = std::string(kJsonMediaType)};
  answer.fields.push_back({"Cache-Control", "no-store"});
  AppendJsonExplainResponse(answer.body, response);
  answer.body += '\n';
  return answer;
}

void AskHub(HubCalls& calls, const v1::ExplainRequest& request, Responder responder) {
  calls.Call<v1::ExplainResponse>(
      kMethod, request, kTimeout,
      [responder = std::move(responder)](absl::StatusOr<v1::ExplainResponse> response) mutable {
        std::move(responder).Respond(response.ok() ? Answer(*response)
                                                   : http::ProblemResponse(response.status()));
      });
}

void AskWorkers(HubCalls& calls, const ExplainSession& explain_session,
                const v1::ExplainRequest& request, Responder responder) {
  const auto held = std::make_shared<Responder>(std::move(responder));
  explain_session(request.session_id(),
                  [&calls, request, held](std::optional<v1::SessionExplanation> session) {
                    if (!session) {
                      return AskHub(calls, request, std::move(*held));
                    }
                    v1::ExplainResponse response;
                    response.mutable_session()->Swap(&*session);
                    std::move(*held).Respond(Answer(response));
                  });
}

void Serve(HubCalls& calls, const ExplainSession& explain_session, std::string_view json,
           Responder responder) {
  const absl::StatusOr<v1::ExplainRequest> request = ReadRequest(json);
  if (!request.ok()) {
    return std::move(responder).Respond(http::ProblemResponse(request.status()));
  }
  if (explain_session != nullptr && !request->session_id().empty()) {
    return AskWorkers(calls, explain_session, *request, std::move(responder));
  }
  AskHub(calls, *request, std::move(responder));
}

}  // namespace

http::Handler Explain(HubCalls& calls, ExplainSession explain_session) {
  return [&calls, explain_session](HttpRequest& request, Responder responder) {
    if (const absl::Status bad = CheckIsJson(request); !bad.ok()) {
      return std::move(responder).Respond(http::ProblemResponse(bad));
    }
    calls.Run([&calls, explain_session, body = std::move(request.body),
               responder = std::move(responder)]() mutable {
      Serve(calls, explain_session, body, std::move(responder));
    });
  };
}

}  // namespace tocsin::bridge
