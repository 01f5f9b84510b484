// hex.h: reads hexadecimal digits, and bytes that are percent-encoded with them.
//
// Threads: pure.
// Source:  RFC 3986, section 2.1
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace tocsin {

// Nothing for a character that is no hexadecimal digit.
inline std::optional<uint8_t> HexDigit(char c) {
  if (c >= '0' && c <= '9') return static_cast<uint8_t>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<uint8_t>(c - 'a' + 10);
  if (c >= 'A' && c <= 'F') return static_cast<uint8_t>(c - 'A' + 10);
  return std::nullopt;
}

// The byte that the first three characters of the text, "%2F", stand for. Nothing where they are
// not of that form.
inline std::optional<char> PercentByte(std::string_view text) {
  if (text.size() < 3 || text[0] != '%') return std::nullopt;
  const auto high = HexDigit(text[1]);
  const auto low = HexDigit(text[2]);
  if (!high || !low) return std::nullopt;
  return static_cast<char>(*high << 4 | *low);
}

}  // namespace tocsin
