// explain_request.h: checks what Explain is asked, for the hub and, before the hub is asked, for the
// bridge.
//
// Threads: pure.
// Errors:  INVALID_MESSAGE or INVALID_FILTER with the field's path and what is allowed.
#pragma once

#include "absl/status/statusor.h"
#include "core/event/explain.h"
#include "tocsin/v1/hub.pb.h"

namespace tocsin {

// Its filters, compiled. The event, if it asks for one, is normalised; it need not be complete. On
// error the request is unusable.
absl::StatusOr<Explainer> CheckExplainRequest(v1::ExplainRequest& request);

}  // namespace tocsin
