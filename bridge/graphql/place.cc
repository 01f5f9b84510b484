#include "bridge/graphql/place.h"

namespace tocsin::bridge::graphql {
namespace {

// UTF-16 units of the character that begins with this byte; none for a byte within a character.
uint32_t Utf16Units(char first) {
  const auto byte = static_cast<unsigned char>(first);
  if (byte >= 0xf0) return 2;
  return byte >= 0x80 && byte < 0xc0 ? 0 : 1;
}

}  // namespace

Place PlaceAt(std::string_view text, size_t offset) {
  Place place;
  for (size_t i = 0; i < offset; ++i) {
    const bool ends_line = text[i] == '\n' || text[i] == '\r';
    if (!ends_line) {
      place.column += Utf16Units(text[i]);
    } else if (text[i] == '\r' && i + 1 < text.size() && text[i + 1] == '\n') {
      ++place.column;  // the line ends with the \n
    } else {
      ++place.line;
      place.column = 1;
    }
  }
  return place;
}

}  // namespace tocsin::bridge::graphql
