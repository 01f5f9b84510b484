// Texts, numbers and times as JSON: what the writer of events is built of.
#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <iterator>

#include "core/event/json_writer.h"

namespace tocsin {
namespace {

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

char EscapeOf(char c) { return kEscapes[static_cast<unsigned char>(c)]; }

void AppendControl(std::string& out, char c) {
  static constexpr char kDigits[] = "0123456789abcdef";
  const auto byte = static_cast<unsigned char>(c);
  out.append("\\u00");
  out.push_back(kDigits[byte >> 4]);
  out.push_back(kDigits[byte & 0xF]);
}

// The last byte of U+2028 or U+2029 where one begins at `i`, else 0.
char LineSeparatorAt(std::string_view text, size_t i) {
  if (i + 2 >= text.size() || text[i + 1] != '\x80') {
    return 0;
  }
  return text[i + 2] == '\xA8' || text[i + 2] == '\xA9' ? text[i + 2] : 0;
}

void AppendDigits(std::string& out, int64_t number, int width) {
  char buffer[8];
  for (int i = width - 1; i >= 0; --i) {
    buffer[i] = static_cast<char>('0' + number % 10);
    number /= 10;
  }
  out.append(buffer, static_cast<size_t>(width));
}

}  // namespace

void AppendJsonString(std::string& out, std::string_view text) {
  out.push_back('"');
  size_t begin = 0;  // of the run that needs no escaping
  for (size_t i = 0; i < text.size(); ++i) {
    const char escape = EscapeOf(text[i]);
    if (escape == 0) [[likely]] {
      continue;
    }
    const char separator = escape == 'e' ? LineSeparatorAt(text, i) : 0;
    if (escape == 'e' && separator == 0) {
      continue;
    }
    out.append(text, begin, i - begin);
    if (escape == 'u') {
      AppendControl(out, text[i]);
    } else if (escape == 'e') {
      out.append(separator == '\xA8' ? "\\u2028" : "\\u2029");
      i += 2;
    } else {
      out.push_back('\\');
      out.push_back(escape);
    }
    begin = i + 1;
  }
  out.append(text, begin, text.size() - begin);
  out.push_back('"');
}

void AppendJsonNumber(std::string& out, double number) {
  if (!std::isfinite(number)) {
    out.append("null");
    return;
  }
  char buffer[32];
  const auto result = std::to_chars(std::begin(buffer), std::end(buffer), number);
  out.append(buffer, result.ptr);
}

void AppendJsonTime(std::string& out, absl::Time time) {
  // 0001-01-01T00:00:00 and the last microsecond of 9999: what RFC 3339 can write.
  constexpr int64_t kFirst = -62'135'596'800'000'000;
  constexpr int64_t kLast = 253'402'300'799'999'999;
  const std::chrono::microseconds micros(std::clamp(absl::ToUnixMicros(time), kFirst, kLast));
  const auto days = std::chrono::floor<std::chrono::days>(micros);
  const std::chrono::year_month_day date{std::chrono::sys_days(days)};
  const int64_t of_day = (micros - days).count();
  const int64_t seconds = of_day / 1'000'000;
  AppendDigits(out, static_cast<int>(date.year()), 4);
  out.push_back('-');
  AppendDigits(out, static_cast<unsigned>(date.month()), 2);
  out.push_back('-');
  AppendDigits(out, static_cast<unsigned>(date.day()), 2);
  out.push_back('T');
  AppendDigits(out, seconds / 3600, 2);
  out.push_back(':');
  AppendDigits(out, seconds / 60 % 60, 2);
  out.push_back(':');
  AppendDigits(out, seconds % 60, 2);
  out.push_back('.');
  AppendDigits(out, of_day % 1'000'000, 6);
  out.push_back('Z');
}

}  // namespace tocsin
