// filter_fields.h: the filters of a request: `filter`, and `require` beside it.
//
// Threads: pure.
// Errors:  INVALID_FILTER with the field's path and what is allowed.
#pragma once

#include "absl/status/statusor.h"
#include "core/event/filter.h"
#include "tocsin/v1/hub.pb.h"

namespace tocsin::hub {

using RequiredFilters = google::protobuf::RepeatedPtrField<v1::Filter>;

// Lets through what `filter` and each of `require` does.
absl::StatusOr<FilterPtr> ReadFilters(const v1::Filter& filter, const RequiredFilters& require);
// The same for incidents. Of them `filter`'s event_types would say nothing, and are refused; those of
// `require`, which may be a permission's, choose among the entries of their history.
absl::StatusOr<FilterPtr> ReadIncidentFilters(const v1::Filter& filter,
                                              const RequiredFilters& require);

}  // namespace tocsin::hub
