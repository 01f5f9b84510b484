// incident_checker.h: asks a hub for all that the check of its incidents compares.
//
// Shape:   as anybody may ask: a snapshot of the incidents at one cursor, then every event that the
//          log holds up to there, compared by hashes. An incident that differs is read again, from
//          both, to tell which fields do. Of some that agree the events that the hub finds by their
//          id, the timeline, notes and alerts are compared as well.
// Threads: runs on the caller's.
// Errors:  gRPC's status of the call that failed.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cli/client.h"
#include "cli/command.h"
#include "cli/incidents/incident_check.h"

namespace tocsin::cli {

struct CheckReport {
  // Of the incidents that differ, how many are told field by field.
  static constexpr size_t kTold = 20;

  std::string cursor;  // the place that was compared
  uint64_t events = 0;
  IncidentCheck::Result incidents;
  uint64_t histories = 0;
  uint64_t histories_differing = 0;
  std::vector<IncidentDifference> differences;

  uint64_t differing() const { return incidents.differing.size() + histories_differing; }
};

class IncidentChecker {
 public:
  // Of at most so many incidents the history is compared too, spread evenly over those that agree.
  IncidentChecker(const Globals& globals, size_t histories)
      : globals_(globals), histories_(histories) {}

  grpc::Status Run();
  const CheckReport& report() const { return report_; }

 private:
  grpc::Status ReadStatus();
  grpc::Status ReadSnapshot();
  grpc::Status ReadLog();
  grpc::Status TellDiffering();
  grpc::Status CheckHistories();
  grpc::Status CheckHistory(const std::string& id);

  grpc::Status ReadDifferences(const std::string& id, std::vector<IncidentDifference>& found);
  // Each event up to `to`, in order; "": of every incident.
  grpc::Status ReadEvents(const std::string& incident_id, const std::string& to,
                          const std::function<void(const v1::Event&)>& take);
  // Nothing when it is not kept any more.
  grpc::Status Get(const std::string& id, std::optional<v1::GetIncidentResponse>& kept);
  // Nothing also when events come faster than it is read.
  grpc::Status GetAtRest(const std::string& id, std::optional<v1::GetIncidentResponse>& kept);
  // Whether events of the incident were dropped from the log since it was read.
  grpc::Status WasTrimmed(const std::string& id, bool& trimmed);

  const Globals& globals_;
  const size_t histories_;
  IncidentCheck check_;
  Sequence place_ = 0;  // of report_.cursor
  CheckReport report_;
};

}  // namespace tocsin::cli
