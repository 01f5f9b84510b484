// incident_change.h: one change of an incident, from the request to the answer that shows it.
//
// Shape:   [read ─▶] publish ─▶ read ─▶ answer. A change that reads first is published only where
//          the incident is still what was read; where it is not, it begins anew, so that no other's
//          change is lost. With If-Match it is then refused instead: 412, with the incident as it
//          is.
// Threads: that of HubCalls.
// Owns:    itself, until the answer is given.
// Errors:  the hub's; 503 when others have changed the incident for the whole time of the request.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "absl/status/statusor.h"
#include "bridge/rest/incident_calls.h"
#include "core/event/cursor.h"
#include "core/http/responder.h"
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

  static void Start(HubCalls& calls, Plan plan, http::Responder responder);

  IncidentChange(HubCalls& calls, Plan plan, http::Responder responder);

 private:
  void Begin();
  void ReadFirst();
  void OnRead(const v1::GetIncidentResponse& before);
  void Publish(v1::Event event, std::optional<Sequence> expected);
  void OnRefused(const absl::Status& status);
  void Show(const v1::PublishResult& result);
  void TellWhatIs();
  void Answer(http::HttpResponse response);

  IncidentCalls calls_;
  Plan plan_;
  std::optional<http::Responder> responder_;
};

}  // namespace tocsin::bridge
