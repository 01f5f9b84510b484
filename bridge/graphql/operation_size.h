// operation_size.h: how much an operation asks for, and whether that is too much.
//
// Shape:   fields are counted with all fragments written out, but a fragment is looked at once.
//          __typename is not counted: clients add it to every object, and it costs nothing.
// Threads: pure.
// Errors:  one for each bound that the operation goes past, with the bound and what it has.
#pragma once

#include <vector>

#include "bridge/graphql/ast.h"
#include "bridge/graphql/place.h"
#include "bridge/graphql/request.h"

namespace tocsin::bridge::graphql {

// The document is valid. Empty: the operation is within all bounds.
std::vector<DocumentError> CheckBounds(const Document& document, const Operation& operation,
                                       const RequestBounds& bounds);

}  // namespace tocsin::bridge::graphql
