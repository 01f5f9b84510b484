#include "bridge/rest/incident_request.h"

#include <utility>

#include "bridge/http/json_request.h"
#include "bridge/rest/entity_tag.h"
#include "core/base/status_macros.h"
#include "core/event/error.h"
#include "core/event/text.h"
#include "core/event/uuid.h"

namespace tocsin::bridge {
namespace {

constexpr std::string_view kMergePatch = "application/merge-patch+json";

absl::Status CheckMediaType(const http::HttpRequest& request, BodyForm form) {
  if (form == BodyForm::kJsonOrNone && request.body.empty() &&
      !request.Header("Content-Type").has_value()) {
    return absl::OkStatus();
  }
  if (form != BodyForm::kMergePatch) {
    return CheckIsJson(request);
  }
  if (MediaType(request) == kMergePatch || MediaType(request) == kJsonMediaType) {
    return absl::OkStatus();
  }
  return MakeError(ErrorCode::kUnsupported, "Content-Type: the body must be a merge patch in JSON",
                   {.field = "Content-Type",
                    .allowed = {std::string(kMergePatch), std::string(kJsonMediaType)}});
}

}  // namespace

absl::StatusOr<std::string> IncidentIdOf(const http::HttpRequest& request) {
  const std::string_view id = request.Parameter("id");
  if (!IsUuid(id)) {
    return FieldError(ErrorCode::kInvalidMessage, "id", "is no UUID",
                      {"the id of an incident, in the path"});
  }
  return CanonicalUuid(id);
}

absl::StatusOr<IncidentRequest> ReadIncidentRequest(http::HttpRequest& request, bool has_id,
                                                    BodyForm form) {
  IncidentRequest read;
  if (has_id) {
    ASSIGN_OR_RETURN(read.id, IncidentIdOf(request));
    ASSIGN_OR_RETURN(read.if_match, IfMatch(request));
  }
  RETURN_IF_ERROR(CheckMediaType(request, form));
  ASSIGN_OR_RETURN(read.key, IdempotencyKey(request));
  read.body = std::move(request.body);
  if (form == BodyForm::kJsonOrNone && read.body.empty()) {
    read.body = "{}";
  }
  return read;
}

}  // namespace tocsin::bridge
