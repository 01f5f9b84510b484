// plain_filter.h: what docs/protocol.md says of filters, as the judge understands it.
//
// Shape:   shares no code with core/event/filter.h, which it judges.
// Threads: immutable.
// Errors:  Parse: INVALID_ARGUMENT that names the field.
#pragma once

#include <boost/json/object.hpp>
#include <string_view>

#include "absl/container/flat_hash_set.h"
#include "absl/status/statusor.h"
#include "core/history/uuid_key.h"

namespace tocsin::history {

class PlainFilter {
 public:
  PlainFilter() = default;  // lets everything through
  static absl::StatusOr<PlainFilter> Parse(std::string_view json);

  // All fields but incident_ids.
  bool Matches(const boost::json::object& facts) const;
  bool MatchesIncident(const UuidKey* incident) const {
    return incident_ids_.empty() || (incident != nullptr && incident_ids_.contains(*incident));
  }
  // Without event_types, which choose among the changes of the set's incidents and have no say in
  // who is in it.
  PlainFilter OfTheSet() const;
  bool everything() const { return fields_.empty() && incident_ids_.empty(); }

 private:
  boost::json::object fields_;
  absl::flat_hash_set<UuidKey> incident_ids_;
};

}  // namespace tocsin::history
