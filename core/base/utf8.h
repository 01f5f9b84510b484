// utf8.h: whether bytes are UTF-8, and where such a text may be cut.
//
// Threads: pure.
// Source:  RFC 3629: no overlong form, no surrogate, nothing past U+10FFFF.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace tocsin {

// Text that is mostly ASCII costs a look at every eighth byte.
bool IsUtf8(std::string_view text);

// Checks a text that comes in parts, and knows at the first byte with which no text can go on.
class Utf8Check {
 public:
  // False when the parts so far begin no text; then the check is not used again.
  bool Take(std::string_view part);
  // No character is unfinished.
  bool whole() const { return more_ == 0; }

 private:
  // Of the character that has begun: how many bytes are to come, and the range of the next.
  uint8_t more_ = 0;
  uint8_t low_ = 0;
  uint8_t high_ = 0;
};

// The beginning of a text, of at most so many bytes: whole characters only.
std::string_view Utf8Prefix(std::string_view text, size_t max_bytes);

}  // namespace tocsin
