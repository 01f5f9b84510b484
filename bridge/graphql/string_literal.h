// string_literal.h: what the strings of a GraphQL document say.
//
// Shape:   a quoted string has escapes (\n, \u0041, \u{1F600}, surrogate pairs); a block string has
//          none but \""", and its common indentation and its blank first and last lines are not
//          part of it.
// Threads: pure.
// Errors:  the offset of the character that is wrong, from the string's first quote.
// Source:  GraphQL specification (September 2025), 2.9.4
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "bridge/graphql/place.h"

namespace tocsin::bridge::graphql {

struct StringLiteral {
  std::string value;
  size_t size = 0;  // of the literal in the text, quotes included
  std::optional<DocumentError> error;
};

// `text` begins with the first quote of the string and goes on to the end of the document.
StringLiteral ReadString(std::string_view text);
StringLiteral ReadBlockString(std::string_view text);

}  // namespace tocsin::bridge::graphql
