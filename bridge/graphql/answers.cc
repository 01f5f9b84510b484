#include "bridge/graphql/answers.h"

#include "bridge/graphql/object_fields.h"
#include "bridge/graphql/result_writer.h"
#include "core/base/version.h"

namespace tocsin::bridge::graphql {
namespace {

using AlertResult = v1::SubmitAlertResponse;
using Text = std::string_view;

constexpr FieldReader kIncidentPage[] = {
    Reads<IncidentPage>("items", [](const auto& of) { return &of.response->incidents(); }),
    Reads<IncidentPage>("total", [](const auto& of) { return uint64_t{of.response->total()}; }),
    Reads<IncidentPage>("totalIsAtLeast",
                        [](const auto& of) { return of.response->total_is_at_least(); }),
    Reads<IncidentPage>("page", [](const auto& of) { return of.page; }),
    Reads<IncidentPage>("pageSize", [](const auto& of) { return of.page_size; }),
    Reads<IncidentPage>("hasNextPage",
                        [](const auto& of) { return !of.response->next_page_token().empty(); }),
    Reads<IncidentPage>("cursor", [](const auto& of) { return Text(of.response->cursor()); }),
};

constexpr FieldReader kHealth[] = {
    Reads<HealthNow>("status", [](const auto& of) { return Text(of.status); }),
    Reads<HealthNow>("hub", [](const auto& of) { return Text(of.hub); }),
    Reads<HealthNow>("version", [](const auto&) { return Text(Version()); }),
    Reads<HealthNow>("uptimeSeconds", [](const auto& of) { return of.uptime_seconds; }),
};

constexpr FieldReader kAlertResult[] = {
    Reads<AlertResult>("alertId", [](const auto& of) { return Uuid{of.alert_id()}; }),
    Reads<AlertResult>("incidentId", [](const auto& of) { return Uuid{of.incident_id()}; }),
    Reads<AlertResult>("duplicate", [](const auto& of) { return of.duplicate(); }),
    Reads<AlertResult>("opened", [](const auto& of) { return of.opened(); }),
    Reads<AlertResult>("cursor",
                       [](const auto& of) {
                         return of.cursor().empty() ? std::nullopt
                                                    : std::optional<Text>(of.cursor());
                       }),
};

constexpr FieldReader kIncidentResult[] = {
    Reads<IncidentResult>("incident", [](const auto& of) { return of.incident; }),
    Reads<IncidentResult>("eventId", [](const auto& of) { return Uuid{of.event_id}; }),
    Reads<IncidentResult>("cursor", [](const auto& of) { return of.cursor; }),
    Reads<IncidentResult>("sequence", [](const auto& of) { return of.sequence; }),
    Reads<IncidentResult>("duplicate", [](const auto& of) { return of.duplicate; }),
};

constexpr ObjectFields kObjects[] = {{"IncidentPage", kIncidentPage},
                                     {"Health", kHealth},
                                     {"AlertResult", kAlertResult},
                                     {"IncidentResult", kIncidentResult}};

}  // namespace

std::span<const ObjectFields> AnswerObjects() { return kObjects; }

}  // namespace tocsin::bridge::graphql
