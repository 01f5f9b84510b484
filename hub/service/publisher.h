// publisher.h: what Publish and PublishStream have in common: check, hand to the sequencer, count,
// answer.
//
// Threads: safe. The answer comes once, from whoever commits (hub/sequencer.h), or on the caller's
//          thread for a request that is refused here.
// Errors:  in the answer.
#pragma once

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "core/auth/permission.h"
#include "hub/sequencer.h"
#include "hub/service/admission.h"
#include "hub/service/metrics.h"
#include "tocsin/v1/hub.pb.h"

namespace tocsin::hub {

class Publisher {
 public:
  using Answer = absl::AnyInvocable<void(absl::StatusOr<v1::PublishResponse>)>;

  Publisher(Sequencer& sequencer, const Admission& admission, HubMetrics& metrics)
      : sequencer_(sequencer), admission_(admission), metrics_(metrics) {}

  // Takes the events out of `request`. FORBIDDEN when one of them is of a type that `permission`
  // does not allow; then none is published.
  void Publish(v1::PublishRequest& request, const Permission& permission, Answer answer);

 private:
  absl::StatusOr<PublishRequestData> Read(v1::PublishRequest& request,
                                          const Permission& permission) const;

  Sequencer& sequencer_;
  const Admission& admission_;
  HubMetrics& metrics_;
};

}  // namespace tocsin::hub
