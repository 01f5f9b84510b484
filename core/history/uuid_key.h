// uuid_key.h: a UUID as 16 bytes: the key of the tables that hold millions of them.
//
// Threads: a value.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace tocsin::history {

struct UuidKey {
  uint64_t high = 0;
  uint64_t low = 0;

  friend bool operator==(const UuidKey&, const UuidKey&) = default;
  template <typename H>
  friend H AbslHashValue(H h, const UuidKey& key) {
    return H::combine(std::move(h), key.high, key.low);
  }
};

// Nothing when the text is not 8-4-4-4-12 hexadecimal digits.
std::optional<UuidKey> ParseUuidKey(std::string_view text);
std::string FormatUuidKey(const UuidKey& key);

}  // namespace tocsin::history
