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

namespace tocsin {

class WireScanner {
 public:
  explicit WireScanner(std::string_view bytes) : rest_(bytes) {}

  // Goes to the next field.
  bool Next();
  bool ok() const { return ok_; }

  uint32_t number() const { return number_; }
  // Of the field Next went to: 0 and empty where it is of another type.
  uint64_t varint() const { return varint_; }
  std::string_view bytes() const { return bytes_; }
  bool is_bytes() const { return is_bytes_; }

 private:
  // Most are one byte.
  bool Varint(uint64_t& value) {
    if (!rest_.empty() && static_cast<unsigned char>(rest_[0]) < 0x80) [[likely]] {
      value = static_cast<unsigned char>(rest_[0]);
      rest_.remove_prefix(1);
      return true;
    }
    return LongVarint(value);
  }
  bool LongVarint(uint64_t& value);
  bool Take(uint64_t count, std::string_view& out);

  std::string_view rest_;
  bool ok_ = true;
  uint32_t number_ = 0;
  uint64_t varint_ = 0;
  std::string_view bytes_;
  bool is_bytes_ = false;
};

}  // namespace tocsin
