// incident_change.h: one change of an incident, from the request to the incident as it then is.
//
// Shape:   [read ─▶] publish ─▶ read ─▶ done. A change that reads first is published only where
//          the incident is still what was read; where it is not, it begins anew, so that no other's
//          change is lost. One that is for one state of the incident alone (if_match) is then
//          refused instead, with the incident as it is. For a subject that may not see every
//          incident each change reads first, so that one that it may not see is NOT_FOUND. A subject
//          that may see none changes incidents unseen: it is told that the change is made, and may
//          ask for no change that depends on what the incident is.
// Threads: that of HubCalls.
// Owns:    itself, until it is done.
// Errors:  FORBIDDEN; the hub's; SERVICE_UNAVAILABLE when others have changed the incident for the
//          whole time
//          of the request.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "bridge/rest/incident_calls.h"
#include "core/event/cursor.h"
#include "tocsin/v1/hub.pb.h"

namespace tocsin::bridge {

class IncidentChange : public std::enable_shared_from_this<IncidentChange> {
 public:
  // Nothing: there is nothing to change.
  using MaybeEvent = std::optional<v1::Event>;

  struct Plan {
    std::string incident_id;
    std::optional<Sequence> if_match;
    bool is_new = false;  // no incident with this id may be known
    bool reads_first = false;
    // Makes the event. `before` is the incident as it is, where the change reads first; else null.
    std::function<absl::StatusOr<MaybeEvent>(const v1::Incident* before)> make_event;
  };

  struct Outcome {
    // Why the change was not made. With an incident beside it: the incident is not in the state
    // that if_match asks for, and this is how it is.
    absl::Status status;
    std::optional<v1::PublishResult> published;  // nothing: there was nothing to change
    // As it is now. Nothing, where the change is made: `unseen` says why.
    std::optional<v1::GetIncidentResponse> incident;
    absl::Status unseen;
  };
  using Done = absl::AnyInvocable<void(Outcome)>;

  static void Start(HubCalls& calls, SubjectPtr subject, Plan plan, Done done);

  IncidentChange(HubCalls& calls, SubjectPtr subject, Plan plan, Done done);

 private:
  void Begin();
  bool ReadsFirst() const;
  void ReadFirst();
  void OnRead(v1::GetIncidentResponse before);
  void Publish(v1::Event event, std::optional<Sequence> expected);
  void OnRefused(const absl::Status& status);
  void Show(const v1::PublishResult& result);
  void RefuseWithWhatIs();
  void Refuse(absl::Status status);
  void RefuseState(v1::GetIncidentResponse now);
  void Finish(Outcome outcome);

  IncidentCalls calls_;
  Plan plan_;
  Done done_;
};

}  // namespace tocsin::bridge
