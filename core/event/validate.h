// validate.h: what a publisher may send, checked in one place for every way in.
//
// Errors:  INVALID_MESSAGE (MESSAGE_TOO_LARGE for size) with the field's path below `path` and what
//          is allowed.
// Source:  docs/protocol.md, sections 1 and 8.
#pragma once

#include <string_view>

#include "absl/status/status.h"
#include "core/event/field_path.h"
#include "tocsin/v1/event.pb.h"

namespace tocsin {

// Sets `type` from the payload where it is left out, drops output-only fields (sequence, epoch,
// time, cursor, before, the incident's alerts), brings UUIDs to their canonical form, and checks
// the rest: UUIDs, lengths, enum numbers, no unknown fields, the payload and the incident that the
// type needs. On error the event is unusable. An incident may be given whole, or by its id alone
// (in `incident.id` or the payload's `incident_id`, which must agree).
absl::Status NormalizeEvent(v1::Event& event, const FieldPath& path);
// The same for an alert that is submitted by itself. Labels and annotations with an empty value are
// as if left out; which incident took it is the hub's to say (incident_id, deduplicated,
// received_at).
absl::Status NormalizeAlert(v1::Alert& alert, const FieldPath& path);

// The id of the incident that the event is about; empty for alert_received and system_event.
std::string_view IncidentIdOf(const v1::Event& event);
// True when the event gives the incident by its id alone.
bool GivesIncidentByIdOnly(const v1::Event& event);

// As docs/protocol.md section 1 derives it, unless the event has one already.
v1::Priority PriorityOf(const v1::Event& event);

}  // namespace tocsin
