#include "bridge/rest/explain.h"

#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "bridge/http/caller_gate.h"
#include "bridge/http/json_request.h"
#include "bridge/rest/narrowed_explanation.h"
#include "core/base/planted.h"
#include "core/base/status_macros.h"
#include "core/event/error.h"
#include "core/event/explain_json.h"
#include "core/event/explain_request.h"
#include "core/event/filter.h"
#include "core/event/text.h"
#include "core/http/problem.h"

namespace tocsin::bridge {
namespace {

using http::HttpRequest;
using http::HttpResponse;
using http::Responder;

constexpr char kMethod[] = "/tocsin.v1.EventHub/Explain";
// Well under the time that a handler has, so that the hub's answer or its absence is told.
constexpr absl::Duration kTimeout = absl::Seconds(10);

struct Asked {
  v1::ExplainRequest request;
  Explainer explainer;
};

absl::StatusOr<Asked> ReadRequest(std::string_view json) {
  ASSIGN_OR_RETURN(v1::ExplainRequest request, ReadJsonExplainRequest(json));
  ASSIGN_OR_RETURN(Explainer explainer, CheckExplainRequest(request));
  return Asked{std::move(request), std::move(explainer)};
}

// Where authentication is off, everyone's sessions are everyone's.
bool MayAskForAll(const SubjectPtr& caller) {
  return caller == Subject::Anyone() || caller->permission.MayAdminister() ||
         Planted("rest-explains-others");
}

bool IsOf(const LiveSession& session, const SubjectPtr& caller) {
  const SubjectPtr subject = session.subject();
  return subject != nullptr && subject->name == caller->name && subject->issuer == caller->issuer;
}

// As the hub says it.
absl::Status UnknownSession(std::string_view id) {
  return MakeError(
      ErrorCode::kNotFound,
      absl::StrCat("session_id: no live session ", Quote(id), " is known here; it may have ended"),
      {.field = "session_id"});
}

HttpResponse Answer(const v1::ExplainResponse& response) {
  HttpResponse answer{.status = 200, .content_type = std::string(kJsonMediaType)};
  answer.fields.push_back({"Cache-Control", "no-store"});
  AppendJsonExplainResponse(answer.body, response);
  answer.body += '\n';
  return answer;
}

NarrowedExplanation::Done AnswerTo(Responder responder) {
  return [responder = std::move(responder)](absl::StatusOr<v1::ExplainResponse> response) mutable {
    std::move(responder).Respond(response.ok() ? Answer(*response)
                                               : http::ProblemResponse(response.status()));
  };
}

void AskHub(HubCalls& calls, const v1::ExplainRequest& request, Responder responder) {
  calls.Call<v1::ExplainResponse>(kMethod, request, kTimeout, AnswerTo(std::move(responder)));
}

// Who may not ask for all has no session of a hub.
void AskHubForSession(HubCalls& calls, const SubjectPtr& caller, const v1::ExplainRequest& request,
                      Responder responder) {
  if (MayAskForAll(caller)) {
    return AskHub(calls, request, std::move(responder));
  }
  std::move(responder).Respond(http::ProblemResponse(UnknownSession(request.session_id())));
}

void AskWorkers(HubCalls& calls, const ExplainSession& explain_session, const SubjectPtr& caller,
                const v1::ExplainRequest& request, Responder responder) {
  const auto held = std::make_shared<Responder>(std::move(responder));
  explain_session(request.session_id(), caller,
                  [&calls, caller, request, held](std::optional<v1::SessionExplanation> session) {
                    if (!session) {
                      return AskHubForSession(calls, caller, request, std::move(*held));
                    }
                    v1::ExplainResponse response;
                    response.mutable_session()->Swap(&*session);
                    std::move(*held).Respond(Answer(response));
                  });
}

void Serve(HubCalls& calls, const ExplainSession& explain_session, const SubjectPtr& caller,
           std::string_view json, Responder responder) {
  absl::StatusOr<Asked> asked = ReadRequest(json);
  if (!asked.ok()) {
    return std::move(responder).Respond(http::ProblemResponse(asked.status()));
  }
  v1::ExplainRequest& request = asked->request;
  if (!request.session_id().empty()) {
    return explain_session == nullptr
               ? AskHubForSession(calls, caller, request, std::move(responder))
               : AskWorkers(calls, explain_session, caller, request, std::move(responder));
  }
  if (caller->permission.filter() == Filter::MatchAll()) {
    return AskHub(calls, request, std::move(responder));
  }
  std::make_shared<NarrowedExplanation>(calls, caller, std::move(request),
                                        std::move(asked->explainer), AnswerTo(std::move(responder)))
      ->Start();
}

}  // namespace

std::optional<v1::SessionExplanation> ExplainOwn(const LiveSessions& sessions,
                                                 const std::string& id, const SubjectPtr& caller) {
  const LiveSession* const session = sessions.Find(id);
  return session == nullptr || !(MayAskForAll(caller) || IsOf(*session, caller))
             ? std::nullopt
             : std::optional(session->Explain());
}

http::Handler Explain(HubCalls& calls, ExplainSession explain_session) {
  return [&calls, explain_session](HttpRequest& request, Responder responder) {
    if (const absl::Status bad = CheckIsJson(request); !bad.ok()) {
      return std::move(responder).Respond(http::ProblemResponse(bad));
    }
    calls.Run([&calls, explain_session, caller = SubjectOf(request), body = std::move(request.body),
               responder = std::move(responder)]() mutable {
      Serve(calls, explain_session, caller, body, std::move(responder));
    });
  };
}

}  // namespace tocsin::bridge
