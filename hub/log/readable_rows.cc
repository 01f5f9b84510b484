#include "hub/log/readable_rows.h"

#include <algorithm>
#include <optional>

#include "core/base/status_macros.h"
#include "hub/log/rocksdb_store.h"

namespace tocsin::hub {
namespace {

// Keys are told apart by so many bytes: those of two rows of one incident differ within them.
constexpr size_t kKeyBytes = 32;

// Half-way between two keys of kKeyBytes, as numbers.
std::string Middle(const std::string& low, const std::string& high) {
  std::string middle(kKeyBytes, '\0');
  unsigned carry = 0;  // of the sum, from the right
  std::string sum(kKeyBytes + 1, '\0');
  for (size_t i = kKeyBytes; i-- > 0;) {
    carry += static_cast<unsigned char>(low[i]) + static_cast<unsigned char>(high[i]);
    sum[i + 1] = static_cast<char>(carry & 0xff);
    carry >>= 8;
  }
  sum[0] = static_cast<char>(carry);
  for (size_t i = 0; i < kKeyBytes; ++i) {
    const unsigned two =
        static_cast<unsigned char>(sum[i]) << 8 | static_cast<unsigned char>(sum[i + 1]);
    middle[i] = static_cast<char>(two >> 1 & 0xff);
  }
  return middle;
}

bool CanSeek(rocksdb::Iterator& rows, const std::string& key) {
  rows.Seek(key);
  return rows.Valid() || rows.status().ok();
}

// A key after `from`, at which rows can be read again; nothing when there is none.
std::optional<std::string> NextReadableKey(rocksdb::Iterator& rows, std::string from) {
  from.resize(kKeyBytes);
  std::string good(kKeyBytes, '\xff');
  if (!CanSeek(rows, good)) {
    return std::nullopt;
  }
  for (std::string middle = Middle(from, good); middle != from; middle = Middle(from, good)) {
    (CanSeek(rows, middle) ? good : from) = middle;
  }
  return good;
}

}  // namespace

absl::StatusOr<bool> TakeReadableRows(rocksdb::Iterator& rows, std::string from, TakeRow take) {
  bool whole = true;
  for (std::optional<std::string> next = std::move(from); next;) {
    std::string at = *std::move(next);
    for (rows.Seek(at); rows.Valid(); rows.Next()) {
      at = rows.key().ToString();
      RETURN_IF_ERROR(take(rows.key().ToStringView(), rows.value().ToStringView()));
    }
    if (rows.status().ok()) {
      return whole;
    }
    if (!rows.status().IsCorruption()) {
      return FromRocksDb(rows.status(), "cannot read a damaged table");
    }
    whole = false;
    next = NextReadableKey(rows, std::move(at));
  }
  return whole;
}

}  // namespace tocsin::hub
