// incident_check.h: compares the incidents that a hub keeps with what its log says of them.
//
// Shape:   an event carries its incident whole, so an incident stands as the last of its events
//          says. Keep is given every incident of a snapshot, Take every event that the log holds up
//          to the snapshot's place, in order. An incident whose first events the log does not hold
//          any more is not compared, nor is one that retention has dropped after it was over.
// Threads: not thread-safe.
// Owns:    some 150 bytes for each incident, whatever its size: hashes are compared, and only those
//          that differ are read again.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "core/event/cursor.h"
#include "tocsin/v1/event.pb.h"

namespace tocsin::cli {

// One field of an incident of which hub and log do not say the same. The texts are JSON, cut when
// they are long; "" for what is not there.
struct IncidentDifference {
  std::string incident_id;
  std::string field;
  std::string kept;    // by the hub
  std::string logged;  // what the log says
};

// What the log says of an incident's events.
struct LoggedEvents {
  uint64_t count = 0;
  Sequence first = 0;
  uint64_t places = 0;  // a hash of their sequences

  void Add(Sequence sequence);
  friend bool operator==(const LoggedEvents&, const LoggedEvents&) = default;
};

class IncidentCheck {
 public:
  // Some 1.5 GB. A hub with more is checked by a machine that has them.
  static constexpr size_t kMost = 10'000'000;

  struct Result {
    uint64_t compared = 0;
    uint64_t events_gone = 0;  // not compared: the log does not hold their first events any more
    uint64_t dropped = 0;      // not compared: over, and not kept any more
    std::vector<std::string> differing;  // ids
    std::vector<std::string> equal;      // ids
  };

  // `keeps_active`: the hub forgets no incident that is active, as it may with --store memory.
  explicit IncidentCheck(bool keeps_active = true) : keeps_active_(keeps_active) {}

  void Keep(const v1::Incident& incident);
  void Take(const v1::Event& event);

  Result Compare() const;
  LoggedEvents EventsOf(const std::string& incident_id) const;
  uint64_t events() const { return events_; }
  bool overflown() const { return incidents_.size() > kMost; }

 private:
  struct Entry {
    uint64_t kept = 0;  // hashes; 0: there is none
    uint64_t logged = 0;
    LoggedEvents events;
    bool whole = false;  // the log holds its first event
    bool over = false;
  };

  bool keeps_active_;
  absl::flat_hash_map<std::string, Entry> incidents_;
  uint64_t events_ = 0;
  bool whole_log_ = false;  // nothing was trimmed
};

// The fields that differ. Timeline, notes and alerts are not looked at: events have none.
std::vector<IncidentDifference> FieldDifferences(const std::string& incident_id,
                                                 const v1::Incident* kept,
                                                 const v1::Incident* logged);

}  // namespace tocsin::cli
