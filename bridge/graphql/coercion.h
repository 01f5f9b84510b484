// coercion.h: values of a client, of variables and of literals, as the schema's types want them.
//
// Shape:   a coerced value is JSON: enums by their name, UUIDs in lower case, DateTimes as RFC 3339
//          texts, Int and UInt53 as int64, Float as double, Map as an object of texts. A single
//          value stands for a list of one.
// Threads: pure.
// Errors:  BAD_USER_INPUT with what is wrong and the path within the value as its field:
//          "filter.severities[1]".
// Source:  GraphQL specification (September 2025), 3 (Input coercion) and 6.4.1
#pragma once

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <cstddef>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "bridge/graphql/ast.h"
#include "bridge/graphql/request.h"
#include "bridge/graphql/schema.h"

namespace tocsin::bridge::graphql {

// The arguments of a field or directive: by name, with defaults; those that were neither given nor
// have a default are absent. `variables` have been coerced. `text` is the document's, for places.
std::variant<boost::json::object, Error> CoerceArguments(std::span<const InputValue> definitions,
                                                         const std::vector<Argument>& arguments,
                                                         const boost::json::object& variables,
                                                         std::string_view text);

// Of an operation: from what the client sent. At most so many errors are told.
std::variant<boost::json::object, Errors> CoerceVariables(const Schema& schema,
                                                          const Operation& operation,
                                                          const boost::json::object& given,
                                                          std::string_view text,
                                                          size_t max_errors = 20);

}  // namespace tocsin::bridge::graphql
