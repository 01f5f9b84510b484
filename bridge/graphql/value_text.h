// value_text.h: a value as GraphQL writes it: [P0, {key: "text"}].
//
// Threads: pure.
#pragma once

#include <string>

#include "bridge/graphql/ast.h"

namespace tocsin::bridge::graphql {

std::string ValueText(const Value& value);

}  // namespace tocsin::bridge::graphql
