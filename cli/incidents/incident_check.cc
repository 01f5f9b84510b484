#include "cli/incidents/incident_check.h"

#include <algorithm>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "absl/hash/hash.h"
#include "absl/strings/str_cat.h"
#include "core/base/utf8.h"
#include "core/event/json_writer.h"

namespace tocsin::cli {
namespace {

constexpr size_t kShownBytes = 120;  // of a value

// Without what events leave out. Equal incidents have equal JSON.
std::string JsonOf(v1::Incident incident) {
  incident.clear_timeline();
  incident.clear_notes();
  incident.clear_alerts();
  std::string json;
  AppendJsonIncident(json, incident);
  return json;
}

// Not 0.
uint64_t HashOf(const v1::Incident& incident) {
  return std::max<uint64_t>(1, absl::HashOf(JsonOf(incident)));
}

bool IsOver(const v1::Incident& incident) {
  return incident.state() == v1::INCIDENT_STATE_RESOLVED ||
         incident.state() == v1::INCIDENT_STATE_CLOSED;
}

std::string Shown(const boost::json::value* value) {
  if (value == nullptr) return "";
  const std::string text = boost::json::serialize(*value);
  const std::string_view cut = Utf8Prefix(text, kShownBytes);
  return absl::StrCat(std::string(cut), cut.size() < text.size() ? "…" : "");
}

boost::json::object FieldsOf(const v1::Incident* incident) {
  return incident == nullptr ? boost::json::object()
                             : boost::json::parse(JsonOf(*incident)).as_object();
}

}  // namespace

void LoggedEvents::Add(Sequence sequence) {
  if (count++ == 0) {
    first = sequence;
  }
  places = absl::HashOf(places, sequence);
}

void IncidentCheck::Keep(const v1::Incident& incident) {
  incidents_[incident.id()].kept = HashOf(incident);
}

void IncidentCheck::Take(const v1::Event& event) {
  if (events_++ == 0) {
    whole_log_ = event.sequence() == 1;
  }
  if (!event.has_incident()) return;
  const bool created = event.type() == v1::EVENT_TYPE_INCIDENT_CREATED;
  Entry& entry = incidents_[event.incident().id()];
  if (created) {
    // An id that is created again was dropped before, with all that was known of it.
    entry.events = {};
  }
  entry.whole = entry.whole || created || whole_log_;
  entry.logged = HashOf(event.incident());
  entry.over = IsOver(event.incident());
  entry.events.Add(event.sequence());
}

IncidentCheck::Result IncidentCheck::Compare() const {
  Result result;
  for (const auto& [id, entry] : incidents_) {
    const bool may_be_dropped = entry.over || !keeps_active_;
    if (entry.kept == 0 && may_be_dropped) {
      ++result.dropped;
    } else if (!entry.whole && !whole_log_) {
      ++result.events_gone;
    } else {
      ++result.compared;
      (entry.kept == entry.logged ? result.equal : result.differing).push_back(id);
    }
  }
  std::sort(result.differing.begin(), result.differing.end());
  std::sort(result.equal.begin(), result.equal.end());
  return result;
}

LoggedEvents IncidentCheck::EventsOf(const std::string& incident_id) const {
  const auto found = incidents_.find(incident_id);
  return found == incidents_.end() ? LoggedEvents() : found->second.events;
}

std::vector<IncidentDifference> FieldDifferences(const std::string& incident_id,
                                                 const v1::Incident* kept,
                                                 const v1::Incident* logged) {
  if (kept == nullptr || logged == nullptr) {
    return {{incident_id, "incident", kept == nullptr ? "" : "is kept",
             logged == nullptr ? "" : "has events"}};
  }
  const boost::json::object of_hub = FieldsOf(kept);
  const boost::json::object of_log = FieldsOf(logged);
  std::vector<IncidentDifference> differences;
  const auto add = [&](const auto& name) {
    differences.push_back({incident_id, std::string(name), Shown(of_hub.if_contains(name)),
                           Shown(of_log.if_contains(name))});
  };
  for (const auto& [name, value] : of_log) {
    const boost::json::value* const other = of_hub.if_contains(name);
    if (other == nullptr || *other != value) add(name);
  }
  for (const auto& [name, value] : of_hub) {
    if (!of_log.contains(name)) add(name);
  }
  return differences;
}

}  // namespace tocsin::cli
