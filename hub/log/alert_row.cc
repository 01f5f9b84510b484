#include "hub/log/alert_row.h"

#include <algorithm>

#include "core/event/time_proto.h"
#include "hub/log/log_codec.h"

namespace tocsin::hub {
namespace {

constexpr uint64_t kNoEnd = 0;

}  // namespace

AlertRow RowAfter(const v1::Alert& alert, const AlertRow* before, Sequence sequence,
                  absl::Time time) {
  const bool was_open = before != nullptr && before->open();
  const absl::Time at = alert.has_timestamp() ? ToTime(alert.timestamp()) : time;
  AlertRow row;
  row.sequence = sequence;
  row.firing_at = before != nullptr ? std::max(before->firing_at, at) : at;
  if (was_open) {
    row.ends_at = before->ends_at;
  }
  if (alert.has_ends_at()) {
    row.ends_at = std::max(row.ends_at.value_or(absl::InfinitePast()), ToTime(alert.ends_at()));
  }
  row.shown.set_fingerprint(alert.fingerprint());
  row.shown.set_alert_id(alert.id());
  row.shown.set_source(alert.source());
  row.shown.set_title(alert.title());
  row.shown.set_severity(alert.severity());
  row.shown.set_status(alert.status());
  row.shown.set_count(before != nullptr ? before->shown.count() + 1 : 1);
  SetTimestamp(*row.shown.mutable_last_at(), time);
  *row.shown.mutable_first_at() =
      before != nullptr ? before->shown.first_at() : row.shown.last_at();
  return row;
}

std::string EncodeAlertRow(const AlertRow& row) {
  std::string value;
  PutU64(value, static_cast<uint64_t>(absl::ToUnixMicros(row.firing_at)));
  PutU64(value, row.ends_at ? static_cast<uint64_t>(absl::ToUnixMicros(*row.ends_at)) : kNoEnd);
  PutU64(value, row.sequence);
  row.shown.AppendToString(&value);
  return value;
}

absl::StatusOr<AlertRow> DecodeAlertRow(std::string_view value) {
  AlertRow row;
  uint64_t firing_at = 0;
  uint64_t ends_at = 0;
  if (!TakeU64(value, firing_at) || !TakeU64(value, ends_at) || !TakeU64(value, row.sequence) ||
      !row.shown.ParseFromArray(value.data(), static_cast<int>(value.size()))) {
    return absl::DataLossError("the log's record of an alert cannot be read");
  }
  row.firing_at = absl::FromUnixMicros(static_cast<int64_t>(firing_at));
  if (ends_at != kNoEnd) {
    row.ends_at = absl::FromUnixMicros(static_cast<int64_t>(ends_at));
  }
  return row;
}

}  // namespace tocsin::hub
