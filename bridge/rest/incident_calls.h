// incident_calls.h: what REST asks the hub about incidents, for one request.
//
// Shape:   all calls of a request share its time: each may take what is left of it, but no less
//          than kLeastTime, so that what was changed can still be shown.
// Threads: any; `done` runs on the thread of HubCalls.
// Errors:  FORBIDDEN where the subject may not; the hub's, with the field as the request's body has
//          it: `title` for the hub's
//          `events[0].incident.title`.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "bridge/upstream/hub_calls.h"
#include "core/auth/subject.h"
#include "core/event/cursor.h"
#include "tocsin/v1/hub.pb.h"

namespace tocsin::bridge {

// Of one request; well under the time that a handler has.
inline constexpr absl::Duration kRestTimeout = absl::Seconds(10);
inline constexpr absl::Duration kLeastTime = absl::Seconds(3);

class IncidentCalls {
 public:
  // What the subject may not see is answered as if it were not there.
  IncidentCalls(HubCalls& calls, SubjectPtr subject);

  template <class Response>
  using Done = absl::AnyInvocable<void(absl::StatusOr<Response>)>;

  void Get(std::string_view incident_id, Done<v1::GetIncidentResponse> done);
  void List(v1::ListIncidentsRequest request, Done<v1::ListIncidentsResponse> done);
  void ListEvents(v1::ListEventsRequest request, Done<v1::ListEventsResponse> done);
  void Explain(v1::ExplainRequest request, Done<v1::ExplainResponse> done);
  // Appended only when the incident's newest event has the sequence, where one is given.
  void Publish(v1::Event event, std::optional<Sequence> expected, Done<v1::PublishResponse> done);

  bool time_is_over() const;
  const Permission& permission() const { return subject_->permission; }

 private:
  template <class Response>
  void Call(const char* method, const google::protobuf::Message& request, Done<Response> done);
  // A call that answers with incidents or events.
  template <class Request, class Response>
  void Read(const char* method, Request request, Done<Response> done);

  HubCalls& calls_;
  const SubjectPtr subject_;
  const absl::Duration end_;  // by the monotonic clock
};

// True for the refusal of a Publish whose expected sequence is not the incident's.
bool IsOtherSequence(const absl::Status& status);

// The same error with its field as the body has it; see above.
absl::Status InTheBodysWords(const absl::Status& status);

}  // namespace tocsin::bridge
