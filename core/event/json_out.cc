#include "core/event/json_out.h"

#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <iterator>

#include "core/base/utf8.h"

namespace tocsin {
namespace {

// ---- texts ----

// 0: as it is; 'u': as \u00XX; 'e': perhaps U+2028 or U+2029; else after a backslash.
constexpr std::array<char, 256> MakeEscapes() {
  std::array<char, 256> escapes{};
  for (size_t c = 0; c < 0x20; ++c) {
    escapes[c] = 'u';
  }
  escapes[0x7F] = 'u';
  escapes['\b'] = 'b';
  escapes['\f'] = 'f';
  escapes['\n'] = 'n';
  escapes['\r'] = 'r';
  escapes['\t'] = 't';
  escapes['"'] = '"';
  escapes['\\'] = '\\';
  escapes[0xE2] = 'e';
  return escapes;
}
constexpr std::array<char, 256> kEscapes = MakeEscapes();
// "\u00XX": a character takes no more.
constexpr size_t kLongest = 6;

char EscapeOf(char c) { return kEscapes[static_cast<unsigned char>(c)]; }

// Sixteen bytes that are looked at together.
using Block = unsigned char __attribute__((vector_size(16)));

// Whether a byte of the block has an escape.
bool HasEscape(const Block& bytes) {
  const auto found =
      (bytes < 0x20) | (bytes == '"') | (bytes == '\\') | (bytes == 0x7F) | (bytes == 0xE2);
  uint64_t halves[2];
  static_assert(sizeof halves == sizeof found);
  std::memcpy(halves, &found, sizeof halves);
  return (halves[0] | halves[1]) != 0;
}

// The bits that no ASCII text has.
constexpr uint64_t kHighBits = 0x8080808080808080;

// A piece is looked at as two words that may overlap; `seen` gets their bits. False when something
// is to be escaped.
template <class Word>
bool PutWords(char* to, std::string_view piece, uint64_t& seen) {
  const size_t second = piece.size() - sizeof(Word);
  Word words[sizeof(Block) / sizeof(Word)];
  std::memcpy(&words[0], piece.data(), sizeof(Word));
  std::memcpy(&words[1], piece.data() + second, sizeof(Word));
  for (size_t i = 2; i < std::size(words); ++i) {
    words[i] = words[0];
  }
  seen |= words[0] | words[1];
  Block block;
  std::memcpy(&block, words, sizeof block);
  if (HasEscape(block)) {
    return false;
  }
  std::memcpy(to, &words[0], sizeof(Word));
  std::memcpy(to + second, &words[1], sizeof(Word));
  return true;
}

// Writes a piece of at most a block's size as it is. False, and nothing is written that counts, when
// something is to be escaped, or when it is too short to be worth it.
bool PutPlain(char* to, std::string_view piece, uint64_t& seen) {
  if (piece.size() >= 8) {
    return PutWords<uint64_t>(to, piece, seen);
  }
  return piece.size() >= 4 && PutWords<uint32_t>(to, piece, seen);
}

// The last byte of U+2028 or U+2029 where one begins at `i`, else 0.
char LineSeparatorAt(std::string_view text, size_t i) {
  if (i + 2 >= text.size() || text[i + 1] != '\x80') {
    return 0;
  }
  return text[i + 2] == '\xA8' || text[i + 2] == '\xA9' ? text[i + 2] : 0;
}

char* PutControl(char* to, char c) {
  static constexpr char kDigits[] = "0123456789abcdef";
  const auto byte = static_cast<unsigned char>(c);
  std::memcpy(to, "\\u00", 4);
  to[4] = kDigits[byte >> 4];
  to[5] = kDigits[byte & 0xF];
  return to + 6;
}

// The character that begins at `i`, which goes to its last byte.
char* PutByte(char* to, std::string_view text, size_t& i) {
  const char escape = EscapeOf(text[i]);
  const char separator = escape == 'e' ? LineSeparatorAt(text, i) : 0;
  if (escape == 0 || (escape == 'e' && separator == 0)) {
    *to = text[i];
    return to + 1;
  }
  if (escape == 'u') {
    return PutControl(to, text[i]);
  }
  if (escape == 'e') {
    i += 2;
    std::memcpy(to, separator == '\xA8' ? "\\u2028" : "\\u2029", 6);
    return to + 6;
  }
  to[0] = '\\';
  to[1] = escape;
  return to + 2;
}

// ---- times ----

char* PutTwo(char* to, unsigned number) {
  to[0] = static_cast<char>('0' + number / 10);
  to[1] = static_cast<char>('0' + number % 10);
  return to + 2;
}

char* PutDate(char* to, std::chrono::sys_days day) {
  const std::chrono::year_month_day date{day};
  const auto year = static_cast<unsigned>(static_cast<int>(date.year()));
  to = PutTwo(PutTwo(to, year / 100), year % 100);
  *to++ = '-';
  to = PutTwo(to, static_cast<unsigned>(date.month()));
  *to++ = '-';
  return PutTwo(to, static_cast<unsigned>(date.day()));
}

char* PutTimeOfDay(char* to, uint64_t micros) {
  const auto seconds = static_cast<unsigned>(micros / 1'000'000);
  const auto fraction = static_cast<unsigned>(micros % 1'000'000);
  to = PutTwo(to, seconds / 3600);
  *to++ = ':';
  to = PutTwo(to, seconds / 60 % 60);
  *to++ = ':';
  to = PutTwo(to, seconds % 60);
  *to++ = '.';
  return PutTwo(PutTwo(PutTwo(to, fraction / 10'000), fraction / 100 % 100), fraction % 100);
}

}  // namespace

void JsonOut::Text(std::string_view text) {
  uint64_t seen = 0;
  Char('"');
  for (size_t i = 0; i < text.size();) {
    const std::string_view piece = text.substr(i, sizeof(Block));
    if (PutPlain(Room(sizeof(Block)), piece, seen)) {
      to_ += piece.size();
      i += piece.size();
      continue;
    }
    char* to = Room(kLongest * piece.size());
    for (const char c : piece) {
      seen |= static_cast<unsigned char>(c);
    }
    for (const size_t end = i + piece.size(); i < end; ++i) {
      to = PutByte(to, text, i);
    }
    to_ = to;
  }
  Char('"');
  if ((seen & kHighBits) != 0 && !IsUtf8(text)) [[unlikely]] {
    ok_ = false;
  }
}

void JsonOut::Number(uint64_t number) {
  constexpr size_t kDigits = 20;
  Room(kDigits);
  to_ = std::to_chars(to_, to_ + kDigits, number).ptr;
}

void JsonOut::Number(double number) {
  if (!std::isfinite(number)) {
    return Literal("null");
  }
  constexpr size_t kDigits = 32;
  Room(kDigits);
  to_ = std::to_chars(to_, to_ + kDigits, number).ptr;
}

void JsonOut::Time(absl::Time time) {
  // 0001-01-01T00:00:00 and the last microsecond of 9999: what RFC 3339 can write.
  constexpr int64_t kFirst = -62'135'596'800'000'000;
  constexpr int64_t kLast = 253'402'300'799'999'999;
  constexpr size_t kSize = 27;
  const std::chrono::microseconds micros(std::clamp(absl::ToUnixMicros(time), kFirst, kLast));
  const auto days = std::chrono::floor<std::chrono::days>(micros);
  char* to = PutDate(Room(kSize), std::chrono::sys_days(days));
  *to++ = 'T';
  to = PutTimeOfDay(to, static_cast<uint64_t>((micros - days).count()));
  *to = 'Z';
  to_ = to + 1;
}

}  // namespace tocsin
