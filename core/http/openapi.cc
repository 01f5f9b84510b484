#include "core/http/openapi.h"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <iterator>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "core/base/strings.h"

namespace tocsin::http {
namespace {

namespace json = boost::json;

// Whatever the route: the request's form, its origin, its length; overload and a server that
// drains.
constexpr int kAnyRoute[] = {400, 403, 408, 413, 414, 417, 431, 503};

json::string_view Text(std::string_view text) { return {text.data(), text.size()}; }
json::value Parsed(std::string_view text) { return json::parse(Text(text)); }

// In OpenAPI a body is by its media type.
json::object Content(std::string_view media_type, std::string_view schema) {
  return {{Text(media_type), json::object{{"schema", Parsed(schema)}}}};
}

json::object Parameter(const ParameterDoc& doc) {
  json::object parameter{{"name", Text(doc.name)},
                         {"in", Text(doc.in)},
                         {"description", Text(doc.description)},
                         {"schema", Parsed(doc.schema)}};
  if (doc.in == "path") {
    parameter.emplace("required", true);
  }
  if (!doc.example.empty()) {
    parameter.emplace("example", Text(doc.example));
  }
  return parameter;
}

bool IsDescribed(const Route& route, std::string_view of_path) {
  return std::ranges::any_of(route.doc.parameters, [&](const ParameterDoc& doc) {
    return doc.in == "path" && doc.name == of_path;
  });
}

json::array Parameters(const Route& route) {
  json::array parameters;
  for (const absl::string_view part : absl::StrSplit(ToAbsl(route.pattern), '/')) {
    if (!absl::StartsWith(part, "{")) {
      continue;
    }
    const absl::string_view name = part.substr(1, part.size() - 2);
    if (IsDescribed(route, ToStd(name))) {
      continue;
    }
    parameters.push_back(
        json::object{{"name", Text(ToStd(name))},
                     {"in", "path"},
                     {"required", true},
                     {"schema", json::object{{"type", "string"}, {"format", "uuid"}}}});
  }
  for (const ParameterDoc& doc : route.doc.parameters) {
    parameters.push_back(Parameter(doc));
  }
  return parameters;
}

json::object ErrorResponse(int status) {
  json::object response{{"description", Text(ReasonPhrase(status))},
                        {"content", Content("application/problem+json",
                                            R"({"$ref":"#/components/schemas/Problem"})")}};
  return response;
}

json::object Response(const ResponseDoc& doc) {
  json::object response{{"description", Text(doc.description)}};
  if (!doc.media_type.empty()) {
    response.emplace("content", Content(doc.media_type, doc.schema));
  }
  json::object headers;
  for (const std::string_view name : doc.headers) {
    headers.emplace(Text(name), json::object{{"schema", json::object{{"type", "string"}}}});
  }
  if (!headers.empty()) {
    response.emplace("headers", std::move(headers));
  }
  return response;
}

json::object Responses(const RouteDoc& doc, bool needs_token) {
  json::object responses;
  for (const ResponseDoc& response : doc.responses) {
    json::object described = Response(response);
    if (json::value* const other = responses.if_contains(absl::StrCat(response.status))) {
      json::object& content = other->at("content").as_object();  // in another media type
      for (auto& each : described.at("content").as_object()) {
        content.emplace(each.key(), each.value());
      }
      continue;
    }
    responses.emplace(absl::StrCat(response.status), std::move(described));
  }
  std::vector<int> errors(std::begin(kAnyRoute), std::end(kAnyRoute));
  errors.insert(errors.end(), doc.errors.begin(), doc.errors.end());
  if (needs_token) {
    errors.push_back(401);
  }
  for (const int status : errors) {
    responses.emplace(absl::StrCat(status), ErrorResponse(status));
  }
  return responses;
}

json::object Operation(const Route& route, bool authenticates) {
  const bool needs_token = authenticates && NeedsToken(route.access);
  json::object operation{{"operationId", Text(route.name)},
                         {"summary", Text(route.summary)},
                         {"responses", Responses(route.doc, needs_token)}};
  if (needs_token) {
    operation.emplace("security", json::array{json::object{{"bearer", json::array{}}}});
  }
  if (json::array parameters = Parameters(route); !parameters.empty()) {
    operation.emplace("parameters", std::move(parameters));
  }
  json::object content;
  for (const BodyDoc& body : route.doc.bodies) {
    json::object described{{"schema", Parsed(body.schema)}};
    if (!body.example.empty()) {
      described.emplace("example", Parsed(body.example));
    }
    content.emplace(Text(body.media_type), std::move(described));
  }
  if (!content.empty()) {
    operation.emplace("requestBody", json::object{{"required", !route.doc.body_is_optional},
                                                  {"content", std::move(content)}});
  }
  return operation;
}

}  // namespace

std::string OpenApiDocument(const OpenApiInfo& info, std::span<const Route> routes) {
  json::object paths;
  for (const Route& route : routes) {
    json::value& path = paths[Text(route.pattern)];
    if (path.is_null()) {
      path.emplace_object();
    }
    path.as_object().emplace(absl::AsciiStrToLower(ToAbsl(route.method)),
                             Operation(route, info.authenticates));
  }
  const json::object document{
      {"openapi", "3.1.0"},
      {"info", json::object{{"title", Text(info.title)}, {"version", Text(info.version)}}},
      {"paths", std::move(paths)},
      {"components", Parsed(info.components)}};
  return json::serialize(document);
}

}  // namespace tocsin::http
