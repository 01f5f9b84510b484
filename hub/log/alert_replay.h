// alert_replay.h: the table of alerts, made anew from the log's events in their order.
//
// Shape:   alert_converted is taken by its incident whoever published it, as the sequencer does it
//          (hub/alerts.h). Of an alert that was submitted, the alert_received tells more: with the
//          incident_created behind it, that the incident was opened by it; without an incident,
//          that it ended one whose incident is over. What repeated reports said of a firing stands
//          in no event.
// Threads: one.
// Owns:    how many rows each incident has; the rows are in the store at once.
// Bounds:  24 bytes an incident that took an alert.
// Errors:  the store's.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "hub/log/log.h"
#include "hub/log/packed_uuid.h"
#include "hub/log/rocksdb_store.h"
#include "tocsin/v1/event.pb.h"

namespace tocsin::hub {

class AlertReplay {
 public:
  // `knows`: whether there is an incident of that id. Alerts of others are passed over.
  AlertReplay(RocksDbStore& store, std::function<bool(std::string_view id)> knows)
      : store_(store), knows_(std::move(knows)) {}

  absl::Status Take(const v1::Event& event);
  // The incident was unknown again before the next event: its alerts went with it.
  absl::Status Forget(std::string_view incident);

 private:
  // An alert_received that the next event may turn out to belong to.
  struct Received {
    v1::Alert alert;
    Sequence sequence = 0;
  };
  absl::Status TakeReceived(const v1::Event& event);
  absl::Status TakeCreated(const v1::Event& event);
  absl::Status TakeAlert(std::string_view incident, const v1::Alert& alert, Sequence sequence,
                         absl::Time time);
  absl::Status CloseIn(std::string_view incident, const std::string& fingerprint, LogBatch& change);
  absl::Status MakeRoom(std::string_view incident, LogBatch& change);
  absl::Status Write(const LogBatch& change);

  RocksDbStore& store_;
  const std::function<bool(std::string_view id)> knows_;
  std::optional<Received> received_;
  absl::flat_hash_map<PackedUuid, uint32_t> rows_;
};

}  // namespace tocsin::hub
