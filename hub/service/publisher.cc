#include "hub/service/publisher.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/planted.h"
#include "core/base/status_macros.h"
#include "core/event/error.h"
#include "core/event/field_path.h"
#include "hub/service/publish_request.h"

namespace tocsin::hub {
namespace {

absl::StatusOr<v1::PublishResponse> ToResponse(PublishOutcome outcome) {
  if (!outcome.ok()) {
    return std::move(outcome).status();
  }
  v1::PublishResponse response;
  response.mutable_results()->Reserve(static_cast<int>(outcome->size()));
  for (v1::PublishResult& result : *outcome) {
    *response.add_results() = std::move(result);
  }
  return response;
}

absl::Status CheckTypes(const PublishRequestData& data, const Permission& permission) {
  for (size_t i = 0; i < data.events.size(); ++i) {
    const absl::Status allowed = permission.CheckPublish(data.events[i].type());
    if (!allowed.ok()) {
      const std::string field = (FieldPath("events")[i] / "type").Text();
      return MakeError(ErrorCode::kForbidden, absl::StrCat(field, ": ", allowed.message()),
                       {.field = field});
    }
  }
  return absl::OkStatus();
}

void Count(HubMetrics& metrics, size_t events, const PublishOutcome& outcome) {
  if (!outcome.ok()) {
    metrics.PublishRefused(events, ErrorCodeOf(outcome.status()));
    return;
  }
  const auto duplicates = static_cast<size_t>(
      std::count_if(outcome->begin(), outcome->end(),
                    [](const v1::PublishResult& result) { return result.duplicate(); }));
  metrics.PublishAnswered(events, outcome->size() - duplicates, duplicates);
}

}  // namespace

absl::StatusOr<PublishRequestData> Publisher::Read(v1::PublishRequest& request,
                                                   const Permission& permission) const {
  RETURN_IF_ERROR(admission_.CheckOpen());
  ASSIGN_OR_RETURN(PublishRequestData data, ReadPublishRequest(request));
  if (!Planted("types-not-checked")) RETURN_IF_ERROR(CheckTypes(data, permission));
  return data;
}

void Publisher::Publish(v1::PublishRequest& request, const Permission& permission, Answer answer) {
  absl::StatusOr<PublishRequestData> data = Read(request, permission);
  if (!data.ok()) {
    metrics_.PublishRefused(0, ErrorCodeOf(data.status()));
    return answer(data.status());
  }
  const size_t events = data->events.size();
  metrics_.PublishBegun(events);
  sequencer_.Publish(*std::move(data), [&metrics = metrics_, events, answer = std::move(answer)](
                                           PublishOutcome outcome) mutable {
    Count(metrics, events, outcome);
    answer(ToResponse(std::move(outcome)));
  });
}

}  // namespace tocsin::hub
