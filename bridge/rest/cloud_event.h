// cloud_event.h: CloudEvents 1.0 out of an HTTP request: structured, binary and batched.
//
// Threads: pure.
// Errors:  UNSUPPORTED for a format other than JSON; INVALID_MESSAGE naming the attribute:
//          `events[3].specversion`, of a single one `event.specversion`, in binary mode its header.
// Source:  the CloudEvents specification 1.0.2: its HTTP protocol binding and its JSON format.
#pragma once

#include <boost/json/value.hpp>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "core/http/message.h"

namespace tocsin::bridge {

struct CloudEvent {
  // Of an attribute that is there; empty else.
  std::string_view Attribute(std::string_view name) const;

  std::map<std::string, std::string, std::less<>> attributes;  // by name, but datacontenttype too
  enum class DataKind { kNone, kJson, kText, kBase64 } kind = DataKind::kNone;
  boost::json::value json;  // of kJson
  std::string text;         // what was sent; of kJson without white space
  std::string path;         // where it is, as errors name it
};

enum class CloudEventMode { kNone, kBinary, kStructured, kBatch };

// By the Content-Type, in any letter case and with any parameters; binary where there is a ce-
// header.
absl::StatusOr<CloudEventMode> CloudEventModeOf(const http::HttpRequest& request);

// A batch may be empty. Each event has specversion, id, source and type.
absl::StatusOr<std::vector<CloudEvent>> ReadCloudEvents(CloudEventMode mode,
                                                        const std::vector<http::Field>& fields,
                                                        std::string_view body);

}  // namespace tocsin::bridge
