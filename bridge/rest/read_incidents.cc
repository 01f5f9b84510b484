#include "bridge/rest/read_incidents.h"

#include <string>
#include <utility>

#include "bridge/http/caller_gate.h"
#include "bridge/rest/entity_tag.h"
#include "bridge/rest/incident_answers.h"
#include "bridge/rest/incident_calls.h"
#include "bridge/rest/incident_query.h"
#include "bridge/rest/incident_request.h"
#include "core/base/status_macros.h"
#include "core/http/problem.h"

namespace tocsin::bridge {
namespace {

using http::HttpRequest;
using http::ProblemResponse;
using http::Responder;

absl::StatusOr<v1::ListEventsRequest> EventsOf(const HttpRequest& request) {
  ASSIGN_OR_RETURN(const std::string id, IncidentIdOf(request));
  return ReadEventsQuery(request, id);
}

// The page is empty: is there such an incident at all?
void AnswerEmptyPage(HubCalls& calls, SubjectPtr subject, const std::string& id,
                     v1::ListEventsResponse page, Responder responder) {
  IncidentCalls(calls, std::move(subject))
      .Get(id, [page = std::move(page), responder = std::move(responder)](
                   const absl::StatusOr<v1::GetIncidentResponse>& incident) mutable {
        std::move(responder).Respond(incident.ok() ? EventsAnswer(page)
                                                   : ProblemResponse(incident.status()));
      });
}

}  // namespace

http::Handler ListIncidents(HubCalls& calls) {
  return [&calls](HttpRequest& request, Responder responder) {
    absl::StatusOr<IncidentsQuery> query = ReadIncidentsQuery(request);
    if (!query.ok()) {
      return std::move(responder).Respond(ProblemResponse(query.status()));
    }
    IncidentCalls(calls, SubjectOf(request))
        .List(query->request,
              [page = query->page, size = query->request.page_size(),
               responder = std::move(responder)](
                  const absl::StatusOr<v1::ListIncidentsResponse>& response) mutable {
                std::move(responder).Respond(response.ok() ? IncidentsAnswer(*response, page, size)
                                                           : ProblemResponse(response.status()));
              });
  };
}

http::Handler GetIncident(HubCalls& calls) {
  return [&calls](HttpRequest& request, Responder responder) {
    const absl::StatusOr<std::string> id = IncidentIdOf(request);
    if (!id.ok()) {
      return std::move(responder).Respond(ProblemResponse(id.status()));
    }
    IncidentCalls(calls, SubjectOf(request))
        .Get(*id, [known = KnownTags(request), responder = std::move(responder)](
                      const absl::StatusOr<v1::GetIncidentResponse>& response) mutable {
          std::move(responder).Respond(!response.ok() ? ProblemResponse(response.status())
                                       : HasTag(known, EntityTag(response->sequence()))
                                           ? NotModified(*response)
                                           : IncidentAnswer(*response));
        });
  };
}

http::Handler ListIncidentEvents(HubCalls& calls) {
  return [&calls](HttpRequest& request, Responder responder) {
    absl::StatusOr<v1::ListEventsRequest> query = EventsOf(request);
    if (!query.ok()) {
      return std::move(responder).Respond(ProblemResponse(query.status()));
    }
    IncidentCalls(calls, SubjectOf(request))
        .ListEvents(*query,
                    [&calls, subject = SubjectOf(request), id = query->filter().incident_ids(0),
                     responder = std::move(responder)](
                        absl::StatusOr<v1::ListEventsResponse> response) mutable {
                      if (!response.ok()) {
                        return std::move(responder).Respond(ProblemResponse(response.status()));
                      }
                      if (response->events().empty() && response->next_page_token().empty()) {
                        return AnswerEmptyPage(calls, std::move(subject), id, *std::move(response),
                                               std::move(responder));
                      }
                      std::move(responder).Respond(EventsAnswer(*response));
                    });
  };
}

}  // namespace tocsin::bridge
