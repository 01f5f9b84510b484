// schema_check.h: what no event of a publisher may hold anywhere. Inside core/event; others use
// validate.h.
//
// Shape:   which fields of which message can be wrong is worked out from the schema once, so that
//          an event costs a look at those and not a walk over all.
// Errors:  INVALID_MESSAGE with the field's path below `path` and what is allowed.
#pragma once

#include "absl/status/status.h"
#include "core/event/field_path.h"
#include "tocsin/v1/event.pb.h"

namespace tocsin {

// Refuses fields that the schema does not know, enum numbers out of range, and times that cannot be
// written; cuts times to microseconds. Looks into all messages below.
absl::Status CheckBySchema(v1::Event& event, const FieldPath& path);
absl::Status CheckBySchema(v1::Alert& alert, const FieldPath& path);

}  // namespace tocsin
