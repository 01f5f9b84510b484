// request.h: a GraphQL request: as the client sent it, and as it is executed.
//
// Shape:   Prepare parses, bounds, validates, chooses the operation and coerces the variables; a
//          request that is prepared can only fail while it is executed.
// Threads: pure; a Prepared is const, and may be shared by threads.
// Owns:    a Prepared owns the document's text.
// Errors:  Errors, with the code that clients look for: GRAPHQL_PARSE_FAILED,
//          GRAPHQL_VALIDATION_FAILED (also for what goes past a bound), BAD_USER_INPUT (variables, operationName).
// Source:  GraphQL specification (September 2025), 5 and 6.1; docs/protocol.md, section 6
#pragma once

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/time/time.h"
#include "bridge/graphql/ast.h"
#include "bridge/graphql/parser.h"
#include "bridge/graphql/place.h"
#include "bridge/graphql/schema.h"

namespace tocsin::bridge::graphql {

struct Request {
  std::string query;
  std::optional<std::string> operation_name;
  boost::json::object variables;
  boost::json::object extensions;
};

// extensions.code of a request that is not executed.
inline constexpr std::string_view kParseFailed = "GRAPHQL_PARSE_FAILED";
inline constexpr std::string_view kValidationFailed = "GRAPHQL_VALIDATION_FAILED";
inline constexpr std::string_view kBadUserInput = "BAD_USER_INPUT";

// An error as clients are sent it.
struct Error {
  std::string message = {};
  std::vector<Place> locations = {};
  boost::json::array path = {};  // texts and numbers; empty: of the whole request
  std::string_view code = {};    // extensions.code; a constant
  // extensions.field: the argument or variable that is wrong, "filter.severities[1]"; may be empty.
  std::string field = {};
  std::optional<absl::Duration> retry_after = {};  // extensions.retryAfterMs
  std::string earliest = {};  // extensions.earliest: the first place that can be resumed from
  // extensions.reason: the name in the one table of errors (NOT_FOUND, CONFLICT, …), where the code
  // says less than that; a constant; may be empty.
  std::string_view reason = {};
};
using Errors = std::vector<Error>;

// {"message":…,"locations":[…],"path":[…],"extensions":{"code":…,"timestamp":…}}; what is empty is
// left out, and long texts are cut.
void AppendError(std::string& out, const Error& error, absl::Time now);
// [error, …]
void AppendErrors(std::string& out, const Errors& errors, absl::Time now);

// How much one request may ask for. What goes past a bound is refused before anything is executed.
// Fields are counted with all fragments written out.
struct RequestBounds {
  ParseBounds parse;
  // Fields within each other. The schema has 4 (incidents, items, timeline, actor) and nothing that
  // goes round.
  size_t depth = 10;
  // Fields in all. An event with all fields of it, its incident and its alert has 93.
  size_t complexity = 100;
  // Each may be one more page of incidents, so they are bounded apart from the fields.
  size_t aliases = 30;
  // Within __schema and __type. The whole query of graphql-js, which GraphiQL, Apollo and code
  // generators send, is 15 deep and has some 240 fields.
  size_t introspection_depth = 20;
  size_t introspection_complexity = 500;
  // fields, inputFields, interfaces and possibleTypes within each other. The whole query has 1;
  // each one more multiplies the answer by the size of the schema.
  size_t introspection_lists = 2;
  // The first so many are told. A person mends a few at a time.
  size_t errors = 20;
};

class Prepared {
 public:
  OperationType type() const { return operation->type; }

  std::string text;  // what the document's names point into
  Document document;
  const Operation* operation = nullptr;
  boost::json::object variables;  // coerced, with defaults; those that were not given are absent
  boost::json::object extensions;
};

std::variant<std::shared_ptr<const Prepared>, Errors> Prepare(const Schema& schema, Request request,
                                                              const RequestBounds& bounds = {});

}  // namespace tocsin::bridge::graphql
