#include "hub/log/timeline_reading.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "core/event/wire.h"
#include "hub/log/incident_history.h"
#include "hub/log/log.h"

namespace tocsin::hub {

bool TimelineReading::full() const { return entries_.size() >= kHistoryRows; }

bool TimelineReading::AddEvent(Sequence at, std::string_view payload) {
  const absl::StatusOr<v1::Event> event = DecodeEventField(payload);
  if (!event.ok() || event->sequence() != at || DedupIncidentOf(*event) != incident_) {
    return false;
  }
  if (event->has_incident()) {
    entries_.push_back(EntryOf(*event));
  }
  return true;
}

void TimelineReading::AddUnreadable(Sequence at) {
  v1::TimelineEntry entry;
  entry.set_description(absl::StrCat(
      "the log is damaged at sequence ", at,
      ": what happened then cannot be told, nor what happened before and is still in the log"));
  entries_.push_back({at, entry.SerializeAsString()});
}

void TimelineReading::AddRow(TimelineRow row) {
  for (; !row.entries.empty() && !full(); row.entries.pop_back()) {
    StoredEntry& entry = row.entries.back();
    if (entry.sequence >= since_ &&
        (entries_.empty() || entry.sequence < entries_.back().sequence)) {
      entries_.push_back(std::move(entry));
    }
  }
}

bool TimelineReading::AddGiven(std::string_view bytes) {
  v1::Incident given;
  if (!AddHistoryRow(HistoryKind::kGivenTimeline, bytes, given)) {
    return false;
  }
  for (int i = given.timeline_size(); i > 0 && !full(); --i) {
    entries_.push_back({0, given.timeline(i - 1).SerializeAsString()});
  }
  return true;
}

absl::Status TimelineReading::Finish(v1::Incident& history) {
  for (; !entries_.empty(); entries_.pop_back()) {
    if (!AddHistoryRow(HistoryKind::kTimeline, entries_.back().bytes, history)) {
      return absl::DataLossError(
          absl::StrCat("the timeline of incident ", incident_, " cannot be read"));
    }
  }
  return absl::OkStatus();
}

}  // namespace tocsin::hub
