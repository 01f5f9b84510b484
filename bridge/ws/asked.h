// asked.h: what a session's client has asked of the shard since its last write. The answers are
// still in the shard.
//
// Threads: the shard's.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/event/limits.h"

namespace tocsin::bridge::ws {

class Asked {
 public:
  // What a client may ask of the shard before it takes the next write; past that it is not read.
  static constexpr uint32_t kMost = 256;
  static constexpr size_t kMostBytes = 64 * limits::kKiB;

  // One request. The shard keeps `bytes` of it until it answers.
  void Count(size_t bytes) {
    ++count_;
    bytes_ += bytes;
  }
  // A write is on its way.
  void Clear() { *this = Asked(); }
  bool too_much() const { return count_ >= kMost || bytes_ >= kMostBytes; }

 private:
  uint32_t count_ = 0;
  size_t bytes_ = 0;
};

}  // namespace tocsin::bridge::ws
