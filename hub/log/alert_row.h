// alert_row.h: what is kept of the alerts that an incident has taken: one row for each fingerprint.
//
// Shape:   an alert is open until it is resolved. The newest incident that took a fingerprint is
//          the one that holds its open row: when a fingerprint moves to another incident, its row
//          in the earlier one is resolved.
// Threads: values.
// Bounds:  1,000 rows an incident, so that an answer with all of them stays a few MiB at the worst.
//          A row has a fingerprint, a source and a title, which are bounded: at most some 6 KiB.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "core/event/cursor.h"
#include "tocsin/v1/event.pb.h"
#include "tocsin/v1/incident.pb.h"

namespace tocsin::hub {

inline constexpr uint32_t kAlertRows = 1'000;

struct AlertRow {
  v1::IncidentAlert shown = {};  // as a query answers it
  absl::Time firing_at = {};     // the timestamp of the present firing, or of the last one
  std::optional<absl::Time> ends_at = {};  // when it ends by itself
  Sequence sequence = 0;                   // the newest event that has the whole alert

  bool open() const { return shown.status() != v1::ALERT_STATUS_RESOLVED; }
  size_t bytes() const { return sizeof(*this) + shown.ByteSizeLong(); }
};

// How many rows an incident has.
struct AlertCounts {
  uint32_t rows = 0;
  uint32_t open = 0;

  friend bool operator==(const AlertCounts&, const AlertCounts&) = default;
};

// A commit's change to a row.
struct AlertChange {
  std::string incident;  // its id
  std::string fingerprint;
  std::optional<AlertRow> row = {};  // nullopt: the row is deleted
};

// A commit's change to a fingerprint: the newest incident that took it; "" when there is none now.
struct FingerprintChange {
  std::string fingerprint;
  std::string incident;
};

// An open row, as a start of the hub needs it.
struct OpenAlert {
  std::string incident;
  std::string fingerprint;
  std::optional<absl::Time> ends_at = {};
};

// The row of an alert's fingerprint after the alert. Nothing is known of it before: `before` is
// null.
AlertRow RowAfter(const v1::Alert& alert, const AlertRow* before, Sequence sequence,
                  absl::Time time);

std::string EncodeAlertRow(const AlertRow& row);
// Returns DATA_LOSS when the bytes are not an encoded row.
absl::StatusOr<AlertRow> DecodeAlertRow(std::string_view value);

}  // namespace tocsin::hub
