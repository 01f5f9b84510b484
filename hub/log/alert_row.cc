#include "hub/log/alert_row.h"

#include "hub/log/log_codec.h"

namespace tocsin::hub {
namespace {

constexpr uint64_t kNoEnd = 0;

}  // namespace

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
