#include "core/event/wire_scanner.h"

#include <google/protobuf/timestamp.pb.h>

#include <cstring>

namespace tocsin {
namespace {

constexpr int kMaxVarintBytes = 10;

}  // namespace

bool WireScanner::TakeLongVarint(std::string_view& rest, uint64_t& value) {
  value = 0;
  for (int i = 0; i < kMaxVarintBytes && static_cast<size_t>(i) < rest.size(); ++i) {
    const auto byte = static_cast<unsigned char>(rest[static_cast<size_t>(i)]);
    value |= uint64_t{byte & 0x7Fu} << (7 * i);
    if (byte < 0x80) {
      rest.remove_prefix(static_cast<size_t>(i) + 1);
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
  eight_bytes_ = 0;
  bytes_ = {};
  if (rest_.empty() || !ok_) {
    return false;
  }
  uint64_t tag = 0;
  uint64_t length = 0;
  std::string_view fixed;
  ok_ = TakeVarint(rest_, tag) && tag >> 3 > 0 && tag >> 3 <= UINT32_MAX;
  number_ = static_cast<uint32_t>(tag >> 3);
  type_ = static_cast<WireType>(tag & 7);
  switch (type_) {
    case WireType::kVarint:
      ok_ = ok_ && TakeVarint(rest_, varint_);
      break;
    case WireType::kEightBytes:
      ok_ = ok_ && Take(sizeof eight_bytes_, fixed);
      if (ok_) {
        std::memcpy(&eight_bytes_, fixed.data(), sizeof eight_bytes_);
      }
      break;
    case WireType::kBytes:
      ok_ = ok_ && TakeVarint(rest_, length) && Take(length, bytes_);
      break;
    case WireType::kFourBytes:
      ok_ = ok_ && Take(4, fixed);
      break;
    default:
      ok_ = false;
  }
  return ok_;
}

bool ScanTime(std::string_view bytes, absl::Time& time) {
  using google::protobuf::Timestamp;
  WireScanner scan(bytes);
  int64_t seconds = 0;
  int32_t nanos = 0;
  while (scan.Next()) {
    if (scan.is_varint() && scan.number() == Timestamp::kSecondsFieldNumber) {
      seconds = static_cast<int64_t>(scan.varint());
    } else if (scan.is_varint() && scan.number() == Timestamp::kNanosFieldNumber) {
      nanos = static_cast<int32_t>(scan.varint());
    }
  }
  time = absl::FromUnixSeconds(seconds) + absl::Nanoseconds(nanos);
  return scan.ok();
}

bool ScanEntry(std::string_view bytes, std::string_view& key, std::string_view& value) {
  key = value = {};
  WireScanner scan(bytes);
  while (scan.Next()) {
    if (scan.is_bytes() && scan.number() <= 2) {
      (scan.number() == 1 ? key : value) = scan.bytes();
    }
  }
  return scan.ok();
}

}  // namespace tocsin
