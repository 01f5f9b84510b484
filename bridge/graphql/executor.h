// executor.h: executes queries and mutations over the hub's calls.
//
// Shape:   root fields of a query are asked for together, those of a mutation one after the other,
//          up to one whose failure leaves no data. Equal calls of one operation are one. Lists
//          within lists are fetched by one call of the hub, not one an item.
// Threads: Execute from any thread; `done` runs on the thread of HubCalls, or at once where no call
//          is needed. `health` is called on any.
// Owns:    what is under way, until it is done. HubCalls and AlertIntake outlive it.
// Errors:  of a field: in the result's `errors`, with its path; null propagates as the schema says.
// Source:  GraphQL specification (September 2025), 6 and 7
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "absl/functional/any_invocable.h"
#include "bridge/alerts/alert_intake.h"
#include "bridge/graphql/answers.h"
#include "bridge/graphql/request.h"
#include "bridge/upstream/hub_calls.h"
#include "core/auth/authenticator.h"
#include "core/auth/subject.h"
#include "core/base/clock.h"

namespace tocsin::bridge::graphql {

struct ExecutionSources {
  HubCalls& calls;
  AlertIntake& alerts;
  Clock& clock;
  std::function<HealthNow()> health;
  const Authenticator& authenticator = Authenticator::None();
};

// For the subject, which sees and does only what it may. `done` is given the whole result:
// {"data":…,"errors":[…]}.
void Execute(const ExecutionSources& sources, SubjectPtr subject,
             std::shared_ptr<const Prepared> prepared, absl::AnyInvocable<void(std::string)> done);

}  // namespace tocsin::bridge::graphql
