#include "bridge/http/api_docs.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "bridge/http/json_request.h"
#include "bridge/rest/incident_query.h"
#include "core/base/strings.h"
#include "core/base/version.h"
#include "core/event/error.h"
#include "core/event/json_input.h"
#include "core/event/json_schema.h"
#include "core/http/openapi.h"

namespace tocsin::bridge {
namespace {

namespace json = boost::json;
using http::ParameterDoc;
using http::ResponseDoc;
using http::RouteDoc;

constexpr char kText[] = R"({"type":"string"})";
constexpr char kFlag[] = R"({"type":"string","enum":["true","false"]})";
constexpr std::string_view kSubject[] = {"title", "source", "severity"};

std::string Ref(std::string_view name) {
  return absl::StrCat(R"({"$ref":"#/components/schemas/)", ToAbsl(name), "\"}");
}

std::string Number(uint32_t least, uint32_t most) {
  return absl::StrCat(R"({"type":"integer","minimum":)", least, R"(,"maximum":)", most, "}");
}

// ---- parameters ----

ParameterDoc IdempotencyDoc() {
  return {"Idempotency-Key", "header", "Makes a retry the same request.",
          R"({"type":"string","minLength":1,"maxLength":255,"pattern":"^[!-~]+$"})"};
}
ParameterDoc IfMatchDoc() {
  return {"If-Match", "header", "The change is made only while this is the incident's ETag.",
          R"({"type":"string","pattern":"^\"[1-9][0-9]{0,17}\"$"})"};
}

// The filter's, but the one that has no meaning there. Labels are labels.KEY=VALUE, which OpenAPI
// has no words for.
std::vector<ParameterDoc> FilterDocs(std::string_view left_out) {
  std::vector<ParameterDoc> docs;
  const auto& type = *v1::Filter::descriptor();
  for (int i = 0; i < type.field_count(); ++i) {
    const auto& field = *type.field(i);
    if (field.is_map() || field.name() == left_out) {
      continue;
    }
    docs.push_back({field.name(), "query",
                    field.is_repeated() ? "Values with commas between them." : "",
                    json::serialize(field.is_repeated() ? json::object{{"type", "string"}}
                                                        : FieldSchema(field))});
  }
  return docs;
}

std::vector<ParameterDoc> PageDocs(uint32_t usual) {
  return {{"page_size", "query", "",
           absl::StrCat(R"({"type":"integer","minimum":1,"maximum":)", kMaxPageSize,
                        R"(,"default":)", usual, "}")},
          {"page_token", "query", "The next_page_token of the page before.", kText},
          {"order", "query", "", R"({"type":"string","enum":["asc","desc"]})"}};
}

// ---- answers ----

ResponseDoc IncidentDoc(int status, std::string_view description) {
  ResponseDoc doc{.status = status,
                  .description = description,
                  .media_type = kJsonMediaType,
                  .schema = Ref("Incident"),
                  .headers = {"ETag"}};
  if (status == 201) {
    doc.headers.push_back("Location");
  }
  return doc;
}

// Of every route that changes an incident.
RouteDoc ChangeDoc(std::string_view body, std::vector<int> errors) {
  return {.bodies = {{kJsonMediaType, Ref(body)}},
          .responses = {IncidentDoc(200, "The incident as it is after the change."),
                        {.status = 202,
                         .description = "The change is made; the incident cannot be read now.",
                         .media_type = kJsonMediaType,
                         .schema = R"({"type":"object"})",
                         .headers = {"Location"}}},
          .errors = std::move(errors)};
}

// ---- schemas ----

json::object WithActor(json::object schema) {
  schema.at("properties").as_object().emplace("actor", json::object{{"type", "string"}});
  return schema;
}

json::object ActionSchema(v1::EventType type) {
  const bool resolves = type == v1::EVENT_TYPE_INCIDENT_RESOLVED;
  const auto& message =
      resolves ? *v1::Resolution::descriptor()
               : *v1::Event::descriptor()->FindFieldByNumber(20 + type)->message_type();
  std::vector<std::string_view> required;
  for (const std::string_view name : ActionInputFields(type)) {
    if (name == "comment" || name == "assignees" || name == "to_severity") {
      required.push_back(name);
    }
  }
  return WithActor(InputSchema(message, ActionInputFields(type), required));
}

std::string_view ActionSchemaName(v1::EventType type) {
  switch (type) {
    case v1::EVENT_TYPE_INCIDENT_RESOLVED:
      return "Resolve";
    case v1::EVENT_TYPE_COMMENT_ADDED:
      return "Comment";
    case v1::EVENT_TYPE_ASSIGNMENT_CHANGED:
      return "Assign";
    default:
      return "Escalate";
  }
}

json::object ProblemSchema() {
  json::array codes;
  for (const ErrorRow& row : ErrorTable()) {
    codes.emplace_back(json::string_view(row.name.data(), row.name.size()));
  }
  json::object schema = json::parse(R"({"type":"object",
      "required":["type","title","status","detail","code"],
      "properties":{"type":{"type":"string"},"title":{"type":"string"},"status":{"type":"integer"},
        "detail":{"type":"string"},"field":{"type":"string"},
        "allowed":{"type":"array","items":{"type":"string"}},"retry_after_ms":{"type":"integer"},
        "incident":{"$ref":"#/components/schemas/Incident"}}})")
                            .as_object();
  schema.at("properties")
      .as_object()
      .emplace("code", json::object{{"type", "string"}, {"enum", std::move(codes)}});
  return schema;
}

// Those that no table has.
constexpr char kOtherSchemas[] = R"({
  "EventInput":{"type":"object","required":["type"],"properties":{"type":{"type":"string"}}},
  "CloudEvent":{"type":"object","required":["specversion","id","source","type"],"properties":{
    "specversion":{"const":"1.0"},"id":{"type":"string","minLength":1},
    "source":{"type":"string","minLength":1},"type":{"type":"string","minLength":1}}},
  "Published":{"type":"object","required":["events"],"properties":{"events":{"type":"array","items":{
    "type":"object","required":["id","cursor","sequence","duplicate"],"properties":{
      "id":{"type":"string"},"cursor":{"type":"string"},"sequence":{"type":"integer"},
      "duplicate":{"type":"boolean"},"incident_id":{"type":"string"}}}}}},
  "AlertAccepted":{"type":"object","required":["alert_id","incident_id","status","message"],
    "properties":{"alert_id":{"type":"string","format":"uuid"},
      "incident_id":{"type":["string","null"]},"status":{"enum":["accepted","duplicate"]},
      "message":{"type":"string"}}},
  "IncidentPage":{"type":"object",
    "required":["incidents","total","page","page_size","next_page_token"],"properties":{
      "incidents":{"type":"array","items":{"$ref":"#/components/schemas/Incident"}},
      "total":{"type":"integer"},"total_is_at_least":{"type":"boolean"},"page":{"type":"integer"},
      "page_size":{"type":"integer"},"next_page_token":{"type":["string","null"]}}},
  "EventPage":{"type":"object","required":["events","next_page_token","cursor"],"properties":{
      "events":{"type":"array","items":{"$ref":"#/components/schemas/Event"}},
      "next_page_token":{"type":["string","null"]},"cursor":{"type":"string"}}}
})";

}  // namespace

