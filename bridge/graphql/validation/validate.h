// validate.h: whether a document may be executed.
//
// Threads: pure.
// Bounds:  the time, by the document's tokens (parser.h) and the steps of Findings.
// Errors:  at most so many, in the order of the document.
// Source:  GraphQL specification (September 2025), 5
#pragma once

#include <cstddef>
#include <vector>

#include "bridge/graphql/ast.h"
#include "bridge/graphql/place.h"
#include "bridge/graphql/schema.h"

namespace tocsin::bridge::graphql {

// Empty: it is valid.
std::vector<DocumentError> Validate(const Schema& schema, const Document& document,
                                    size_t max_errors);

}  // namespace tocsin::bridge::graphql
