// Any body in each of the alert senders' formats: refused, or alerts within their number, of which each is
// one that the hub takes or refuses by a field. The same body gives the same alerts again, so that a
// sender's retry is known.
#include <google/protobuf/util/message_differencer.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "bridge/alerts/alertmanager.h"
#include "bridge/alerts/oncall.h"
#include "bridge/alerts/pagerduty.h"
#include "core/base/check.h"
#include "core/event/validate.h"

namespace {

using namespace tocsin;
using namespace tocsin::bridge;
using google::protobuf::util::MessageDifferencer;

AlertReading Reading() {
  return {.mapping = DefaultAlertMapping(), .now = absl::FromUnixSeconds(1'700'000'000)};
}

void CheckAlert(v1::SubmitAlertRequest request) {
  (void)NormalizeAlert(*request.mutable_alert(), "alert");
}

void CheckGroup(absl::StatusOr<AlertBatch> (*read)(std::string_view, const AlertReading&),
                std::string_view body) {
  const auto batch = read(body, Reading());
  if (!batch.ok()) {
    TOCSIN_CHECK(!batch.status().message().empty());
    return;
  }
  TOCSIN_CHECK(batch->alerts.size() == batch->places.size());
  TOCSIN_CHECK(batch->alerts.size() + batch->left_out.size() <= kAlertsPerBody);
  const auto again = read(body, Reading());
  TOCSIN_CHECK(again.ok() && again->alerts.size() == batch->alerts.size());
  for (size_t i = 0; i < batch->alerts.size(); ++i) {
    TOCSIN_CHECK(MessageDifferencer::Equals(again->alerts[i], batch->alerts[i]));
    CheckAlert(batch->alerts[i]);
  }
}

void CheckPagerDuty(std::string_view body) {
  const PagerDutyAlert alert = ReadPagerDutyAlert(body, "", Reading());
  if (alert.errors.empty()) {
    TOCSIN_CHECK(!alert.dedup_key.empty());
    CheckAlert(alert.request);
  }
  PagerDutyChange change = ReadPagerDutyChange(body, "0123456789abcdef0123456789abcdef");
  if (change.errors.empty()) {
    (void)NormalizeEvent(change.event, "event");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  for (const auto read : {ReadAlertmanager, ReadGrafana, ReadPrometheus, ReadOnCall}) {
    CheckGroup(read, body);
  }
  CheckPagerDuty(body);
  return 0;
}
