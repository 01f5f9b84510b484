// narrowed_explanation.h: explains events to a caller that may not see all of them.
//
// Shape:   of the last events, those that the caller may see are listed by the hub and explained
//          here. An event of the request is completed by the hub where the caller may see its
//          incident, and else explained as it stands: so an incident that is hidden is as one that
//          is not known. What the permission says of the event is told as `permission.…`.
// Threads: those of HubCalls.
// Owns:    itself, until it is done.
// Errors:  the hub's.
#pragma once

#include <memory>
#include <string>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "bridge/rest/incident_calls.h"
#include "core/event/explain.h"
#include "core/event/limits.h"
#include "tocsin/v1/hub.pb.h"

namespace tocsin::bridge {

class NarrowedExplanation : public std::enable_shared_from_this<NarrowedExplanation> {
 public:
  // As the hub's.
  static constexpr size_t kMaxBytes = 2 * limits::kMiB;
  using Done = absl::AnyInvocable<void(absl::StatusOr<v1::ExplainResponse>)>;

  // The request has been checked, and `explainer` made of it; it asks for no session.
  NarrowedExplanation(HubCalls& calls, const SubjectPtr& caller, v1::ExplainRequest request,
                      Explainer explainer, Done done);

  void Start();

 private:
  void ListMore(std::string page_token);
  void OnPage(const v1::ListEventsResponse& page);
  void Add(v1::Explanation explanation);
  void CompleteEvent();
  void ExplainEvent();

  IncidentCalls calls_;
  v1::ExplainRequest request_;
  Explainer explainer_;
  Done done_;
  v1::ExplainResponse response_;
  size_t bytes_ = 0;
};

}  // namespace tocsin::bridge
