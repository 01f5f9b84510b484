// place.h: where in a GraphQL document something stands, as errors say it.
//
// Shape:   a byte offset into the text is turned into line and column only when an error is told.
//          Lines end with \n, \r or \r\n. A column counts UTF-16 units, as the clients' tools do.
// Threads: pure.
// Source:  GraphQL specification (September 2025), 2.1 and 7.1.2
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tocsin::bridge::graphql {

// Both count from 1.
struct Place {
  uint32_t line = 1;
  uint32_t column = 1;

  friend bool operator==(const Place&, const Place&) = default;
};

// `offset` is at most the text's size.
Place PlaceAt(std::string_view text, size_t offset);

// What is wrong with a document, and at which offsets.
struct DocumentError {
  std::string message;
  std::vector<size_t> offsets;
};

}  // namespace tocsin::bridge::graphql
