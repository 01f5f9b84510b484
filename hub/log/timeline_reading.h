// timeline_reading.h: an incident's timeline, put together from its newest entry back: from the
// events that are held, then from the rows of those that retention took, then from what was given.
//
// Shape:   whoever reads the log follows the incident's links and hands over each event, then the
//          rows, the newest first, until it is full. An entry that both an event and a row have is
//          taken once, by its sequence.
// Threads: one; a value of one query.
// Bounds:  the newest kHistoryRows entries; no more events are read than that, but for alerts that
//          the incident took, which have links and no entries.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "core/event/cursor.h"
#include "hub/log/timeline_row.h"
#include "tocsin/v1/incident.pb.h"

namespace tocsin::hub {

class TimelineReading {
 public:
  // `since`: HistoryExtent::timeline_since.
  TimelineReading(std::string_view incident, Sequence since) : incident_(incident), since_(since) {}

  bool full() const;
  // Whether the event at this place may have an entry that is wanted.
  bool wants(Sequence at) const { return at != 0 && at >= since_ && !full(); }
  // An event as it is stored. False, and nothing is added, when it is not one of this incident.
  bool AddEvent(Sequence at, std::string_view payload);
  // In the place of an event that cannot be read, and of those before it that only it links to.
  void AddUnreadable(Sequence at);
  // The next older row.
  void AddRow(TimelineRow row);
  // What a publisher gave; the last of all. False when it cannot be read.
  bool AddGiven(std::string_view bytes);
  // Moves the entries to the incident, the oldest first. DATA_LOSS when one cannot be read.
  absl::Status Finish(v1::Incident& history);

 private:
  const std::string incident_;
  const Sequence since_;
  std::vector<StoredEntry> entries_;  // the newest first
};

}  // namespace tocsin::hub
