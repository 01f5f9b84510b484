#include "core/base/utf8.h"

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace tocsin {
namespace {

// What may follow a first byte: how many bytes, and the range of the first of them. The others are
// 80 to BF.
struct Following {
  uint8_t more;
  uint8_t low;
  uint8_t high;
};

Following FollowingOf(uint8_t first) {
  if (first < 0xc2) return {0, 0, 0};  // a later byte, or the beginning of an overlong form
  if (first < 0xe0) return {1, 0x80, 0xbf};
  if (first == 0xe0) return {2, 0xa0, 0xbf};
  if (first == 0xed) return {2, 0x80, 0x9f};  // not a surrogate
  if (first < 0xf0) return {2, 0x80, 0xbf};
  if (first == 0xf0) return {3, 0x90, 0xbf};
  if (first < 0xf4) return {3, 0x80, 0xbf};
  if (first == 0xf4) return {3, 0x80, 0x8f};
  return {0, 0, 0};
}

size_t AsciiBytes(std::string_view text) {
  size_t at = 0;
  for (uint64_t word = 0; at + sizeof word <= text.size(); at += sizeof word) {
    std::memcpy(&word, text.data() + at, sizeof word);
    if ((word & 0x8080808080808080) != 0) {
      break;
    }
  }
  while (at < text.size() && static_cast<uint8_t>(text[at]) < 0x80) {
    ++at;
  }
  return at;
}

// The bytes of the character that `text`, whose first byte is not ASCII, begins with; 0 when it
// begins with none.
size_t CharacterBytes(std::string_view text) {
  const auto at = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  const Following following = FollowingOf(at(0));
  if (following.more == 0 || text.size() <= following.more || at(1) < following.low ||
      at(1) > following.high) {
    return 0;
  }
  for (size_t i = 2; i <= following.more; ++i) {
    if ((at(i) & 0xc0) != 0x80) {
      return 0;
    }
  }
  return 1 + following.more;
}

}  // namespace

bool IsUtf8(std::string_view text) {
  Utf8Check check;
  return check.Take(text) && check.whole();
}

bool Utf8Check::Take(std::string_view part) {
  while (true) {
    for (; more_ > 0 && !part.empty(); part.remove_prefix(1)) {
      const auto byte = static_cast<uint8_t>(part.front());
      if (byte < low_ || byte > high_) {
        return false;
      }
      --more_;
      low_ = 0x80;
      high_ = 0xbf;
    }
    part.remove_prefix(AsciiBytes(part));
    if (part.empty()) {
      return true;
    }
    if (const size_t bytes = CharacterBytes(part); bytes > 0) {
      part.remove_prefix(bytes);
      continue;
    }
    // Wrong, or cut off: its bytes one by one.
    const Following following = FollowingOf(static_cast<uint8_t>(part.front()));
    if (following.more == 0) {
      return false;
    }
    more_ = following.more;
    low_ = following.low;
    high_ = following.high;
    part.remove_prefix(1);
  }
}

std::string_view Utf8Prefix(std::string_view text, size_t max_bytes) {
  if (text.size() <= max_bytes) {
    return text;
  }
  size_t end = max_bytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) {
    --end;
  }
  return text.substr(0, end);
}

}  // namespace tocsin