RouteDoc StreamEventsDoc() {
  RouteDoc doc{.parameters = FilterDocs(""),
               .responses = {{.description = "Server-sent events, without an end.",
                              .media_type = "text/event-stream",
                              .schema = kText}},
               .errors = {406, 410}};
  doc.parameters.push_back({"resume_from", "query", "Where the stream begins.", kText});
  doc.parameters.push_back({"leaves", "query", "Whether what leaves the set is told.", kFlag});
  doc.parameters.push_back({"latest_only", "query",
                            "While it is behind, only the newest event of each incident.", kFlag});
  return doc;
}

RouteDoc PublishEventsDoc() {
  return {.parameters = {IdempotencyDoc()},
          .bodies = {{kJsonMediaType,
                      absl::StrCat(R"({"oneOf":[)", Ref("EventInput"),
                                   R"(,{"type":"array","minItems":1,"maxItems":1000,"items":)",
                                   Ref("EventInput"), "}]}")},
                     {"application/cloudevents+json", Ref("CloudEvent")},
                     {"application/cloudevents-batch+json",
                      absl::StrCat(R"({"type":"array","maxItems":1000,"items":)", Ref("CloudEvent"),
                                   "}")}},
          .responses = {{.status = 202,
                         .description = "Published.",
                         .media_type = kJsonMediaType,
                         .schema = Ref("Published")}},
          .errors = {404, 409, 415, 429}};
}

RouteDoc SubmitAlertDoc() {
  return {.parameters = {IdempotencyDoc()},
          .bodies = {{kJsonMediaType, Ref("AlertInput")}},
          .responses = {{.status = 202,
                         .description = "Taken.",
                         .media_type = kJsonMediaType,
                         .schema = Ref("AlertAccepted")}},
          .errors = {409, 415, 429}};
}

