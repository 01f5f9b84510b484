#include "core/base/xxh64.h"

#include <array>
#include <bit>
#include <cstddef>
#include <cstring>

namespace tocsin {
namespace {

constexpr uint64_t kPrime1 = 0x9E3779B185EBCA87;
constexpr uint64_t kPrime2 = 0xC2B2AE3D27D4EB4F;
constexpr uint64_t kPrime3 = 0x165667B19E3779F9;
constexpr uint64_t kPrime4 = 0x85EBCA77C2B2AE63;
constexpr uint64_t kPrime5 = 0x27D4EB2F165667C5;
constexpr size_t kStripe = 32;

// The next bytes as a little-endian number, taken off `bytes`.
template <typename Number>
Number Take(std::string_view& bytes) {
  static_assert(std::endian::native == std::endian::little);
  Number number;
  std::memcpy(&number, bytes.data(), sizeof(number));
  bytes.remove_prefix(sizeof(number));
  return number;
}

uint64_t Round(uint64_t accumulator, uint64_t lane) {
  return std::rotl(accumulator + lane * kPrime2, 31) * kPrime1;
}

// What the whole stripes come to; they are taken off `bytes`.
uint64_t TakeStripes(std::string_view& bytes) {
  std::array<uint64_t, 4> lanes = {kPrime1 + kPrime2, kPrime2, 0, 0 - kPrime1};
  while (bytes.size() >= kStripe) {
    for (uint64_t& lane : lanes) {
      lane = Round(lane, Take<uint64_t>(bytes));
    }
  }
  uint64_t hash = std::rotl(lanes[0], 1) + std::rotl(lanes[1], 7) + std::rotl(lanes[2], 12) +
                  std::rotl(lanes[3], 18);
  for (const uint64_t lane : lanes) {
    hash = (hash ^ Round(0, lane)) * kPrime1 + kPrime4;
  }
  return hash;
}

uint64_t WithRest(uint64_t hash, std::string_view bytes) {
  while (bytes.size() >= 8) {
    hash = std::rotl(hash ^ Round(0, Take<uint64_t>(bytes)), 27) * kPrime1 + kPrime4;
  }
  if (bytes.size() >= 4) {
    hash = std::rotl(hash ^ Take<uint32_t>(bytes) * kPrime1, 23) * kPrime2 + kPrime3;
  }
  while (!bytes.empty()) {
    hash = std::rotl(hash ^ Take<uint8_t>(bytes) * kPrime5, 11) * kPrime1;
  }
  return hash;
}

}  // namespace

uint64_t Xxh64(std::string_view bytes) {
  const size_t size = bytes.size();
  uint64_t hash = (size >= kStripe ? TakeStripes(bytes) : kPrime5) + size;
  hash = WithRest(hash, bytes);
  hash = (hash ^ hash >> 33) * kPrime2;
  hash = (hash ^ hash >> 29) * kPrime3;
  return hash ^ hash >> 32;
}

}  // namespace tocsin
