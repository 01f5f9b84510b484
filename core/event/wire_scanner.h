// wire_scanner.h: the fields of an encoded message, one after the other, without making the
// message.
//
// Threads: a value; the bytes outlive it.
// Errors:  Next answers false at the end and where the bytes are no message; ok() tells which.
// Source:  the encoding of Protocol Buffers, version 3: varints, 8 bytes, length-delimited, 4
//          bytes.
#pragma once

#include <cstdint>
#include <string_view>

#include "absl/base/attributes.h"
#include "absl/time/time.h"

namespace tocsin {

enum class WireType : uint8_t { kVarint = 0, kEightBytes = 1, kBytes = 2, kFourBytes = 5 };

class WireScanner {
 public:
  explicit WireScanner(std::string_view bytes)
      : at_(bytes.data()), end_(bytes.data() + bytes.size()) {}

  // Goes to the next field. Here, because it is most of what reading costs.
  ABSL_ATTRIBUTE_ALWAYS_INLINE bool Next() {
    uint64_t tag = 0;
    if (at_ == end_) {
      return false;
    }
    if (!TakeVarint(at_, end_, tag) || tag >> 3 == 0 || tag >> 3 > UINT32_MAX) [[unlikely]] {
      return Fail();
    }
    number_ = static_cast<uint32_t>(tag >> 3);
    type_ = static_cast<WireType>(tag & 7);
    if (type_ == WireType::kBytes) [[likely]] {
      uint64_t length = 0;
      varint_ = 0;
      if (!TakeVarint(at_, end_, length) || length > static_cast<size_t>(end_ - at_)) [[unlikely]] {
        return Fail();
      }
      bytes_ = {at_, length};
      at_ += length;
      return true;
    }
    bytes_ = {};
    return type_ == WireType::kVarint ? TakeVarint(at_, end_, varint_) || Fail() : NextFixed();
  }
  bool ok() const { return ok_; }

  uint32_t number() const { return number_; }
  // Of the field Next went to. A value is 0 or empty where the field is of another type.
  WireType type() const { return type_; }
  bool is_varint() const { return type_ == WireType::kVarint; }
  bool is_bytes() const { return type_ == WireType::kBytes; }
  uint64_t varint() const { return varint_; }
  std::string_view bytes() const { return bytes_; }
  // Of a field of eight bytes.
  uint64_t eight_bytes() const { return eight_bytes_; }
  // What comes after that field.
  std::string_view rest() const { return {at_, static_cast<size_t>(end_ - at_)}; }

  // Takes a varint off the bytes from `at` on. False where there is none. Most are one byte.
  ABSL_ATTRIBUTE_ALWAYS_INLINE static bool TakeVarint(const char*& at, const char* end,
                                                      uint64_t& value) {
    if (at != end && static_cast<unsigned char>(*at) < 0x80) [[likely]] {
      value = static_cast<unsigned char>(*at++);
      return true;
    }
    return TakeLongVarint(at, end, value);
  }

 private:
  static bool TakeLongVarint(const char*& at, const char* end, uint64_t& value);
  bool NextFixed();
  bool Fail() {
    ok_ = false;
    at_ = end_;
    return false;
  }

  const char* at_;
  const char* end_;
  bool ok_ = true;
  WireType type_ = WireType::kVarint;
  uint32_t number_ = 0;
  uint64_t varint_ = 0;
  uint64_t eight_bytes_ = 0;
  std::string_view bytes_;
};

// The time in an encoded google.protobuf.Timestamp. False where the bytes are none.
bool ScanTime(std::string_view bytes, absl::Time& time);
// Key and value of an entry of an encoded map of texts. False where the bytes are none.
bool ScanEntry(std::string_view bytes, std::string_view& key, std::string_view& value);

}  // namespace tocsin
