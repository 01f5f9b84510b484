#include "core/event/wire_scanner.h"

namespace tocsin {
namespace {

constexpr int kMaxVarintBytes = 10;

enum WireType : uint32_t { kVarint = 0, kEightBytes = 1, kBytes = 2, kFourBytes = 5 };

}  // namespace

bool WireScanner::LongVarint(uint64_t& value) {
  value = 0;
  for (int i = 0; i < kMaxVarintBytes && static_cast<size_t>(i) < rest_.size(); ++i) {
    const auto byte = static_cast<unsigned char>(rest_[static_cast<size_t>(i)]);
    value |= uint64_t{byte & 0x7Fu} << (7 * i);
    if (byte < 0x80) {
      rest_.remove_prefix(static_cast<size_t>(i) + 1);
      return true;
    }
  }
  return false;
}

bool WireScanner::Take(uint64_t count, std::string_view& out) {
  if (count > rest_.size()) {
    return false;
  }
  out = rest_.substr(0, count);
  rest_.remove_prefix(count);
  return true;
}

bool WireScanner::Next() {
  varint_ = 0;
  bytes_ = {};
  is_bytes_ = false;
  if (rest_.empty() || !ok_) {
    return false;
  }
  uint64_t tag = 0;
  uint64_t length = 0;
  std::string_view skipped;
  ok_ = Varint(tag) && tag >> 3 > 0 && tag >> 3 <= UINT32_MAX;
  number_ = static_cast<uint32_t>(tag >> 3);
  switch (tag & 7) {
    case kVarint:
      ok_ = ok_ && Varint(varint_);
      break;
    case kEightBytes:
      ok_ = ok_ && Take(8, skipped);
      break;
    case kBytes:
      is_bytes_ = true;
      ok_ = ok_ && Varint(length) && Take(length, bytes_);
      break;
    case kFourBytes:
      ok_ = ok_ && Take(4, skipped);
      break;
    default:
      ok_ = false;
  }
  return ok_;
}

}  // namespace tocsin
