// incident_remake.h: makes the tables of incidents anew where they are damaged: the incidents, their
// history, which of them are over, and their alerts.
//
// Shape:   a row that can still be read is in force, and stays. What is missing is told by the
//          events: an incident stands as its last event says, a comment is a note, alerts are taken
//          again in their order. The readable rows of damaged tables are copied first, to a table
//          that nothing else uses; only then are those tables emptied and filled. A start that is
//          cut short in the middle is followed by one that goes on from the copy. Where the tables
//          lie behind the events, the events are in force, and rows stay only of what they do not
//          tell.
// Threads: one; used while the log is opened.
// Owns:    a line for each incident that the events are about.
// Bounds:  some 60 bytes of memory an incident. On the disk, the damaged tables twice.
// Errors:  the store's. What can be told neither by rows nor by events is said in missing().
// Source:  docs/adr/0029-incident-tables-made-anew.md
#pragma once

#include <rocksdb/write_batch.h>

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "hub/log/alert_replay.h"
#include "hub/log/log.h"
#include "hub/log/log_codec.h"
#include "hub/log/packed_uuid.h"
#include "hub/log/rocksdb_store.h"

namespace tocsin::hub {

class IncidentRemake {
 public:
  // Sets the files of a table aside and leaves it empty; `what` is its name for people.
  using Empty = std::function<absl::Status(Column column, std::string_view what)>;

  enum class Tables { kAsTheEvents, kBehindTheEvents };
  // The log holds the events from `first` on.
  IncidentRemake(RocksDbStore& store, Sequence first, Tables tables, Empty empty)
      : store_(store), first_(first), tables_(tables), empty_(std::move(empty)) {}

  // Reads every table file once. Does nothing else where all of them are whole and not behind.
  absl::Status Run();
  // What could not be made anew, in words.
  const std::vector<std::string>& missing() const { return missing_; }

 private:
  // What the events say of an incident.
  struct Told {
    Sequence begin = 0;     // the first event, where the log holds it
    Sequence last = 0;      // the newest one that has the incident
    Sequence received = 0;  // an alert_received that found the incident unknown
    bool row = false;       // its row is made of the last event
  };
  bool remakes(Column column) const;
  absl::Status Resume();
  absl::Status Find();
  absl::Status Copy();
  absl::Status CopyColumn(Column column);
  absl::StatusOr<bool> Stays(Column column, std::string_view row) const;
  absl::Status Fill();
  absl::Status PutBack(Column column);

  absl::Status TakeEvents();
  absl::Status TakeEvent(std::string_view value);
  absl::Status TakeIncidentOf(const v1::Event& event, Sequence previous);
  absl::Status PutMissingIncidents();
  absl::Status FinishIncidents();
  absl::Status Finish(const IncidentState& incident);
  absl::Status FinishNotes(const IncidentState& incident, HistoryExtent& extent);
  absl::Status FinishAlerts(const IncidentState& incident, AlertCounts& counts);
  absl::StatusOr<std::vector<v1::Note>> NotesOf(const IncidentState& incident, size_t& kept) const;
  absl::Status End();
  void SayWhatIsMissing(bool events_whole);

  bool Knows(std::string_view id) const;
  absl::Status WriteIfLarge();
  absl::Status Write(bool sync = false);

  RocksDbStore& store_;
  const Sequence first_;
  const Tables tables_;
  const Empty empty_;
  std::vector<Column> columns_;  // that are made anew
  absl::flat_hash_map<PackedUuid, Told> told_;
  std::optional<AlertReplay> alerts_;
  rocksdb::WriteBatch write_;
  std::vector<std::string> missing_;
};

}  // namespace tocsin::hub
