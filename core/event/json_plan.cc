// Which fields are always there, and which only when they are set:
//
//   event body   event_type, every field of the payload, incident where the event has one, id and
//                priority; actor and traceparent when not empty; previous_state when set
//   whole event  id, type, priority, actor and traceparent, then payload and incident; what the hub
//                gives (sequence, epoch, time, cursor) once it is given
//   incident     all but active_playbook, resolution, fingerprint and correlation_score, which are
//                there when set, and timeline, notes and alerts, which are there when not empty
//   alert        all but runbook_url, incident_id, parent_alert_id, fingerprint and ends_at, which
//                are there when set
//   resolution, timeline entry, note, an incident's alert
//                all
//   filter       what is set
//
// An enum or a time that is always there and not set is null (docs/protocol.md, section 1).
#include "core/event/json_plan.h"

#include "core/event/names.h"

namespace tocsin {
namespace {

using enum JsonKind;
using enum JsonWhen;

template <typename Enum>
std::string_view EnumText(int number) {
  return NameOf(static_cast<Enum>(number));
}

template <typename Enum, size_t N>
constexpr JsonField EnumField(const char (&name)[N], int number, JsonWhen when = kAlways,
                              JsonKind kind = kEnum) {
  return {name, number, kind, when, nullptr, EnumText<Enum>};
}

// ---- incident ----

constexpr JsonField kResolutionFields[] = {
    {"resolved_at", v1::Resolution::kResolvedAtFieldNumber, kTime, kAlways},
    {"resolved_by", v1::Resolution::kResolvedByFieldNumber, kText, kAlways},
    EnumField<v1::ResolutionMethod>("resolution_method",
                                    v1::Resolution::kResolutionMethodFieldNumber),
    {"root_cause", v1::Resolution::kRootCauseFieldNumber, kText, kAlways},
    {"notes", v1::Resolution::kNotesFieldNumber, kText, kAlways},
};
constexpr JsonPlan kResolution(kResolutionFields);

constexpr JsonField kTimelineEntryFields[] = {
    {"timestamp", v1::TimelineEntry::kTimestampFieldNumber, kTime, kAlways},
    {"event_type", v1::TimelineEntry::kEventTypeFieldNumber, kText, kAlways},
    {"actor", v1::TimelineEntry::kActorFieldNumber, kText, kAlways},
    {"description", v1::TimelineEntry::kDescriptionFieldNumber, kText, kAlways},
    {"metadata", v1::TimelineEntry::kMetadataFieldNumber, kMap, kAlways},
};
constexpr JsonPlan kTimelineEntry(kTimelineEntryFields);

constexpr JsonField kNoteFields[] = {
    {"id", v1::Note::kIdFieldNumber, kText, kAlways},
    {"author", v1::Note::kAuthorFieldNumber, kText, kAlways},
    {"content", v1::Note::kContentFieldNumber, kText, kAlways},
    {"created_at", v1::Note::kCreatedAtFieldNumber, kTime, kAlways},
};
constexpr JsonPlan kNote(kNoteFields);

constexpr JsonField kIncidentAlertFields[] = {
    {"fingerprint", v1::IncidentAlert::kFingerprintFieldNumber, kText, kAlways},
    {"alert_id", v1::IncidentAlert::kAlertIdFieldNumber, kText, kAlways},
    {"source", v1::IncidentAlert::kSourceFieldNumber, kText, kAlways},
    {"title", v1::IncidentAlert::kTitleFieldNumber, kText, kAlways},
    EnumField<v1::Severity>("severity", v1::IncidentAlert::kSeverityFieldNumber),
    EnumField<v1::AlertStatus>("status", v1::IncidentAlert::kStatusFieldNumber),
    {"count", v1::IncidentAlert::kCountFieldNumber, kNumber32, kAlways},
    {"first_at", v1::IncidentAlert::kFirstAtFieldNumber, kTime, kAlways},
    {"last_at", v1::IncidentAlert::kLastAtFieldNumber, kTime, kAlways},
};
constexpr JsonPlan kIncidentAlert(kIncidentAlertFields);

constexpr JsonField kIncidentFields[] = {
    {"id", v1::Incident::kIdFieldNumber, kText, kAlways},
    {"created_at", v1::Incident::kCreatedAtFieldNumber, kTime, kAlways},
    {"updated_at", v1::Incident::kUpdatedAtFieldNumber, kTime, kAlways},
    EnumField<v1::IncidentState>("state", v1::Incident::kStateFieldNumber),
    EnumField<v1::Severity>("severity", v1::Incident::kSeverityFieldNumber),
    EnumField<v1::IncidentType>("incident_type", v1::Incident::kIncidentTypeFieldNumber),
    {"source", v1::Incident::kSourceFieldNumber, kText, kAlways},
    {"title", v1::Incident::kTitleFieldNumber, kText, kAlways},
    {"description", v1::Incident::kDescriptionFieldNumber, kText, kAlways},
    {"affected_resources", v1::Incident::kAffectedResourcesFieldNumber, kTexts, kAlways},
    {"labels", v1::Incident::kLabelsFieldNumber, kMap, kAlways},
    {"metadata", v1::Incident::kMetadataFieldNumber, kMap, kAlways},
    {"related_incidents", v1::Incident::kRelatedIncidentsFieldNumber, kTexts, kAlways},
    {"active_playbook", v1::Incident::kActivePlaybookFieldNumber, kText, kSet},
    {"resolution", v1::Incident::kResolutionFieldNumber, kMessage, kSet, &kResolution},
    {"timeline", v1::Incident::kTimelineFieldNumber, kMessages, kSet, &kTimelineEntry},
    {"assignees", v1::Incident::kAssigneesFieldNumber, kTexts, kAlways},
    {"notes", v1::Incident::kNotesFieldNumber, kMessages, kSet, &kNote},
    {"fingerprint", v1::Incident::kFingerprintFieldNumber, kText, kSet},
    {"correlation_score", v1::Incident::kCorrelationScoreFieldNumber, kDouble, kSet},
    {"alerts", v1::Incident::kAlertsFieldNumber, kMessages, kSet, &kIncidentAlert},
};

// ---- alert ----

constexpr JsonField kAlertFields[] = {
    {"id", v1::Alert::kIdFieldNumber, kText, kAlways},
    {"external_id", v1::Alert::kExternalIdFieldNumber, kText, kAlways},
    {"source", v1::Alert::kSourceFieldNumber, kText, kAlways},
    {"timestamp", v1::Alert::kTimestampFieldNumber, kTime, kAlways},
    {"received_at", v1::Alert::kReceivedAtFieldNumber, kTime, kAlways},
    EnumField<v1::Severity>("severity", v1::Alert::kSeverityFieldNumber),
    EnumField<v1::IncidentType>("alert_type", v1::Alert::kAlertTypeFieldNumber),
    {"title", v1::Alert::kTitleFieldNumber, kText, kAlways},
    {"description", v1::Alert::kDescriptionFieldNumber, kText, kAlways},
    {"labels", v1::Alert::kLabelsFieldNumber, kMap, kAlways},
    {"affected_services", v1::Alert::kAffectedServicesFieldNumber, kTexts, kAlways},
    {"runbook_url", v1::Alert::kRunbookUrlFieldNumber, kText, kSet},
    {"annotations", v1::Alert::kAnnotationsFieldNumber, kMap, kAlways},
    {"incident_id", v1::Alert::kIncidentIdFieldNumber, kText, kSet},
    {"deduplicated", v1::Alert::kDeduplicatedFieldNumber, kBool, kAlways},
    {"parent_alert_id", v1::Alert::kParentAlertIdFieldNumber, kText, kSet},
    EnumField<v1::AlertStatus>("status", v1::Alert::kStatusFieldNumber),
    {"fingerprint", v1::Alert::kFingerprintFieldNumber, kText, kUnlessDefault},
    {"ends_at", v1::Alert::kEndsAtFieldNumber, kTime, kSet},
};

// ---- filter ----

constexpr JsonField kFilterFields[] = {
    EnumField<v1::EventType>("event_types", v1::Filter::kEventTypesFieldNumber, kSet, kEnums),
    EnumField<v1::Severity>("severities", v1::Filter::kSeveritiesFieldNumber, kSet, kEnums),
    EnumField<v1::IncidentState>("states", v1::Filter::kStatesFieldNumber, kSet, kEnums),
    {"sources", v1::Filter::kSourcesFieldNumber, kTexts, kSet},
    {"affected_resources", v1::Filter::kAffectedResourcesFieldNumber, kTexts, kSet},
    {"labels", v1::Filter::kLabelsFieldNumber, kMap, kSet},
    {"incident_ids", v1::Filter::kIncidentIdsFieldNumber, kTexts, kSet},
    {"active_only", v1::Filter::kActiveOnlyFieldNumber, kBool, kUnlessDefault},
};

}  // namespace

constexpr JsonPlan kJsonIncident(kIncidentFields);
constexpr JsonPlan kJsonAlert(kAlertFields);
constexpr JsonPlan kJsonFilter(kFilterFields);

// ---- event ----

namespace {

constexpr JsonField kIncidentUpdatedFields[] = {
    EnumField<v1::IncidentState>("previous_state", v1::IncidentUpdated::kPreviousStateFieldNumber,
                                 kUnlessDefault),
};
constexpr JsonPlan kIncidentUpdated(kIncidentUpdatedFields);

constexpr JsonField kAlertReceivedFields[] = {
    {"alert", v1::AlertReceived::kAlertFieldNumber, kMessage, kSet, &kJsonAlert},
};
constexpr JsonPlan kAlertReceived(kAlertReceivedFields);

constexpr JsonField kAlertConvertedFields[] = {
    {"incident_id", v1::AlertConverted::kIncidentIdFieldNumber, kText, kAlways},
    {"alert", v1::AlertConverted::kAlertFieldNumber, kMessage, kSet, &kJsonAlert},
};
constexpr JsonPlan kAlertConverted(kAlertConvertedFields);

constexpr JsonField kEscalatedFields[] = {
    {"incident_id", v1::Escalated::kIncidentIdFieldNumber, kText, kAlways},
    EnumField<v1::Severity>("from_severity", v1::Escalated::kFromSeverityFieldNumber),
    EnumField<v1::Severity>("to_severity", v1::Escalated::kToSeverityFieldNumber),
    {"reason", v1::Escalated::kReasonFieldNumber, kText, kAlways},
};
constexpr JsonPlan kEscalated(kEscalatedFields);

constexpr JsonField kPlaybookStartedFields[] = {
    {"incident_id", v1::PlaybookStarted::kIncidentIdFieldNumber, kText, kAlways},
    {"playbook_id", v1::PlaybookStarted::kPlaybookIdFieldNumber, kText, kAlways},
    {"playbook_name", v1::PlaybookStarted::kPlaybookNameFieldNumber, kText, kAlways},
};
constexpr JsonPlan kPlaybookStarted(kPlaybookStartedFields);

constexpr JsonField kPlaybookActionFields[] = {
    {"incident_id", v1::PlaybookActionExecuted::kIncidentIdFieldNumber, kText, kAlways},
    {"playbook_id", v1::PlaybookActionExecuted::kPlaybookIdFieldNumber, kText, kAlways},
    {"action_name", v1::PlaybookActionExecuted::kActionNameFieldNumber, kText, kAlways},
    {"success", v1::PlaybookActionExecuted::kSuccessFieldNumber, kBool, kAlways},
    {"message", v1::PlaybookActionExecuted::kMessageFieldNumber, kText, kAlways},
};
constexpr JsonPlan kPlaybookAction(kPlaybookActionFields);

constexpr JsonField kPlaybookCompletedFields[] = {
    {"incident_id", v1::PlaybookCompleted::kIncidentIdFieldNumber, kText, kAlways},
    {"playbook_id", v1::PlaybookCompleted::kPlaybookIdFieldNumber, kText, kAlways},
    {"success", v1::PlaybookCompleted::kSuccessFieldNumber, kBool, kAlways},
    {"actions_executed", v1::PlaybookCompleted::kActionsExecutedFieldNumber, kNumber32, kAlways},
};
constexpr JsonPlan kPlaybookCompleted(kPlaybookCompletedFields);

constexpr JsonField kNotificationFields[] = {
    {"incident_id", v1::NotificationSent::kIncidentIdFieldNumber, kText, kAlways},
    {"channel", v1::NotificationSent::kChannelFieldNumber, kText, kAlways},
    {"success", v1::NotificationSent::kSuccessFieldNumber, kBool, kAlways},
};
constexpr JsonPlan kNotification(kNotificationFields);

constexpr JsonField kAssignmentFields[] = {
    {"incident_id", v1::AssignmentChanged::kIncidentIdFieldNumber, kText, kAlways},
    {"assignees", v1::AssignmentChanged::kAssigneesFieldNumber, kTexts, kAlways},
};
constexpr JsonPlan kAssignment(kAssignmentFields);

constexpr JsonField kCommentFields[] = {
    {"incident_id", v1::CommentAdded::kIncidentIdFieldNumber, kText, kAlways},
    {"author", v1::CommentAdded::kAuthorFieldNumber, kText, kAlways},
    {"comment", v1::CommentAdded::kCommentFieldNumber, kText, kAlways},
};
constexpr JsonPlan kComment(kCommentFields);

constexpr JsonField kSystemEventFields[] = {
    {"category", v1::SystemEvent::kCategoryFieldNumber, kText, kAlways},
    {"message", v1::SystemEvent::kMessageFieldNumber, kText, kAlways},
    {"metadata", v1::SystemEvent::kMetadataFieldNumber, kMap, kAlways},
};
constexpr JsonPlan kSystemEvent(kSystemEventFields);

// The oneof: an event has at most one of these; then the incident.
constexpr JsonField kPayloadFields[] = {
    {v1::Event::kIncidentUpdatedFieldNumber, kMembers, &kIncidentUpdated},
    {v1::Event::kAlertReceivedFieldNumber, kMembers, &kAlertReceived},
    {v1::Event::kAlertConvertedFieldNumber, kMembers, &kAlertConverted},
    {v1::Event::kEscalatedFieldNumber, kMembers, &kEscalated},
    {v1::Event::kPlaybookStartedFieldNumber, kMembers, &kPlaybookStarted},
    {v1::Event::kPlaybookActionExecutedFieldNumber, kMembers, &kPlaybookAction},
    {v1::Event::kPlaybookCompletedFieldNumber, kMembers, &kPlaybookCompleted},
    {v1::Event::kNotificationSentFieldNumber, kMembers, &kNotification},
    {v1::Event::kAssignmentChangedFieldNumber, kMembers, &kAssignment},
    {v1::Event::kCommentAddedFieldNumber, kMembers, &kComment},
    {v1::Event::kSystemEventFieldNumber, kMembers, &kSystemEvent},
    {"incident", v1::Event::kIncidentFieldNumber, kMessage, kSet, &kJsonIncident},
};
constexpr JsonPlan kPayloadAndIncident(kPayloadFields);

constexpr JsonField kEventBodyFields[] = {
    EnumField<v1::EventType>("event_type", v1::Event::kTypeFieldNumber),
    {0, kFields, &kPayloadAndIncident},
    {"id", v1::Event::kIdFieldNumber, kText, kAlways},
    EnumField<v1::Priority>("priority", v1::Event::kPriorityFieldNumber),
    {"actor", v1::Event::kActorFieldNumber, kText, kUnlessDefault},
    {"traceparent", v1::Event::kTraceparentFieldNumber, kText, kUnlessDefault},
};

constexpr JsonField kEventFields[] = {
    {"id", v1::Event::kIdFieldNumber, kText, kAlways},
    {"sequence", v1::Event::kSequenceFieldNumber, kNumber, kUnlessDefault},
    {"epoch", v1::Event::kEpochFieldNumber, kNumber, kUnlessDefault},
    {"time", v1::Event::kTimeFieldNumber, kTime, kSet},
    EnumField<v1::EventType>("type", v1::Event::kTypeFieldNumber),
    EnumField<v1::Priority>("priority", v1::Event::kPriorityFieldNumber),
    {"actor", v1::Event::kActorFieldNumber, kText, kAlways},
    {"traceparent", v1::Event::kTraceparentFieldNumber, kText, kAlways},
    {"cursor", v1::Event::kCursorFieldNumber, kText, kUnlessDefault},
    {0, kFields, &kPayloadAndIncident},
};

}  // namespace

constexpr JsonPlan kJsonEventBody(kEventBodyFields);
constexpr JsonPlan kJsonEvent(kEventFields);

}  // namespace tocsin
