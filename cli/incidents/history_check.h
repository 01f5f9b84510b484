// history_check.h: compares what a hub answers about one incident (its own events, timeline, notes
// and alerts) with the events of the incident.
//
// Shape:   Take is given the incident's events in order, as the hub finds them by their links.
//          A publisher may have given a timeline and notes of its own, which no event keeps: so the
//          newest entries, those that the hub made, are compared, from the end backwards.
// Threads: not thread-safe.
// Owns:    of the events the newest 100 cursors and comments, and a count for each alert.
#pragma once

#include <deque>
#include <map>
#include <string>
#include <vector>

#include "cli/incidents/incident_check.h"
#include "tocsin/v1/hub.pb.h"

namespace tocsin::cli {

class HistoryCheck {
 public:
  // `kept` is the hub's answer; `until` the place up to which `logged` was counted from the log.
  HistoryCheck(v1::GetIncidentResponse kept, Sequence until, LoggedEvents logged)
      : kept_(std::move(kept)), until_(until), logged_(logged) {}

  // Up to the answer's place.
  void Take(const v1::Event& event);
  std::vector<IncidentDifference> Compare() const;

 private:
  using Differences = std::vector<IncidentDifference>;
  void CompareEvents(Differences& differences) const;
  void CompareTimeline(Differences& differences) const;
  void CompareNotes(Differences& differences) const;
  void CompareAlerts(Differences& differences) const;
  void Add(Differences& differences, std::string field, std::string kept, std::string logged) const;

  const v1::GetIncidentResponse kept_;
  const Sequence until_;
  const LoggedEvents logged_;
  LoggedEvents linked_;  // up to until_
  Sequence last_ = 0;
  v1::Incident incident_;                   // after the last event
  std::deque<std::string> cursors_;         // the newest events'
  std::deque<std::string> comments_;        // the newest comments' ids
  std::map<std::string, uint32_t> alerts_;  // converted, by fingerprint
};

}  // namespace tocsin::cli
