// explanations.h: answers Explain: of an event, of the last events of the log, of a live stream.
//
// Shape:   an event is completed as publishing it now would complete it. The last events are read
//          from the log, no further than its subscribers may see. A stream is asked for on
//          the shards' threads, one after the other, for which this one waits. What the caller's
//          permission hides does not exist: incidents, events and the streams of other subjects.
// Threads: Explain from any; `answer` is called once, on the caller's thread for what is refused at
//          once, else on the thread of this one. Stop before the shards.
// Owns:    the thread, so that no shard reads the log for it.
// Errors:  INVALID_MESSAGE, INVALID_FILTER; FORBIDDEN; NOT_FOUND for a session or an incident that is not
//          known; RATE_LIMIT_EXCEEDED when many wait; SERVICE_UNAVAILABLE while the hub goes down.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "core/auth/subject.h"
#include "core/base/clock.h"
#include "core/base/task_thread.h"
#include "core/stream/window.h"
#include "hub/log/log.h"
#include "hub/service/admission.h"
#include "hub/service/explain_request.h"
#include "tocsin/v1/hub.pb.h"

namespace tocsin::hub {

class HubShard;

class Explanations {
 public:
  // People ask, seldom: what waits is read within a second or so.
  static constexpr size_t kMaxWaiting = 16;
  // A client of gRPC receives at most 4 MiB unless told otherwise.
  static constexpr size_t kMaxBytes = 2 * limits::kMiB;

  using Outcome = absl::StatusOr<v1::ExplainResponse>;
  using Answer = absl::AnyInvocable<void(Outcome)>;

  Explanations(const Log& log, const Window& window, const Admission& admission, Clock& clock)
      : log_(log), window_(window), admission_(admission), clock_(clock) {}

  // `shards` are those whose streams may be asked for.
  void Start(std::vector<HubShard*> shards) {
    shards_ = std::move(shards);
    thread_.Start("explain");
  }
  // Answers what waits. Nothing is answered with OK after that.
  void Stop() { thread_.Stop(); }

  // `caller` may subscribe or administer.
  void Explain(v1::ExplainRequest& request, SubjectPtr caller, Answer answer);

 private:
  Outcome Make(const Explaining& explaining, const Subject& caller) const;
  Outcome OfEvent(const Explainer& explainer, v1::Event event, const FilterPtr& permission) const;
  Outcome OfLast(const Explainer& explainer, const ExplainLast& last) const;
  Outcome OfLastAllowed(const Explainer& explainer, const ExplainLast& last,
                        const FilterPtr& permission) const;
  Outcome OfSession(const std::string& id, const Subject& caller) const;

  const Log& log_;
  const Window& window_;
  const Admission& admission_;
  Clock& clock_;
  std::vector<HubShard*> shards_;
  TaskThread thread_{kMaxWaiting};
};

}  // namespace tocsin::hub
