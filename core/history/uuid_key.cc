#include "core/history/uuid_key.h"

#include "absl/strings/str_format.h"
#include "core/base/hex.h"

namespace tocsin::history {
namespace {

constexpr size_t kTextSize = 36;

bool IsDash(size_t at) { return at == 8 || at == 13 || at == 18 || at == 23; }

}  // namespace

std::optional<UuidKey> ParseUuidKey(std::string_view text) {
  if (text.size() != kTextSize) return std::nullopt;
  UuidKey key;
  int digits = 0;
  for (size_t i = 0; i < kTextSize; ++i) {
    if (IsDash(i)) {
      if (text[i] != '-') return std::nullopt;
      continue;
    }
    const auto digit = HexDigit(text[i]);
    if (!digit) return std::nullopt;
    uint64_t& half = digits++ < 16 ? key.high : key.low;
    half = half << 4 | *digit;
  }
  return key;
}

std::string FormatUuidKey(const UuidKey& key) {
  return absl::StrFormat("%08x-%04x-%04x-%04x-%012x", key.high >> 32, key.high >> 16 & 0xffff,
                         key.high & 0xffff, key.low >> 48, key.low & 0xffffffffffff);
}

}  // namespace tocsin::history
