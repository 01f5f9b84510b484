#include "hub/service/query_methods.h"

#include <utility>

#include "core/base/planted.h"
#include "hub/query/query_service.h"
#include "hub/service/hub_shard.h"
#include "hub/service/query_requests.h"

namespace tocsin::hub {
namespace {

template <class Response>
void PostAnswer(UnaryCall& call, absl::StatusOr<Response> answer) {
  call.shard().PostAnswer([&call, answer = std::move(answer)] {
    answer.ok() ? call.Answer(*answer) : call.Fail(answer.status());
  });
}

// `find` makes the answer from what was read of the request, whose `filter` is narrowed to what the
// caller may see.
template <class Response, class Asked, class Find>
void Ask(UnaryCall& call, QueryPool::Needs needs, absl::StatusOr<Asked> asked,
         FilterPtr Asked::*filter, Find find) {
  if (!asked.ok()) {
    return call.Fail(asked.status());
  }
  if (!Planted("query-not-narrowed")) {
    (*asked).*filter = call.permission().Narrow((*asked).*filter);
  }
  const absl::Status waits = call.shard().queries().pool().Push(
      needs, [&call, find, asked = *std::move(asked)](const absl::Status& refused) {
        if (!refused.ok() || call.abandoned()) {
          return PostAnswer<Response>(
              call, refused.ok() ? absl::CancelledError("the client has gone") : refused);
        }
        PostAnswer<Response>(call, find(call.shard().queries(), asked));
      });
  if (!waits.ok()) {
    call.Fail(waits);
  }
}

}  // namespace

void ServeGetIncident(UnaryCall& call) {
  v1::GetIncidentRequest request;
  if (call.Read(request)) {
    Ask<v1::GetIncidentResponse>(call, QueryPool::Needs::kLog, ReadGetIncident(request),
                                 &IncidentLookup::require,
                                 [](QueryService& queries, const IncidentLookup& lookup) {
                                   return queries.incidents().Get(lookup);
                                 });
  }
}

void ServeListIncidents(UnaryCall& call) {
  v1::ListIncidentsRequest request;
  if (call.Read(request)) {
    Ask<v1::ListIncidentsResponse>(call, QueryPool::Needs::kIndex, ReadListIncidents(request),
                                   &IncidentListing::filter,
                                   [](QueryService& queries, const IncidentListing& listing) {
                                     return queries.incidents().List(listing);
                                   });
  }
}

void ServeListEvents(UnaryCall& call) {
  v1::ListEventsRequest request;
  if (call.Read(request)) {
    Ask<v1::ListEventsResponse>(call, QueryPool::Needs::kLog, ReadListEvents(request),
                                &EventListing::filter,
                                [](QueryService& queries, const EventListing& listing) {
                                  return queries.events().List(listing);
                                });
  }
}

}  // namespace tocsin::hub
