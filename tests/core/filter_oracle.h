// filter_oracle.h: what docs/protocol.md, section 2, says of filters, on the messages themselves.
//
// Shape:   shares no code with what is tested: no Clause, Filter or EventFacts.
#pragma once

#include <algorithm>
#include <span>

#include "tocsin/v1/event.pb.h"

namespace tocsin::testing {

template <typename Values, typename Value>
bool In(const Values& values, const Value& value) {
  return values.empty() || std::find(values.begin(), values.end(), value) != values.end();
}

template <typename Subject, typename Resources>
bool SubjectMatches(const v1::Filter& filter, const Subject& subject, const Resources& resources) {
  const auto any = [&](const auto& wanted) { return In(resources, wanted); };
  const auto& wanted = filter.affected_resources();
  return In(filter.severities(), subject.severity()) && In(filter.sources(), subject.source()) &&
         (wanted.empty() ||
          (!resources.empty() && std::any_of(wanted.begin(), wanted.end(), any))) &&
         std::all_of(filter.labels().begin(), filter.labels().end(), [&](const auto& label) {
           const auto found = subject.labels().find(label.first);
           return found != subject.labels().end() && found->second == label.second;
         });
}

inline bool OracleMatches(const v1::Filter& filter, const v1::Event& event) {
  const v1::Incident& incident = event.incident();
  const bool wants_incident =
      !filter.states().empty() || !filter.incident_ids().empty() || filter.active_only();
  if (!In(filter.event_types(), event.type()) || (wants_incident && !event.has_incident()) ||
      !In(filter.states(), incident.state()) || !In(filter.incident_ids(), incident.id()) ||
      (filter.active_only() && incident.state() > v1::INCIDENT_STATE_REMEDIATING)) {
    return false;
  }
  return event.has_incident() ? SubjectMatches(filter, incident, incident.affected_resources())
                              : SubjectMatches(filter, event.alert_received().alert(),
                                               event.alert_received().alert().affected_services());
}

// Where several filters hold, an event passes when each by itself lets it pass.
inline bool OracleMatches(std::span<const v1::Filter> filters, const v1::Event& event) {
  return std::all_of(filters.begin(), filters.end(),
                     [&](const v1::Filter& filter) { return OracleMatches(filter, event); });
}

// Whether an incident is in the set that the filters describe: event_types have no say in it.
inline bool OracleHas(std::span<const v1::Filter> filters, const v1::Incident& incident) {
  v1::Event event;
  *event.mutable_incident() = incident;
  return std::all_of(filters.begin(), filters.end(), [&](v1::Filter filter) {
    filter.clear_event_types();
    return OracleMatches(filter, event);
  });
}

// The incident before the event, as the event tells it; the event has a `before`.
inline v1::Incident IncidentBeforeOf(const v1::Event& event) {
  v1::Incident incident = event.incident();
  const v1::IncidentBefore& before = event.before();
  if (before.has_severity()) incident.set_severity(before.severity());
  if (before.has_state()) incident.set_state(before.state());
  if (before.has_source()) incident.set_source(before.source());
  if (before.has_affected_resources()) {
    *incident.mutable_affected_resources() = before.affected_resources().values();
  }
  if (before.has_labels()) *incident.mutable_labels() = before.labels().values();
  return incident;
}

inline bool OracleLeaves(std::span<const v1::Filter> filters, const v1::Event& event) {
  return event.has_before() && OracleHas(filters, IncidentBeforeOf(event)) &&
         !OracleHas(filters, event.incident());
}

}  // namespace tocsin::testing
