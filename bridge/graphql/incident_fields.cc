// Incidents, and what is within them.
#include "bridge/graphql/object_fields.h"
#include "bridge/graphql/result_writer.h"
#include "tocsin/v1/incident.pb.h"

namespace tocsin::bridge::graphql {
namespace {

using v1::Incident;
using v1::IncidentAlert;
using v1::Note;
using v1::Resolution;
using v1::TimelineEntry;
using Text = std::string_view;

constexpr FieldReader kResolution[] = {
    Reads<Resolution>(
        "resolvedAt",
        [](const auto& of) { return of.has_resolved_at() ? &of.resolved_at() : nullptr; }),
    Reads<Resolution>("resolvedBy", [](const auto& of) { return Text(of.resolved_by()); }),
    Reads<Resolution>("resolutionMethod", [](const auto& of) { return of.resolution_method(); }),
    Reads<Resolution>("rootCause", [](const auto& of) { return Text(of.root_cause()); }),
    Reads<Resolution>("notes", [](const auto& of) { return Text(of.notes()); }),
};

constexpr FieldReader kTimelineEntry[] = {
    Reads<TimelineEntry>(
        "timestamp", [](const auto& of) { return of.has_timestamp() ? &of.timestamp() : nullptr; }),
    Reads<TimelineEntry>("eventType", [](const auto& of) { return Text(of.event_type()); }),
    Reads<TimelineEntry>("actor", [](const auto& of) { return Text(of.actor()); }),
    Reads<TimelineEntry>("description", [](const auto& of) { return Text(of.description()); }),
    Reads<TimelineEntry>("metadata", [](const auto& of) { return &of.metadata(); }),
};

constexpr FieldReader kNote[] = {
    Reads<Note>("id", [](const auto& of) { return Uuid{of.id()}; }),
    Reads<Note>("author", [](const auto& of) { return Text(of.author()); }),
    Reads<Note>("content", [](const auto& of) { return Text(of.content()); }),
    Reads<Note>("createdAt",
                [](const auto& of) { return of.has_created_at() ? &of.created_at() : nullptr; }),
};

// What reports nothing else is firing.
v1::AlertStatus StatusOf(v1::AlertStatus status) {
  return status == v1::ALERT_STATUS_UNSPECIFIED ? v1::ALERT_STATUS_FIRING : status;
}

constexpr FieldReader kIncidentAlert[] = {
    Reads<IncidentAlert>("fingerprint", [](const auto& of) { return Text(of.fingerprint()); }),
    Reads<IncidentAlert>("alertId", [](const auto& of) { return Uuid{of.alert_id()}; }),
    Reads<IncidentAlert>("source", [](const auto& of) { return Text(of.source()); }),
    Reads<IncidentAlert>("title", [](const auto& of) { return Text(of.title()); }),
    Reads<IncidentAlert>("severity", [](const auto& of) { return of.severity(); }),
    Reads<IncidentAlert>("status", [](const auto& of) { return StatusOf(of.status()); }),
    Reads<IncidentAlert>("count", [](const auto& of) { return uint64_t{of.count()}; }),
    Reads<IncidentAlert>(
        "firstAt", [](const auto& of) { return of.has_first_at() ? &of.first_at() : nullptr; }),
    Reads<IncidentAlert>("lastAt",
                         [](const auto& of) { return of.has_last_at() ? &of.last_at() : nullptr; }),
};

const google::protobuf::Timestamp* ResolvedAt(const Incident& incident) {
  return incident.resolution().has_resolved_at() ? &incident.resolution().resolved_at() : nullptr;
}

std::optional<Text> AssignedTo(const Incident& incident) {
  return incident.assignees().empty() ? std::nullopt : std::optional<Text>(incident.assignees(0));
}

constexpr FieldReader kIncident[] = {
    Reads<Incident>("id", [](const auto& of) { return Uuid{of.id()}; }),
    Reads<Incident>(
        "createdAt",
        [](const auto& of) { return of.has_created_at() ? &of.created_at() : nullptr; }),
    Reads<Incident>(
        "updatedAt",
        [](const auto& of) { return of.has_updated_at() ? &of.updated_at() : nullptr; }),
    Reads<Incident>("state", [](const auto& of) { return of.state(); }),
    Reads<Incident>("severity", [](const auto& of) { return of.severity(); }),
    Reads<Incident>("incidentType", [](const auto& of) { return of.incident_type(); }),
    Reads<Incident>("source", [](const auto& of) { return Text(of.source()); }),
    Reads<Incident>("title", [](const auto& of) { return Text(of.title()); }),
    Reads<Incident>("description", [](const auto& of) { return Text(of.description()); }),
    Reads<Incident>("affectedResources", [](const auto& of) { return &of.affected_resources(); }),
    Reads<Incident>("labels", [](const auto& of) { return &of.labels(); }),
    Reads<Incident>("metadata", [](const auto& of) { return &of.metadata(); }),
    Reads<Incident>("relatedIncidents", [](const auto& of) { return &of.related_incidents(); }),
    Reads<Incident>("activePlaybook", [](const auto& of) { return Uuid{of.active_playbook()}; }),
    Reads<Incident>(
        "resolution",
        [](const auto& of) { return of.has_resolution() ? &of.resolution() : nullptr; }),
    Reads<Incident>("resolvedAt", [](const auto& of) { return ResolvedAt(of); }),
    Reads<Incident>("assignees", [](const auto& of) { return &of.assignees(); }),
    Reads<Incident>("assignedTo", [](const auto& of) { return AssignedTo(of); }),
    Reads<Incident>("fingerprint",
                    [](const auto& of) {
                      return of.has_fingerprint() ? std::optional<Text>(of.fingerprint())
                                                  : std::nullopt;
                    }),
    Reads<Incident>("correlationScore",
                    [](const auto& of) {
                      return of.has_correlation_score() ? std::optional(of.correlation_score())
                                                        : std::nullopt;
                    }),
    Reads<Incident>("timeline", [](const auto& of) { return History{&of.timeline()}; }),
    Reads<Incident>("notes", [](const auto& of) { return History{&of.notes()}; }),
    Reads<Incident>("alerts", [](const auto& of) { return History{&of.alerts()}; }),
};

constexpr ObjectFields kObjects[] = {{"Resolution", kResolution},
                                     {"TimelineEntry", kTimelineEntry},
                                     {"Note", kNote},
                                     {"IncidentAlert", kIncidentAlert},
                                     {"Incident", kIncident}};

}  // namespace

std::span<const ObjectFields> IncidentObjects() { return kObjects; }

}  // namespace tocsin::bridge::graphql
