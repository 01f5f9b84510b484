// parser.h: reads the text of a GraphQL document that is to be executed.
//
// Shape:   by recursive descent, one token ahead. Definitions of types are refused: a client's
//          document has none that could be executed.
// Threads: pure.
// Owns:    nothing; names in the document are views into `text`, which outlives it.
// Bounds:  tokens and nesting, so that neither memory nor stack grows with what a stranger sends.
// Errors:  the first thing that is wrong, with its offset.
// Source:  GraphQL specification (September 2025), appendix B
#pragma once

#include <cstddef>
#include <string_view>
#include <variant>

#include "bridge/graphql/ast.h"
#include "bridge/graphql/place.h"

namespace tocsin::bridge::graphql {

struct ParseBounds {
  // A request of 64 KiB has at most this many tokens of two bytes each, and no honest one a tenth.
  size_t tokens = 4'096;
  // Selections, lists and objects within each other. Fields are bounded further, by the depth that
  // is executed; this bounds the parser's own stack.
  size_t nesting = 64;
};

std::variant<Document, DocumentError> Parse(std::string_view text, const ParseBounds& bounds = {});

}  // namespace tocsin::bridge::graphql