RouteDoc ListIncidentsDoc() {
  RouteDoc doc{.parameters = FilterDocs("event_types"),
               .responses = {{.description = "A page of incidents.",
                              .media_type = kJsonMediaType,
                              .schema = Ref("IncidentPage")}},
               .errors = {410, 415}};
  for (ParameterDoc& each : PageDocs(kIncidentPageSize)) {
    doc.parameters.push_back(std::move(each));
  }
  doc.parameters.push_back({"page", "query", "By its number; or page_token.",
                            Number(1, kMaxSkipped / kMaxPageSize + 1)});
  doc.parameters.push_back(
      {"sort", "query", "", R"({"type":"string","enum":["updated_at","created_at","severity"]})"});
  return doc;
}

RouteDoc ListIncidentEventsDoc() {
  RouteDoc doc{.parameters = FilterDocs("incident_ids"),
               .responses = {{.description = "A page of events.",
                              .media_type = kJsonMediaType,
                              .schema = Ref("EventPage")}},
               .errors = {404, 410, 415}};
  for (ParameterDoc& each : PageDocs(kEventPageSize)) {
    doc.parameters.push_back(std::move(each));
  }
  doc.parameters.push_back({"from", "query", "A cursor, a time, earliest or latest.", kText});
  doc.parameters.push_back({"to", "query", "A cursor, a time, earliest or latest.", kText});
  return doc;
}

RouteDoc GetIncidentDoc() {
  return {
      .parameters = {{"If-None-Match", "header", "An ETag that the client has.", kText}},
      .responses = {IncidentDoc(200, "The incident."),
                    {.status = 304, .description = "As the client has it.", .headers = {"ETag"}}},
      .errors = {404}};
}

RouteDoc CreateIncidentDoc() {
  RouteDoc doc = ChangeDoc("IncidentInput", {409, 415, 429});
  doc.responses[0] = IncidentDoc(201, "The incident that was created.");
  doc.parameters = {IdempotencyDoc()};
  return doc;
}

RouteDoc ReplaceIncidentDoc() {
  RouteDoc doc = ChangeDoc("IncidentInput", {404, 409, 412, 415, 429});
  doc.parameters = {IfMatchDoc()};
  return doc;
}

RouteDoc PatchIncidentDoc() {
  RouteDoc doc = ChangeDoc("IncidentPatch", {404, 409, 412, 415, 429});
  doc.parameters = {IfMatchDoc()};
  doc.bodies.push_back({"application/merge-patch+json", Ref("IncidentPatch")});
  return doc;
}

RouteDoc ActOnIncidentDoc(v1::EventType type) {
  RouteDoc doc = ChangeDoc(ActionSchemaName(type), {404, 409, 412, 415, 429});
  doc.parameters = {IfMatchDoc(), IdempotencyDoc()};
  doc.body_is_optional = type == v1::EVENT_TYPE_INCIDENT_RESOLVED;
  return doc;
}

std::string ApiComponents() {
  json::object schemas = json::parse(kOtherSchemas).as_object();
  schemas.emplace("Event", EventSchema());
  schemas.emplace("Incident", IncidentSchema());
  schemas.emplace("Alert", AlertSchema());
  schemas.emplace("Problem", ProblemSchema());
  schemas.emplace("AlertInput",
                  InputSchema(*v1::Alert::descriptor(), AlertInputFields(), kSubject));
  std::vector<std::string_view> names = {"id"};
  names.insert(names.end(), IncidentInputFields().begin(), IncidentInputFields().end());
  schemas.emplace("IncidentInput",
                  WithActor(InputSchema(*v1::Incident::descriptor(), names, kSubject)));
  schemas.emplace("IncidentPatch",
                  WithActor(PatchSchema(*v1::Incident::descriptor(), IncidentInputFields())));
  for (const v1::EventType type : {v1::EVENT_TYPE_INCIDENT_RESOLVED, v1::EVENT_TYPE_COMMENT_ADDED,
                                   v1::EVENT_TYPE_ASSIGNMENT_CHANGED, v1::EVENT_TYPE_ESCALATED}) {
    const std::string_view name = ActionSchemaName(type);
    schemas.emplace(json::string_view(name.data(), name.size()), ActionSchema(type));
  }
  return json::serialize(json::object{{"schemas", std::move(schemas)}});
}

void AddApiDocument(std::vector<http::Route>& routes) {
  routes.push_back({.name = "openApi",
                    .summary = "This description.",
                    .method = "GET",
                    .pattern = "/openapi.json",
                    .doc = {.responses = {{.description = "An OpenAPI 3.1 document.",
                                           .media_type = kJsonMediaType,
                                           .schema = R"({"type":"object"})"}}}});
  std::string document = http::OpenApiDocument(
      {.title = "Tocsin", .version = Version(), .components = ApiComponents()}, routes);
  routes.back().handler = http::AtOnce([body = std::move(document)](const http::HttpRequest&) {
    return http::HttpResponse{.content_type = std::string(kJsonMediaType), .body = body + "\n"};
  });
}

}  // namespace tocsin::bridge
