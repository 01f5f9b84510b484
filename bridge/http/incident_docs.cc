// What the routes of incidents take and answer.
#include <utility>
#include <vector>

#include "bridge/http/api_docs.h"
#include "bridge/http/doc_parts.h"
#include "bridge/http/json_request.h"
#include "bridge/rest/incident_query.h"

namespace tocsin::bridge {
namespace {

using http::ResponseDoc;
using http::RouteDoc;

constexpr char kIncidentExample[] = R"({"title":"Disk full","source":"monitor","severity":"P1",
  "labels":{"env":"production"},"actor":"ann"})";
constexpr char kPatchExample[] = R"({"severity":"P0","labels":{"team":"db","env":null}})";

ResponseDoc IncidentDoc(int status, std::string_view description) {
  ResponseDoc doc{.status = status,
                  .description = description,
                  .media_type = kJsonMediaType,
                  .schema = SchemaRef("Incident"),
                  .headers = {"ETag"}};
  if (status == 201) {
    doc.headers.push_back("Location");
  }
  return doc;
}

// Of every route that changes an incident.
RouteDoc ChangeDoc(std::string_view body, std::string_view example, std::vector<int> errors) {
  return {.bodies = {{kJsonMediaType, SchemaRef(body), example}},
          .responses = {IncidentDoc(200, "The incident as it is after the change."),
                        {.status = 202,
                         .description = "The change is made; the incident cannot be read now.",
                         .media_type = kJsonMediaType,
                         .schema = R"({"type":"object"})",
                         .headers = {"Location"}}},
          .errors = std::move(errors)};
}

std::string_view ActionExample(v1::EventType type) {
  switch (type) {
    case v1::EVENT_TYPE_INCIDENT_RESOLVED:
      return R"({"root_cause":"logs were not rotated","actor":"ann"})";
    case v1::EVENT_TYPE_COMMENT_ADDED:
      return R"({"comment":"Looking into it.","actor":"ann"})";
    case v1::EVENT_TYPE_ASSIGNMENT_CHANGED:
      return R"({"assignees":["ann","bob"]})";
    default:
      return R"({"to_severity":"P0","reason":"it spreads"})";
  }
}

}  // namespace

RouteDoc ListIncidentsDoc() {
  return {.parameters = IncidentsQueryDocs(),
          .responses = {{.description = "A page of incidents.",
                         .media_type = kJsonMediaType,
                         .schema = SchemaRef("IncidentPage")}},
          .errors = {410, 415}};
}

RouteDoc ListIncidentEventsDoc() {
  return {.parameters = EventsQueryDocs(),
          .responses = {{.description = "A page of events.",
                         .media_type = kJsonMediaType,
                         .schema = SchemaRef("EventPage")}},
          .errors = {404, 410, 415}};
}

RouteDoc GetIncidentDoc() {
  return {
      .parameters = {{"If-None-Match", "header", "An ETag that the client has.", kTextSchema}},
      .responses = {IncidentDoc(200, "The incident."),
                    {.status = 304, .description = "As the client has it.", .headers = {"ETag"}}},
      .errors = {404}};
}

RouteDoc CreateIncidentDoc() {
  RouteDoc doc = ChangeDoc("IncidentInput", kIncidentExample, {409, 415, 429});
  doc.responses[0] = IncidentDoc(201, "The incident that was created.");
  doc.parameters = {IdempotencyDoc()};
  return doc;
}

RouteDoc ReplaceIncidentDoc() {
  RouteDoc doc = ChangeDoc("IncidentInput", kIncidentExample, {404, 409, 412, 415, 429});
  doc.parameters = {IfMatchDoc()};
  return doc;
}

RouteDoc PatchIncidentDoc() {
  RouteDoc doc = ChangeDoc("IncidentPatch", kPatchExample, {404, 409, 412, 415, 429});
  doc.parameters = {IfMatchDoc()};
  doc.bodies.push_back({"application/merge-patch+json", SchemaRef("IncidentPatch"), kPatchExample});
  return doc;
}

RouteDoc ActOnIncidentDoc(v1::EventType type) {
  RouteDoc doc = ChangeDoc(ActionSchemaName(type), ActionExample(type), {404, 409, 412, 415, 429});
  doc.parameters = {IfMatchDoc(), IdempotencyDoc()};
  doc.body_is_optional = type == v1::EVENT_TYPE_INCIDENT_RESOLVED;
  return doc;
}

}  // namespace tocsin::bridge
