#include "bridge/graphql/request_json.h"

#include <string>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"

namespace tocsin::bridge::graphql {
namespace {

namespace json = boost::json;

Error Wrong(std::string_view member, std::string_view must_be) {
  return {.message = absl::StrCat(std::string(member), " must be ", std::string(must_be)),
          .code = kBadUserInput,
          .field = std::string(member)};
}

// Null where the member is absent or null.
json::value* Member(json::object& object, std::string_view name) {
  json::value* const value = object.if_contains({name.data(), name.size()});
  return value == nullptr || value->is_null() ? nullptr : value;
}

std::optional<Error> TakeObject(json::object& from, std::string_view name, json::object& to) {
  json::value* const value = Member(from, name);
  if (value == nullptr) {
    return std::nullopt;
  }
  if (!value->is_object()) {
    return Wrong(name, "an object");
  }
  to = std::move(value->get_object());
  return std::nullopt;
}

}  // namespace

std::variant<Request, Error> ReadJsonRequest(json::value value) {
  if (value.is_array()) {
    return Error{.message = "batches are not taken: send each request by itself",
                 .code = kBadUserInput};
  }
  if (!value.is_object()) {
    return Error{.message = "a request must be an object with a query", .code = kBadUserInput};
  }
  json::object& object = value.get_object();
  Request request;
  const json::value* const query = Member(object, "query");
  if (query == nullptr || !query->is_string()) {
    return Wrong("query", "a text: the GraphQL document");
  }
  request.query = std::string(query->get_string());
  if (const json::value* const name = Member(object, "operationName")) {
    if (!name->is_string()) {
      return Wrong("operationName", "a text: the name of one of the document's operations");
    }
    request.operation_name = std::string(name->get_string());
  }
  if (auto error = TakeObject(object, "variables", request.variables)) {
    return *std::move(error);
  }
  if (auto error = TakeObject(object, "extensions", request.extensions)) {
    return *std::move(error);
  }
  return request;
}

}  // namespace tocsin::bridge::graphql
