// Any bytes as requests of publishers: refused by a field, or taken; what is taken is kept, found valid
// again, and told the same. Then the same bytes as submitted alerts.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/check.h"
#include "core/event/error.h"
#include "core/event/limits.h"
#include "core/event/validate.h"
#include "core/event/wire.h"
#include "hub/service/alert_request.h"
#include "hub/service/publish_request.h"
#include "tests/fuzz/parse.h"

namespace {

using namespace tocsin;
using namespace tocsin::hub;
using fuzz::Parse;

void CheckRefusal(const absl::Status& status) {
  TOCSIN_CHECK(status.code() == absl::StatusCode::kInvalidArgument ||
               status.code() == absl::StatusCode::kResourceExhausted ||
               status.code() == absl::StatusCode::kOutOfRange);
  TOCSIN_CHECK(!status.message().empty());
}

void CheckPublish(std::string_view bytes) {
  v1::PublishRequest request;
  if (!Parse(bytes, request)) {
    return;
  }
  const auto data = ReadPublishRequest(request);
  if (!data.ok()) {
    CheckRefusal(data.status());
    return;
  }
  TOCSIN_CHECK(!data->events.empty() && data->events.size() <= limits::kPublishEvents);
  for (const v1::Event& event : data->events) {
    v1::Event again = event;
    TOCSIN_CHECK(NormalizeEvent(again, "event").ok());
    TOCSIN_CHECK(EncodeEventField(again) == EncodeEventField(event));
    TOCSIN_CHECK(DecodeEventField(EncodeEventField(event)).ok());
  }
}

void CheckAlerts(std::string_view bytes) {
  v1::SubmitAlertRequest one;
  if (Parse(bytes, one)) {
    const auto data = ReadAlertRequest(one, "alert");
    if (!data.ok()) CheckRefusal(data.status());
  }
  v1::SubmitAlertsRequest many;
  if (!Parse(bytes, many) || !CheckAlertsRequest(many).ok()) {
    return;
  }
  for (v1::SubmitAlertRequest& each : *many.mutable_alerts()) {
    (void)ReadAlertRequest(each, "alerts[0].alert");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  CheckPublish(bytes);
  CheckAlerts(bytes);
  return 0;
}
