#include "cli/text_width.h"

#include <algorithm>
#include <cstdint>

namespace tocsin::cli {
namespace {

struct Range {
  uint32_t first;
  uint32_t last;
};
constexpr Range kWide[] = {{0x1100, 0x115f},   {0x2e80, 0x303e},   {0x3041, 0xa4cf},
                           {0xac00, 0xd7a3},   {0xf900, 0xfaff},   {0xfe30, 0xfe6f},
                           {0xff00, 0xff60},   {0xffe0, 0xffe6},   {0x1f300, 0x1f64f},
                           {0x1f680, 0x1f6ff}, {0x1f900, 0x1f9ff}, {0x20000, 0x3fffd}};
constexpr Range kNone[] = {{0x300, 0x36f}, {0x200b, 0x200f}, {0x20d0, 0x20ff}, {0xfe00, 0xfe0f}};

template <size_t N>
bool IsIn(uint32_t code, const Range (&ranges)[N]) {
  return std::any_of(std::begin(ranges), std::end(ranges), [code](const Range& range) {
    return code >= range.first && code <= range.last;
  });
}

struct Character {
  size_t bytes;
  size_t columns;
};

Character FirstOf(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<uint32_t>(static_cast<uint8_t>(text[i])); };
  const size_t bytes = byte(0) < 0xc0 ? 1 : byte(0) < 0xe0 ? 2 : byte(0) < 0xf0 ? 3 : 4;
  if (bytes == 1 || text.size() < bytes) return {1, 1};
  uint32_t code = byte(0) & (0xffu >> (bytes + 1));
  for (size_t i = 1; i < bytes; ++i) code = code << 6 | (byte(i) & 0x3f);
  return {bytes, IsIn(code, kNone) ? size_t{0} : IsIn(code, kWide) ? size_t{2} : size_t{1}};
}

// The bytes of the longest beginning that takes at most so many columns.
size_t BytesWithin(std::string_view text, size_t columns) {
  size_t bytes = 0;
  while (bytes < text.size()) {
    const Character next = FirstOf(text.substr(bytes));
    if (next.columns > columns) break;
    columns -= next.columns;
    bytes += next.bytes;
  }
  return bytes;
}

}  // namespace

size_t WidthOf(std::string_view text) {
  size_t columns = 0;
  for (size_t at = 0; at < text.size();) {
    const Character next = FirstOf(text.substr(at));
    columns += next.columns;
    at += next.bytes;
  }
  return columns;
}

std::string CutTo(std::string_view text, size_t width) {
  if (WidthOf(text) <= width) return std::string(text);
  if (width == 0) return "";
  return std::string(text.substr(0, BytesWithin(text, width - 1))) + "…";
}

std::string FitTo(std::string_view text, size_t width) {
  std::string fitted = CutTo(text, width);
  return fitted.append(width - WidthOf(fitted), ' ');
}

}  // namespace tocsin::cli
