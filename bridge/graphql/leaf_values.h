// leaf_values.h: values of scalars and enums, as clients give them.
//
// Threads: pure.
// Errors:  "Expected type "Severity" (one of P0, P1, P2, P3, P4), found "P9"."
// Source:  GraphQL specification (September 2025), 3.5 and 3.9
#pragma once

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <string>
#include <variant>

#include "bridge/graphql/ast.h"
#include "bridge/graphql/schema.h"

namespace tocsin::bridge::graphql {

// What is wrong with a value.
struct ValueError {
  std::string message;
};
using LeafResult = std::variant<boost::json::value, ValueError>;

// `type` is a scalar or an enum, and the value is not null.
LeafResult CoerceLeaf(const NamedType& type, const boost::json::value& given);

// `variables` have been coerced; they may stand within a Map. Null while a document is validated:
// then their values are not known, and they are passed over.
LeafResult CoerceLeaf(const NamedType& type, const Value& literal,
                      const boost::json::object* variables);

// As an error shows it, cut to a length that fits in a message.
std::string Shown(const boost::json::value& given);
std::string Shown(const Value& literal);

}  // namespace tocsin::bridge::graphql
