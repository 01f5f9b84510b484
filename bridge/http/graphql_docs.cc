// What the routes of GraphQL take and answer.
#include <string>

#include "bridge/http/api_docs.h"
#include "bridge/http/doc_parts.h"
#include "bridge/http/json_request.h"
#include "core/http/route_table.h"

namespace tocsin::bridge {
namespace {

using http::ResponseDoc;
using http::RouteDoc;

constexpr std::string_view kResultType = "application/graphql-response+json";
constexpr char kExample[] =
    R"({"query":"query Open($filter: IncidentFilter) { incidents(filter: $filter) { total } }",
  "variables":{"filter":{"activeOnly":true}}})";

// Results, and what GraphQL refuses; what HTTP refuses is a problem.
void AddResults(RouteDoc& doc, std::initializer_list<int> refused) {
  const auto add = [&](int status, std::string_view description, std::string_view type,
                       std::string_view schema) {
    doc.responses.push_back({.status = status,
                             .description = description,
                             .media_type = type,
                             .schema = SchemaRef(schema)});
  };
  for (const std::string_view type : {kResultType, std::string_view(kJsonMediaType)}) {
    add(200, "The result.", type, "GraphqlResult");
  }
  for (const int status : refused) {
    for (const std::string_view type : {kResultType, std::string_view(kJsonMediaType)}) {
      add(status, "Nothing was executed.", type, "GraphqlResult");
    }
    add(status, "Nothing was executed.", "application/problem+json", "Problem");
  }
}

}  // namespace

RouteDoc GraphqlDoc() {
  RouteDoc doc{.bodies = {{kJsonMediaType, SchemaRef("GraphqlRequest"), kExample}},
               .errors = {406, 415, 429}};
  AddResults(doc, {400, 401, 403});
  doc.responses.push_back({.status = 200,
                           .description = "A subscription, a part for each result.",
                           .media_type = "multipart/mixed",
                           .schema = kTextSchema});
  return doc;
}

RouteDoc GraphqlQueryDoc() {
  RouteDoc doc{.parameters = {{"query", "query", "The GraphQL document.", kTextSchema,
                               "{ health { status } }"},
                              {"operationName", "query", "One of its operations.", kTextSchema},
                              {"variables", "query", "A JSON object.", kTextSchema},
                              {"extensions", "query", "A JSON object.", kTextSchema}},
               .errors = {406}};
  AddResults(doc, {400, 401, 403, 405});
  return doc;
}

RouteDoc GraphqlSchemaDoc() {
  return {.responses = {{.description = "The schema.",
                         .media_type = "application/graphql",
                         .schema = kTextSchema,
                         .headers = {"ETag"}},
                        {.status = 304, .description = "The client has it."}}};
}

}  // namespace tocsin::bridge
