#include "bridge/rest/incident_calls.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/strip.h"
#include "core/base/clock.h"
#include "core/base/planted.h"
#include "core/base/strings.h"
#include "core/event/error.h"
#include "core/event/text.h"

namespace tocsin::bridge {
namespace {

// The parts of an event that a body's fields are put into.
constexpr std::string_view kParts[] = {"incident_updated.",   "incident.",  "comment_added.",
                                       "assignment_changed.", "escalated.", "resolution."};

}  // namespace

IncidentCalls::IncidentCalls(HubCalls& calls, SubjectPtr subject)
    : calls_(calls), subject_(std::move(subject)), end_(Clock::Real().Monotonic() + kRestTimeout) {}

template <class Response>
void IncidentCalls::Call(const char* method, const google::protobuf::Message& request,
                         Done<Response> done) {
  const absl::Duration left = end_ - Clock::Real().Monotonic();
  calls_.Call<Response>(
      absl::StrCat("/tocsin.v1.EventHub/", method), request, std::max(left, kLeastTime),
      [done = std::move(done)](absl::StatusOr<Response> response) mutable {
        response.ok() ? done(std::move(response)) : done(InTheBodysWords(response.status()));
      });
}

template <class Request, class Response>
void IncidentCalls::Read(const char* method, Request request, Done<Response> done) {
  if (absl::Status forbidden = permission().CheckSubscribe(); !forbidden.ok()) {
    return done(std::move(forbidden));
  }
  if (!Planted("rest-not-narrowed")) permission().filter()->AddTo(*request.mutable_require());
  Call(method, request, std::move(done));
}

void IncidentCalls::Get(std::string_view incident_id, Done<v1::GetIncidentResponse> done) {
  v1::GetIncidentRequest request;
  request.set_incident_id(std::string(incident_id));
  Read("GetIncident", std::move(request), std::move(done));
}

void IncidentCalls::List(v1::ListIncidentsRequest request, Done<v1::ListIncidentsResponse> done) {
  Read("ListIncidents", std::move(request), std::move(done));
}

void IncidentCalls::ListEvents(v1::ListEventsRequest request, Done<v1::ListEventsResponse> done) {
  Read("ListEvents", std::move(request), std::move(done));
}

void IncidentCalls::Explain(v1::ExplainRequest request, Done<v1::ExplainResponse> done) {
  Read("Explain", std::move(request), std::move(done));
}

void IncidentCalls::Publish(v1::Event event, std::optional<Sequence> expected,
                            Done<v1::PublishResponse> done) {
  if (absl::Status forbidden = permission().CheckPublish(event.type()); !forbidden.ok()) {
    return done(std::move(forbidden));
  }
  v1::PublishRequest request;
  *request.add_events() = std::move(event);
  if (expected.has_value()) {
    request.set_expected_incident_sequence(*expected);
  }
  Call("Publish", request, std::move(done));
}

bool IncidentCalls::time_is_over() const { return Clock::Real().Monotonic() >= end_; }

bool IsOtherSequence(const absl::Status& status) {
  return absl::IsAborted(status) && ErrorDetailsOf(status).field == "expected_incident_sequence";
}

absl::Status InTheBodysWords(const absl::Status& status) {
  const std::string field = ErrorDetailsOf(status).field;
  absl::string_view rest = field;
  if (!absl::ConsumePrefix(&rest, "events[0].") && !absl::ConsumePrefix(&rest, "event.")) {
    return field == "incident_id" ? WithFieldNamed(status, "id") : status;
  }
  for (const std::string_view part : kParts) {
    if (absl::ConsumePrefix(&rest, ToAbsl(part))) {
      break;
    }
  }
  return WithFieldNamed(status, rest == "incident_id" ? "id" : ToStd(rest));
}

}  // namespace tocsin::bridge
