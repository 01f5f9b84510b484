// alert_request.h: checks a submitted alert and takes it out of its request.
//
// Threads: pure.
// Errors:  INVALID_MESSAGE or MESSAGE_TOO_LARGE with the field's path and what is allowed.
#pragma once

#include "absl/status/statusor.h"
#include "core/event/field_path.h"
#include "hub/publish.h"
#include "tocsin/v1/hub.pb.h"

namespace tocsin::hub {

// Moves the alert out of `request`. `path` is the alert's: "alert", or "alerts[3].alert".
absl::StatusOr<AlertRequestData> ReadAlertRequest(v1::SubmitAlertRequest& request,
                                                  const FieldPath& path);
// Whether a request of many may be looked at, each by itself.
absl::Status CheckAlertsRequest(const v1::SubmitAlertsRequest& request);

}  // namespace tocsin::hub
