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

#include "absl/time/time.h"

namespace tocsin {

enum class WireType : uint8_t { kVarint = 0, kEightBytes = 1, kBytes = 2, kFourBytes = 5 };

class WireScanner {
 public:
  explicit WireScanner(std::string_view bytes) : rest_(bytes) {}

  // Goes to the next field.
  bool Next();
  bool ok() const { return ok_; }

  uint32_t number() const { return number_; }
  // Of the field Next went to. A value is 0 or empty where the field is of another type.
  WireType type() const { return type_; }
  bool is_varint() const { return type_ == WireType::kVarint; }
  bool is_bytes() const { return type_ == WireType::kBytes; }
  uint64_t varint() const { return varint_; }
  uint64_t eight_bytes() const { return eight_bytes_; }
  std::string_view bytes() const { return bytes_; }
  // What comes after that field.
  std::string_view rest() const { return rest_; }

  // Takes a varint off the beginning of `rest`. False where there is none. Most are one byte.
  static bool TakeVarint(std::string_view& rest, uint64_t& value) {
    if (!rest.empty() && static_cast<unsigned char>(rest[0]) < 0x80) [[likely]] {
      value = static_cast<unsigned char>(rest[0]);
      rest.remove_prefix(1);
      return true;
    }
    return TakeLongVarint(rest, value);
  }

 private:
  static bool TakeLongVarint(std::string_view& rest, uint64_t& value);
  bool Take(uint64_t count, std::string_view& out);

  std::string_view rest_;
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
