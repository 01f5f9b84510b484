// schema_check.h: what no message of a publisher may hold anywhere. Inside core/event; others use validate.h.
//
// Errors:  INVALID_MESSAGE with the field's path below `path` and what is allowed.
#pragma once

#include <google/protobuf/message.h>

#include <string_view>

#include "absl/status/status.h"

namespace tocsin {

// Refuses fields that the schema does not know, enum numbers out of range, and times that cannot be written; cuts times to
// microseconds. Walks the message and all messages in it.
absl::Status CheckBySchema(google::protobuf::Message& message, std::string_view path);

}  // namespace tocsin
