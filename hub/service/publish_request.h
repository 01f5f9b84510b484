// publish_request.h: checks a PublishRequest and takes the events out of it.
//
// Threads: pure.
// Errors:  INVALID_MESSAGE or MESSAGE_TOO_LARGE with the field's path and what is allowed.
#pragma once

#include "absl/status/statusor.h"
#include "hub/publish.h"
#include "tocsin/v1/hub.pb.h"

namespace tocsin::hub {

// Moves the events out of `request`.
absl::StatusOr<PublishRequestData> ReadPublishRequest(v1::PublishRequest& request);

}  // namespace tocsin::hub
