// Events and alerts. What an event has besides its incident stands in the message of its type.
#include "bridge/graphql/object_fields.h"
#include "bridge/graphql/result_writer.h"
#include "core/event/cursor.h"
#include "core/event/validate.h"
#include "tocsin/v1/event.pb.h"

namespace tocsin::bridge::graphql {
namespace {

using v1::Alert;
using v1::Event;
using Text = std::string_view;

// ---- alerts ----

constexpr FieldReader kAlert[] = {
    Reads<Alert>("id", [](const auto& of) { return Uuid{of.id()}; }),
    Reads<Alert>("externalId", [](const auto& of) { return Text(of.external_id()); }),
    Reads<Alert>("source", [](const auto& of) { return Text(of.source()); }),
    Reads<Alert>("timestamp",
                 [](const auto& of) { return of.has_timestamp() ? &of.timestamp() : nullptr; }),
    Reads<Alert>("receivedAt",
                 [](const auto& of) { return of.has_received_at() ? &of.received_at() : nullptr; }),
    Reads<Alert>("severity", [](const auto& of) { return of.severity(); }),
    Reads<Alert>("alertType", [](const auto& of) { return of.alert_type(); }),
    Reads<Alert>("title", [](const auto& of) { return Text(of.title()); }),
    Reads<Alert>("description", [](const auto& of) { return Text(of.description()); }),
    Reads<Alert>("labels", [](const auto& of) { return &of.labels(); }),
    Reads<Alert>("affectedServices", [](const auto& of) { return &of.affected_services(); }),
    Reads<Alert>("runbookUrl",
                 [](const auto& of) {
                   return of.has_runbook_url() ? std::optional<Text>(of.runbook_url())
                                               : std::nullopt;
                 }),
    Reads<Alert>("annotations", [](const auto& of) { return &of.annotations(); }),
    Reads<Alert>("incidentId", [](const auto& of) { return Uuid{of.incident_id()}; }),
    Reads<Alert>("deduplicated", [](const auto& of) { return of.deduplicated(); }),
    Reads<Alert>("parentAlertId", [](const auto& of) { return Uuid{of.parent_alert_id()}; }),
    Reads<Alert>("status",
                 [](const auto& of) {
                   return of.status() == v1::ALERT_STATUS_UNSPECIFIED ? v1::ALERT_STATUS_FIRING
                                                                      : of.status();
                 }),
    Reads<Alert>("fingerprint", [](const auto& of) { return Text(of.fingerprint()); }),
};

// ---- what an event's type has of its own ----

const Alert* AlertOf(const Event& event) {
  return event.alert_received().has_alert()    ? &event.alert_received().alert()
         : event.alert_converted().has_alert() ? &event.alert_converted().alert()
                                               : nullptr;
}

std::optional<Text> If(bool has, const std::string& text) {
  return has ? std::optional<Text>(text) : std::nullopt;
}

std::string_view PlaybookIdOf(const Event& event) {
  return event.has_playbook_started() ? Text(event.playbook_started().playbook_id())
         : event.has_playbook_action_executed()
             ? Text(event.playbook_action_executed().playbook_id())
             : Text(event.playbook_completed().playbook_id());
}

std::optional<bool> SuccessOf(const Event& event) {
  return event.has_playbook_action_executed()
             ? std::optional(event.playbook_action_executed().success())
         : event.has_playbook_completed() ? std::optional(event.playbook_completed().success())
         : event.has_notification_sent()  ? std::optional(event.notification_sent().success())
                                          : std::nullopt;
}

std::optional<Text> MessageOf(const Event& event) {
  return event.has_playbook_action_executed()
             ? std::optional<Text>(event.playbook_action_executed().message())
             : If(event.has_system_event(), event.system_event().message());
}

std::optional<uint64_t> ActionsExecutedOf(const Event& event) {
  return event.has_playbook_completed()
             ? std::optional<uint64_t>(event.playbook_completed().actions_executed())
             : std::nullopt;
}

// ---- events ----

constexpr FieldReader kEvent[] = {
    Reads<Event>("id", [](const auto& of) { return Uuid{of.id()}; }),
    Reads<Event>("sequence", [](const auto& of) { return uint64_t{of.sequence()}; }),
    Reads<Event>("epoch", [](const auto& of) { return uint64_t{of.epoch()}; }),
    Reads<Event>("time", [](const auto& of) { return of.has_time() ? &of.time() : nullptr; }),
    Reads<Event>("type", [](const auto& of) { return of.type(); }),
    Reads<Event>("priority", [](const auto& of) { return of.priority(); }),
    Reads<Event>("actor", [](const auto& of) { return Text(of.actor()); }),
    Reads<Event>("traceparent", [](const auto& of) { return Text(of.traceparent()); }),
    Reads<Event>("cursor",
                 [](const auto& of) {
                   return FormatCursor({of.epoch(), of.sequence()});
                 }),
    Reads<Event>("incident",
                 [](const auto& of) { return of.has_incident() ? &of.incident() : nullptr; }),
    Reads<Event>("incidentId", [](const auto& of) { return Uuid{IncidentIdOf(of)}; }),
    Reads<Event>("alert", [](const auto& of) { return AlertOf(of); }),
    Reads<Event>("previousState",
                 [](const auto& of) { return of.incident_updated().previous_state(); }),
    Reads<Event>("fromSeverity", [](const auto& of) { return of.escalated().from_severity(); }),
    Reads<Event>("toSeverity", [](const auto& of) { return of.escalated().to_severity(); }),
    Reads<Event>("reason",
                 [](const auto& of) { return If(of.has_escalated(), of.escalated().reason()); }),
    Reads<Event>("playbookId", [](const auto& of) { return Uuid{PlaybookIdOf(of)}; }),
    Reads<Event>("playbookName",
                 [](const auto& of) {
                   return If(of.has_playbook_started(), of.playbook_started().playbook_name());
                 }),
    Reads<Event>("actionName",
                 [](const auto& of) {
                   return If(of.has_playbook_action_executed(),
                             of.playbook_action_executed().action_name());
                 }),
    Reads<Event>("success", [](const auto& of) { return SuccessOf(of); }),
    Reads<Event>("message", [](const auto& of) { return MessageOf(of); }),
    Reads<Event>("actionsExecuted", [](const auto& of) { return ActionsExecutedOf(of); }),
    Reads<Event>("channel",
                 [](const auto& of) {
                   return If(of.has_notification_sent(), of.notification_sent().channel());
                 }),
    Reads<Event>("assignees",
                 [](const auto& of) {
                   return of.has_assignment_changed()
                              ? std::optional(&of.assignment_changed().assignees())
                              : std::nullopt;
                 }),
    Reads<Event>(
        "author",
        [](const auto& of) { return If(of.has_comment_added(), of.comment_added().author()); }),
    Reads<Event>(
        "comment",
        [](const auto& of) { return If(of.has_comment_added(), of.comment_added().comment()); }),
    Reads<Event>(
        "category",
        [](const auto& of) { return If(of.has_system_event(), of.system_event().category()); }),
    Reads<Event>("metadata",
                 [](const auto& of) {
                   return of.has_system_event() ? std::optional(&of.system_event().metadata())
                                                : std::nullopt;
                 }),
};

constexpr ObjectFields kObjects[] = {{"Alert", kAlert}, {"Event", kEvent}};

}  // namespace

std::span<const ObjectFields> EventObjects() { return kObjects; }

}  // namespace tocsin::bridge::graphql
