#include "hub/service/publish_request.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"
#include "core/event/error.h"
#include "core/event/limits.h"
#include "core/event/text.h"
#include "core/event/validate.h"
#include "hub/service/raw_message.h"

namespace tocsin::hub {
namespace {

absl::Status CheckSize(const v1::PublishRequest& request) {
  const auto events = static_cast<size_t>(request.events_size());
  if (events == 0 || events > limits::kPublishEvents) {
    return FieldError(ErrorCode::kInvalidMessage, "events", absl::StrCat("has ", events, " events"),
                      {absl::StrCat("1 to ", limits::kPublishEvents, " events")});
  }
  if (request.ByteSizeLong() > limits::kPublishBytes) {
    return FieldError(ErrorCode::kMessageTooLarge, "events",
                      absl::StrCat("takes ", request.ByteSizeLong(), " bytes"),
                      {absl::StrCat("up to ", limits::kPublishBytes, " bytes in all")});
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<PublishRequestData> ReadPublishRequest(v1::PublishRequest& request) {
  RETURN_IF_ERROR(CheckNoUnknownFields(request));
  RETURN_IF_ERROR(CheckSize(request));
  PublishRequestData data;
  data.events.reserve(static_cast<size_t>(request.events_size()));
  for (v1::Event& event : *request.mutable_events()) {
    RETURN_IF_ERROR(NormalizeEvent(event, FieldPath("events")[data.events.size()]));
    data.events.push_back(std::move(event));
  }
  if (request.has_expected_incident_sequence()) {
    data.expected_incident_sequence = request.expected_incident_sequence();
  }
  return data;
}

}  // namespace tocsin::hub
