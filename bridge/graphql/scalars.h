// scalars.h: the scalars of the schema: what a client may give for each, and what becomes of it.
//
// Shape:   a table by name. A coerced value is JSON: UUIDs in lower case, DateTimes as RFC 3339
//          texts in UTC, Int and UInt53 as int64, Float as double, Map as an object of texts.
// Threads: pure.
// Errors:  nothing is returned for a value that the scalar does not have.
// Source:  GraphQL specification (September 2025), 3.5
#pragma once

#include <boost/json/value.hpp>
#include <optional>
#include <string_view>

#include "bridge/graphql/ast.h"

namespace tocsin::bridge::graphql {

bool IsKnownScalar(std::string_view name);

// What the scalar may be, for an error: "a whole number of 32 bits".
std::string_view AllowedInScalar(std::string_view name);

// Of a variable's JSON. `name` is a known scalar's.
std::optional<boost::json::value> CoerceScalar(std::string_view name,
                                               const boost::json::value& given);

// Whether a literal of that kind may stand for the scalar: 1.0 is no Int, a name is no String.
bool ScalarTakes(std::string_view name, Value::Kind literal);

}  // namespace tocsin::bridge::graphql
