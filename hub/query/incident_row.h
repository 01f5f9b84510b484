// incident_row.h: what list queries look at in an incident, read off its bytes.
//
// Shape:   numbers, and the hash of each text that a filter may ask for (core/event/facts.h). No
//          message is made.
// Threads: a value.
// Errors:  RowOf answers nothing for bytes that are no incident with a UUID.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "absl/container/inlined_vector.h"
#include "core/event/cursor.h"
#include "hub/log/packed_uuid.h"
#include "tocsin/v1/incident.pb.h"

namespace tocsin::hub {

struct IncidentRow {
  PackedUuid id{};
  Sequence last_sequence = 0;  // of the newest event about it
  int64_t created = 0;         // microseconds since 1970
  int64_t updated = 0;
  v1::Severity severity = v1::SEVERITY_UNSPECIFIED;
  v1::IncidentState state = v1::INCIDENT_STATE_UNSPECIFIED;
  // Of its source, resources and labels; sorted, none twice.
  absl::InlinedVector<uint64_t, 16> terms;
};

// `core` as IncidentState has it.
std::optional<IncidentRow> RowOf(std::string_view core, Sequence last_sequence);

}  // namespace tocsin::hub
