#include "core/event/wire_scanner.h"

#include <google/protobuf/timestamp.pb.h>

#include <cstring>

namespace tocsin {
namespace {

constexpr int kMaxVarintBytes = 10;

}  // namespace

bool WireScanner::TakeLongVarint(const char*& at, const char* end, uint64_t& value) {
  value = 0;
  const char* next = at;
  for (int i = 0; i < kMaxVarintBytes && next != end; ++i) {
    const auto byte = static_cast<unsigned char>(*next++);
    value |= uint64_t{byte & 0x7Fu} << (7 * i);
    if (byte < 0x80) {
      at = next;
      return true;
    }
  }
  return false;
}

bool WireScanner::NextFixed() {
  const size_t left = static_cast<size_t>(end_ - at_);
  varint_ = 0;
  if (type_ == WireType::kEightBytes && left >= sizeof eight_bytes_) {
    std::memcpy(&eight_bytes_, at_, sizeof eight_bytes_);
    at_ += sizeof eight_bytes_;
    return true;
  }
  if (type_ == WireType::kFourBytes && left >= 4) {
    at_ += 4;
    return true;
  }
  return Fail();
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
