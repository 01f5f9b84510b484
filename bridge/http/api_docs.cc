#include "bridge/http/api_docs.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "bridge/http/doc_parts.h"
#include "bridge/http/filter_parameters.h"
#include "bridge/http/json_request.h"
#include "core/base/version.h"
#include "core/http/openapi.h"

namespace tocsin::bridge {
namespace {

using http::ParameterDoc;
using http::RouteDoc;

constexpr char kBooleanSchema[] = R"({"type":"boolean"})";

constexpr char kEventExample[] = R"({"type":"system_event","category":"deploy",
  "message":"1.2.3 is out"})";
constexpr char kCloudEventExample[] = R"({"specversion":"1.0","id":"7","source":"/ci",
  "type":"com.example.built","subject":"main","data":{"ok":true}})";
constexpr char kCloudEventsExample[] = R"([{"specversion":"1.0","id":"8","source":"/ci",
  "type":"com.example.built"}])";
constexpr char kExplainExample[] = R"({"filter":{"severities":["P0","P1"]},"last":20})";

std::string ListOf(std::string_view schema) {
  return absl::StrCat(R"({"type":"array","maxItems":1000,"items":)", SchemaRef(schema), "}");
}

}  // namespace

RouteDoc WebSocketDoc() {
  return {.parameters = {{"Sec-WebSocket-Key", "header", "16 bytes in base64.", kTextSchema},
                         {"Sec-WebSocket-Version", "header", "", R"({"const":"13"})"},
                         {"Sec-WebSocket-Extensions", "header", "permessage-deflate is known.",
                          kTextSchema},
                         {"Origin", "header",
                          "Of a browser: one that the bridge is told to let in.", kTextSchema}},
          .responses = {{.status = 101,
                         .description = "Messages follow, as docs/protocol.md says.",
                         .headers = {"Upgrade", "Connection", "Sec-WebSocket-Accept"}}},
          .errors = {426, 429}};
}

RouteDoc GraphqlWebSocketDoc() {
  RouteDoc doc = WebSocketDoc();
  doc.parameters.push_back(
      {"Sec-WebSocket-Protocol", "header", "graphql-transport-ws is spoken.", kTextSchema});
  doc.responses[0].description = "Messages of the protocol graphql-transport-ws follow.";
  doc.responses[0].headers.push_back("Sec-WebSocket-Protocol");
  return doc;
}

RouteDoc StreamEventsDoc() {
  RouteDoc doc{.parameters = FilterParameters::Docs(FilterParameters::NameForms::kPlural),
               .responses = {{.description = "Events, without an end.",
                              .media_type = "text/event-stream",
                              .schema = kTextSchema},
                             {.description = "Events, without an end.",
                              .media_type = "application/x-ndjson",
                              .schema = kTextSchema}},
               .errors = {406, 410, 429}};
  const ParameterDoc others[] = {
      {"resume_from", "query", "Where the stream begins: a cursor, a time, earliest or latest.",
       kTextSchema, "latest"},
      {"on_gap", "query", "What is done where not all can be given.",
       R"({"type":"string","enum":["notify","fail"],"default":"notify"})", "notify"},
      {"snapshot", "query", "First the incidents that match now.", kBooleanSchema, "true"},
      {"leaves", "query", "Tells of incidents that match no longer.", kBooleanSchema, "true"},
      {"priority", "query", "While it is behind, Critical and High events before the others.",
       kBooleanSchema, "true"},
      {"latest_only", "query", "While it is behind, only the newest event of each incident.",
       kBooleanSchema, "true"},
      {"Last-Event-ID", "header", "The cursor of the last event seen.", kTextSchema}};
  doc.parameters.insert(doc.parameters.end(), std::begin(others), std::end(others));
  return doc;
}

RouteDoc PublishEventsDoc() {
  return {
      .parameters = {IdempotencyDoc()},
      .bodies = {{kJsonMediaType,
                  absl::StrCat(R"({"oneOf":[)", SchemaRef("EventInput"),
                               R"(,{"type":"array","minItems":1,"maxItems":1000,"items":)",
                               SchemaRef("EventInput"), "}]}"),
                  kEventExample},
                 {"application/cloudevents+json", SchemaRef("CloudEvent"), kCloudEventExample},
                 {"application/cloudevents-batch+json", ListOf("CloudEvent"), kCloudEventsExample}},
      .responses = {{.status = 202,
                     .description = "Published.",
                     .media_type = kJsonMediaType,
                     .schema = SchemaRef("Published")}},
      .errors = {404, 409, 415, 429}};
}

RouteDoc ExplainDoc() {
  return {.bodies = {{kJsonMediaType, SchemaRef("ExplainInput"), kExplainExample}},
          .responses = {{.description = "Of each event, or of the session.",
                         .media_type = kJsonMediaType,
                         .schema = SchemaRef("Explained")}},
          .errors = {404, 415, 429}};
}

void AddApiDocument(std::vector<http::Route>& routes, bool authenticates) {
  routes.push_back({.name = "openApi",
                    .summary = "This description.",
                    .method = "GET",
                    .pattern = "/openapi.json",
                    .access = http::Access::kAnyone,
                    .doc = {.responses = {{.description = "An OpenAPI 3.1 document.",
                                           .media_type = kJsonMediaType,
                                           .schema = R"({"type":"object"})"}}}});
  std::string document = http::OpenApiDocument({.title = "Tocsin",
                                                .version = Version(),
                                                .authenticates = authenticates,
                                                .components = ApiComponents()},
                                               routes);
  routes.back().handler = http::AtOnce([body = std::move(document)](const http::HttpRequest&) {
    return http::HttpResponse{.content_type = std::string(kJsonMediaType), .body = body + "\n"};
  });
}

}  // namespace tocsin::bridge
