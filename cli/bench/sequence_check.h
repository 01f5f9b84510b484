// sequence_check.h: finds which of the numbered events are missing, late, or received twice.
//
// Shape:   the next number, and the ranges before it that have not come. At most kRanges of
//          them are kept; past that the oldest is lost for good, and its late events count as
//          duplicates.
// Threads: not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace tocsin::cli::bench {

class SequenceCheck {
 public:
  static constexpr size_t kRanges = 64;

  // The event with that number has come; numbers begin at 0.
  void Take(uint64_t number);

  // How many of the numbers below `end` have not come.
  uint64_t MissingBelow(uint64_t end) const;
  uint64_t received() const { return received_; }  // each number once
  uint64_t out_of_order() const { return out_of_order_; }
  uint64_t duplicates() const { return duplicates_; }

 private:
  struct Range {
    uint64_t begin;
    uint64_t end;
  };
  void Skip(Range range);
  // True when it was missing.
  bool TakeLate(uint64_t number);

  uint64_t next_ = 0;
  std::vector<Range> missing_;  // ascending
  uint64_t given_up_ = 0;       // numbers of ranges that are no longer kept
  uint64_t received_ = 0;
  uint64_t out_of_order_ = 0;
  uint64_t duplicates_ = 0;
};

}  // namespace tocsin::cli::bench
