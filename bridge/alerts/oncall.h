// oncall.h: the formatted webhook of Grafana OnCall: {"alert_uid", "title", "state", "message",
// "image_url", "link_to_upstream_details"}.
//
// Shape:   alerts of one alert_uid are the same; without it, those of one title are. The state "ok"
//          resolves; any other, or none, fires, as OnCall has it.
// Threads: pure.
// Errors:  INVALID_MESSAGE for a body that is none of it, or has neither title nor message.
// Source:  docs/alert-sources.md.
#pragma once

#include <string_view>

#include "absl/status/statusor.h"
#include "bridge/alerts/alert_batch.h"

namespace tocsin::bridge {

absl::StatusOr<AlertBatch> ReadOnCall(std::string_view body, const AlertReading& reading);

}  // namespace tocsin::bridge
