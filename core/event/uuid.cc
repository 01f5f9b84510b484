#include "core/event/uuid.h"

#include <algorithm>
#include <cstdint>

#include "absl/random/random.h"
#include "core/base/check.h"

namespace tocsin {
namespace {

constexpr uint64_t kMillisMask = (uint64_t{1} << 48) - 1;
constexpr uint32_t kLastCounter = 0xFFF;
constexpr size_t kUuidChars = 36;

bool IsDashPlace(size_t i) { return i == 8 || i == 13 || i == 18 || i == 23; }

bool IsHexDigit(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

char LowerHex(char c) { return c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string Format(uint64_t high, uint64_t low) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text(kUuidChars, '-');
  int nibble = 0;
  for (size_t i = 0; i < kUuidChars; ++i) {
    if (IsDashPlace(i)) {
      continue;
    }
    const uint64_t half = nibble < 16 ? high : low;
    text[i] = kDigits[half >> (60 - 4 * (nibble % 16)) & 0xF];
    ++nibble;
  }
  return text;
}

// RFC 9562, section 6.2, method 1: a counter in rand_a, begun at random in its lower half each
// millisecond. A clock that stands still or goes back, or a counter that is full, goes on from the
// last id instead.
class Generator {
 public:
  std::string Next(absl::Time now) {
    Step(static_cast<uint64_t>(std::max<int64_t>(0, absl::ToUnixMillis(now))) & kMillisMask);
    const uint64_t high = millis_ << 16 | uint64_t{0x7000} | counter_;
    const uint64_t low = absl::Uniform<uint64_t>(random_) >> 2 | uint64_t{1} << 63;
    return Format(high, low);
  }

 private:
  void Step(uint64_t millis) {
    if (millis > millis_ || counter_ == kLastCounter) {
      millis_ = std::max(millis, millis_ + (started_ ? 1 : 0));
      counter_ = absl::Uniform<uint32_t>(random_, 0, kLastCounter / 2);
      started_ = true;
      return;
    }
    ++counter_;
  }

  absl::BitGen random_;
  uint64_t millis_ = 0;
  uint32_t counter_ = kLastCounter;  // full: the first id begins anew
  bool started_ = false;
};

}  // namespace

std::string NewUuid(absl::Time now) {
  thread_local Generator generator;
  return generator.Next(now);
}

bool IsUuid(std::string_view text) {
  if (text.size() != kUuidChars) {
    return false;
  }
  for (size_t i = 0; i < kUuidChars; ++i) {
    if (IsDashPlace(i) ? text[i] != '-' : !IsHexDigit(text[i])) {
      return false;
    }
  }
  return true;
}

std::string CanonicalUuid(std::string_view text) {
  TOCSIN_CHECK(IsUuid(text));
  std::string canonical(text);
  std::transform(canonical.begin(), canonical.end(), canonical.begin(), LowerHex);
  return canonical;
}

}  // namespace tocsin
