#include "hub/log/packed_uuid.h"

#include <array>
#include <cstdint>

namespace tocsin::hub {
namespace {

constexpr size_t kTextSize = 36;

bool IsDash(size_t index) { return index == 8 || index == 13 || index == 18 || index == 23; }

constexpr std::array<int8_t, 256> MakeDigits() {
  std::array<int8_t, 256> digits{};
  digits.fill(-1);
  for (int i = 0; i < 16; ++i) {
    digits[static_cast<size_t>("0123456789abcdef"[i])] = static_cast<int8_t>(i);
    digits[static_cast<size_t>("0123456789ABCDEF"[i])] = static_cast<int8_t>(i);
  }
  return digits;
}
constexpr std::array<int8_t, 256> kDigitOf = MakeDigits();

}  // namespace

std::optional<PackedUuid> PackUuid(std::string_view text) {
  PackedUuid packed{};
  if (text.empty()) {
    return packed;
  }
  if (text.size() != kTextSize) {
    return std::nullopt;
  }
  size_t nibble = 0;
  for (size_t i = 0; i < kTextSize; ++i) {
    if (IsDash(i)) {
      if (text[i] != '-') return std::nullopt;
      continue;
    }
    const int digit = kDigitOf[static_cast<unsigned char>(text[i])];
    if (digit < 0) return std::nullopt;
    char& byte = packed[nibble / 2];
    byte = static_cast<char>(static_cast<unsigned char>(byte) << 4 | digit);
    ++nibble;
  }
  return packed;
}

std::string UnpackUuid(const PackedUuid& packed) {
  static constexpr char kDigits[] = "0123456789abcdef";
  if (packed == PackedUuid{}) {
    return "";
  }
  std::string text;
  text.reserve(kTextSize);
  for (const char c : packed) {
    if (IsDash(text.size())) text.push_back('-');
    const auto byte = static_cast<unsigned char>(c);
    text.push_back(kDigits[byte >> 4]);
    text.push_back(kDigits[byte & 15]);
  }
  return text;
}

}  // namespace tocsin::hub
