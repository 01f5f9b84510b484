// The schemas that the routes' descriptions refer to. Those of events, incidents and alerts are made
// from the tables by which they are written and read.
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <utility>
#include <vector>

#include "bridge/http/api_docs.h"
#include "core/event/error.h"
#include "core/event/json_input.h"
#include "core/event/json_schema.h"

namespace tocsin::bridge {
namespace {

namespace json = boost::json;

constexpr std::string_view kSubject[] = {"title", "source", "severity"};

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

json::object FilterSchema() {
  const auto& type = *v1::Filter::descriptor();
  std::vector<std::string_view> names;
  for (int i = 0; i < type.field_count(); ++i) {
    names.push_back(type.field(i)->name());
  }
  return InputSchema(type, names, {});
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
      "next_page_token":{"type":["string","null"]},"cursor":{"type":"string"}}},
  "AlertsTaken":{"type":"object","required":["status","taken","duplicates","left_out","truncated","problems"],
    "properties":{"status":{"const":"success"},"taken":{"type":"integer"},"duplicates":{"type":"integer"},
      "left_out":{"type":"integer"},"truncated":{"type":"integer"},"problems":{"type":"array","items":{
        "type":"object","required":["alert","field","detail"],"properties":{"alert":{"type":"integer"},
          "field":{"type":"string"},"detail":{"type":"string"}}}}}},
  "LabelledAlert":{"type":"object","required":["labels"],"properties":{
    "status":{"enum":["firing","resolved"]},
    "labels":{"type":"object","minProperties":1,"additionalProperties":{"type":"string"}},
    "annotations":{"type":"object","additionalProperties":{"type":"string"}},
    "startsAt":{"type":"string","format":"date-time"},"endsAt":{"type":"string","format":"date-time"},
    "generatorURL":{"type":"string"},"fingerprint":{"type":"string"}}},
  "AlertGroup":{"type":"object","required":["alerts"],"properties":{
    "alerts":{"type":"array","maxItems":10000,"items":{"$ref":"#/components/schemas/LabelledAlert"}},
    "truncatedAlerts":{"type":"integer"}}},
  "OnCallAlert":{"type":"object","required":["title"],"properties":{"alert_uid":{"type":"string"},
    "title":{"type":"string","minLength":1},"state":{"enum":["alerting","ok"]},"message":{"type":"string"},
    "image_url":{"type":"string"},"link_to_upstream_details":{"type":"string"}}},
  "PagerDutyEvent":{"type":"object","required":["event_action"],"properties":{
    "routing_key":{"type":"string"},"event_action":{"enum":["trigger","acknowledge","resolve"]},
    "dedup_key":{"type":"string","maxLength":255},"payload":{"type":"object",
      "required":["summary","source","severity"],"properties":{"summary":{"type":"string"},
        "source":{"type":"string"},"severity":{"enum":["critical","error","warning","info"]},
        "timestamp":{"type":"string"},"component":{"type":"string"},"group":{"type":"string"},
        "class":{"type":"string"},"custom_details":{}}}}},
  "PagerDutyChange":{"type":"object","required":["payload"],"properties":{
    "routing_key":{"type":"string"},"payload":{"type":"object","required":["summary"],"properties":{
      "summary":{"type":"string"},"source":{"type":"string"},"timestamp":{"type":"string"},
      "custom_details":{}}}}},
  "PagerDutyAnswer":{"type":"object","required":["status","message"],"properties":{
    "status":{"type":"string"},"message":{"type":"string"},"dedup_key":{"type":"string"},
    "errors":{"type":"array","items":{"type":"string"}}}},
  "GraphqlRequest":{"type":"object","required":["query"],"properties":{"query":{"type":"string"},
    "operationName":{"type":["string","null"]},"variables":{"type":["object","null"]},
    "extensions":{"type":["object","null"]}}},
  "GraphqlResult":{"type":"object","properties":{"data":{"type":["object","null"]},
    "errors":{"type":"array","minItems":1,"items":{"type":"object","required":["message","extensions"],
      "properties":{"message":{"type":"string"},"locations":{"type":"array"},"path":{"type":"array"},
        "extensions":{"type":"object","required":["code","timestamp"]}}}},
    "extensions":{"type":"object"}}},
  "ExplainInput":{"type":"object","additionalProperties":false,"properties":{
    "filter":{"$ref":"#/components/schemas/Filter"},
    "require":{"type":"array","maxItems":8,"items":{"$ref":"#/components/schemas/Filter"}},
    "event":{"$ref":"#/components/schemas/EventInput"},
    "last":{"type":"integer","minimum":1,"maximum":1000},"show":{"enum":["matching","not_matching"]},
    "session_id":{"type":"string"}}},
  "Explanation":{"type":"object","required":["event_id","cursor","event_type","matches","fields"],
    "properties":{"event_id":{"type":"string"},"cursor":{"type":"string"},"event_type":{"type":"string"},
      "matches":{"type":"boolean"},"fields":{"type":"array","items":{"type":"object",
        "required":["field","matches","reason","event_values","filter_values"],"properties":{
          "field":{"type":"string"},"matches":{"type":"boolean"},"reason":{"type":"string"},
          "event_values":{"type":"array","items":{"type":"string"}},
          "filter_values":{"type":"array","items":{"type":"string"}}}}}}},
  "Explained":{"type":"object","properties":{"looked_at":{"type":"integer"},
    "matching":{"type":"integer"},"left_out":{"type":"integer"},
    "explanations":{"type":"array","items":{"$ref":"#/components/schemas/Explanation"}},
    "session":{"type":"object"}}}
})";

}  // namespace

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

std::string ApiComponents() {
  json::object schemas = json::parse(kOtherSchemas).as_object();
  schemas.emplace("Event", EventSchema());
  schemas.emplace("Incident", IncidentSchema());
  schemas.emplace("Alert", AlertSchema());
  schemas.emplace("Problem", ProblemSchema());
  schemas.emplace("Filter", FilterSchema());
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
  const json::object bearer{{"type", "http"},
                            {"scheme", "bearer"},
                            {"bearerFormat", "JWT"},
                            {"description", "docs/protocol.md, section 8"}};
  return json::serialize(json::object{{"schemas", std::move(schemas)},
                                      {"securitySchemes", json::object{{"bearer", bearer}}}});
}

}  // namespace tocsin::bridge
