#include "cli/incidents/incident_text.h"

#include <map>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "cli/event_text.h"
#include "cli/time_text.h"
#include "core/base/strings.h"
#include "core/event/json_writer.h"
#include "core/event/names.h"
#include "core/event/time_proto.h"

namespace tocsin::cli {
namespace {

// Rows of a name and a value; what has no value is left out.
class Rows {
 public:
  explicit Rows(std::string& out) : out_(out) {}

  void Add(std::string_view name, std::string_view value) {
    if (!value.empty()) absl::StrAppendFormat(&out_, "%-12s %s\n", ToAbsl(name), Clean(value));
  }
  template <class List>
  void AddList(std::string_view name, const List& list) {
    Add(name, absl::StrJoin(list, ", "));
  }
  template <class Map>
  void AddMap(std::string_view name, const Map& map) {
    const std::map<std::string, std::string> sorted(map.begin(), map.end());
    Add(name, absl::StrJoin(sorted, ", ", absl::PairFormatter("=")));
  }

 private:
  std::string& out_;
};

void AddResolution(const v1::Resolution& resolution, const absl::TimeZone& zone, Rows& rows) {
  rows.Add("resolved", TimeText(resolution.resolved_at(), zone));
  rows.Add("by", resolution.resolved_by());
  rows.Add("method", NameOf(resolution.resolution_method()));
  rows.Add("root cause", resolution.root_cause());
  rows.Add("resolution", resolution.notes());
}

void AddFields(const v1::Incident& incident, absl::Time now, const absl::TimeZone& zone,
               std::string& out) {
  Rows rows(out);
  rows.Add("incident", incident.id());
  rows.Add("title", incident.title());
  rows.Add("severity", NameOf(incident.severity()));
  rows.Add("state", NameOf(incident.state()));
  rows.Add("type", NameOf(incident.incident_type()));
  rows.Add("source", incident.source());
  rows.Add("description", incident.description());
  rows.AddList("affected", incident.affected_resources());
  rows.AddMap("labels", incident.labels());
  rows.AddMap("metadata", incident.metadata());
  rows.AddList("assignees", incident.assignees());
  rows.AddList("related", incident.related_incidents());
  rows.Add("playbook", incident.active_playbook());
  rows.Add("fingerprint", incident.fingerprint());
  for (const auto& [name, time] : {std::pair("created", &incident.created_at()),
                                   std::pair("updated", &incident.updated_at())}) {
    rows.Add(name,
             absl::StrCat(TimeText(*time, zone), " (", AgeText(now - ToTime(*time)), " ago)"));
  }
  if (incident.has_resolution()) AddResolution(incident.resolution(), zone, rows);
}

std::string AlertLine(const v1::IncidentAlert& alert, const absl::TimeZone& zone) {
  return absl::StrFormat("  %s  %-12s %-2s %s  source=%s alert=%s%s\n",
                         TimeText(alert.last_at(), zone), ToAbsl(NameOf(alert.status())),
                         ToAbsl(NameOf(alert.severity())), Clean(alert.title()),
                         Clean(alert.source()), Clean(alert.alert_id()),
                         alert.count() > 1 ? absl::StrCat(" (", alert.count(), " times)") : "");
}

std::string TimelineLine(const v1::TimelineEntry& entry, const absl::TimeZone& zone) {
  std::string line = absl::StrFormat("  %s  %-24s %s", TimeText(entry.timestamp(), zone),
                                     Clean(entry.event_type()), Clean(entry.description()));
  if (!entry.actor().empty()) absl::StrAppend(&line, " by ", Clean(entry.actor()));
  return line + "\n";
}

}  // namespace

std::string IncidentText(const v1::GetIncidentResponse& response, absl::Time now,
                         const absl::TimeZone& zone) {
  const v1::Incident& incident = response.incident();
  std::string out;
  AddFields(incident, now, zone, out);
  Rows(out).Add("sequence", absl::StrCat(response.sequence()));
  if (incident.alerts_size() > 0) out += "\nalerts\n";
  for (const v1::IncidentAlert& alert : incident.alerts()) out += AlertLine(alert, zone);
  if (incident.notes_size() > 0) out += "\nnotes\n";
  for (const v1::Note& note : incident.notes()) {
    absl::StrAppend(&out, "  ", TimeText(note.created_at(), zone), "  ",
                    note.author().empty() ? "" : absl::StrCat(Clean(note.author()), ": "),
                    Clean(note.content()), "\n");
  }
  if (incident.timeline_size() > 0) out += "\ntimeline\n";
  for (const v1::TimelineEntry& entry : incident.timeline()) out += TimelineLine(entry, zone);
  return out;
}

std::string IncidentJson(const v1::GetIncidentResponse& response) {
  std::string out = "{\"incident\":";
  AppendJsonIncident(out, response.incident());
  absl::StrAppend(&out, ",\"sequence\":", response.sequence(), ",\"cursor\":");
  AppendJsonString(out, response.cursor());
  return out + "}";
}

}  // namespace tocsin::cli
