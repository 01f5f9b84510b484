#include "hub/incident_states.h"

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/base/strings.h"
#include "core/event/error.h"
#include "core/event/names.h"

namespace tocsin::hub {
namespace {

// Bit n of row `from`: to the state with that number.
constexpr uint32_t Bits(std::initializer_list<v1::IncidentState> states) {
  uint32_t bits = 0;
  for (const v1::IncidentState state : states) {
    bits |= 1u << state;
  }
  return bits;
}

constexpr uint32_t kAtWork = Bits(
    {v1::INCIDENT_STATE_TRIAGED, v1::INCIDENT_STATE_INVESTIGATING, v1::INCIDENT_STATE_REMEDIATING});
constexpr uint32_t kOver = Bits({v1::INCIDENT_STATE_RESOLVED, v1::INCIDENT_STATE_CLOSED});
constexpr uint32_t kDetected = Bits({v1::INCIDENT_STATE_DETECTED});
constexpr uint32_t kClosed = Bits({v1::INCIDENT_STATE_CLOSED});

uint32_t Allowed(v1::IncidentState from, v1::EventType type) {
  switch (from) {
    case v1::INCIDENT_STATE_DETECTED:
      return kDetected | kAtWork | kOver;
    case v1::INCIDENT_STATE_RESOLVED:
      return type == v1::EVENT_TYPE_INCIDENT_UPDATED ? kAtWork | kOver : kOver;
    case v1::INCIDENT_STATE_CLOSED:
      return kClosed;
    default:
      return kAtWork | kOver;
  }
}

absl::Status Refused(const FieldPath& field, std::string_view problem,
                     std::vector<std::string> allowed) {
  ErrorDetails details;
  details.field = field.Text();
  details.allowed = std::move(allowed);
  return MakeErrorAs(ErrorCode::kConflict, absl::StatusCode::kAborted,
                     absl::StrCat(details.field, " ", ToAbsl(problem),
                                  "; allowed: ", absl::StrJoin(details.allowed, ", ")),
                     details);
}

}  // namespace

std::vector<v1::IncidentState> StatesAfter(v1::IncidentState from, v1::EventType type) {
  std::vector<v1::IncidentState> states;
  for (int state = v1::INCIDENT_STATE_DETECTED; state <= v1::INCIDENT_STATE_CLOSED; ++state) {
    if ((Allowed(from, type) >> state & 1) != 0) {
      states.push_back(static_cast<v1::IncidentState>(state));
    }
  }
  return states;
}

absl::Status CheckStateChange(const v1::Event& event, const IncidentState* before,
                              const FieldPath& path) {
  if (before == nullptr) {
    return absl::OkStatus();
  }
  if (event.type() == v1::EVENT_TYPE_INCIDENT_CREATED) {
    return Refused(path / "incident" / "id",
                   absl::StrCat("is of an incident that is known already, in state ",
                                ToAbsl(NameOf(before->state))),
                   {"the id of a new incident", "none (the hub makes one)",
                    "incident_updated in the place of incident_created"});
  }
  const v1::IncidentState after = event.incident().state();
  if (after == before->state || (Allowed(before->state, event.type()) >> after & 1) != 0) {
    return absl::OkStatus();
  }
  std::vector<std::string> allowed;
  for (const v1::IncidentState state : StatesAfter(before->state, event.type())) {
    allowed.emplace_back(NameOf(state));
  }
  return Refused(path / "incident" / "state",
                 absl::StrCat("would become ", ToAbsl(NameOf(after)), ", but the incident is ",
                              ToAbsl(NameOf(before->state))),
                 std::move(allowed));
}

}  // namespace tocsin::hub
