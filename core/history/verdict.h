// verdict.h: what the judge found: for each guarantee, what it was tried on and what breaks it.
//
// Shape:   of each guarantee the first kMostFindings are kept, and all are counted.
// Threads: a value.
// Source:  docs/guarantees.md
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tocsin::history {

enum class Guarantee : uint8_t {
  kOrdered,
  kUnique,
  kReliable,
  kAtomic,
  kResumable,
  kBookmarkable,
  kFilterable,
  kFollowed,
  kDurable,
};
inline constexpr size_t kGuarantees = 9;
std::string_view NameOf(Guarantee guarantee);  // "Ordered"
// What it is tried on: "deliveries".
std::string_view TriedOn(Guarantee guarantee);
// What it promises, in a sentence without its full stop.
std::string_view PromiseOf(Guarantee guarantee);

struct Finding {
  Guarantee guarantee;
  std::string what;                    // a sentence without its full stop
  std::vector<std::string> offending;  // events, as "ID at CURSOR"
};

class Verdict {
 public:
  // Enough to see the kind of fault; of one fault there may be a finding an event.
  static constexpr size_t kMostFindings = 20;

  void Tried(Guarantee guarantee, uint64_t count = 1) { Of(guarantee).tried += count; }
  void Broken(Finding finding);

  uint64_t tried(Guarantee guarantee) const { return Of(guarantee).tried; }
  uint64_t broken(Guarantee guarantee) const { return Of(guarantee).broken; }
  // False when one is broken.
  bool held() const;
  const std::vector<Finding>& findings() const { return findings_; }

  uint64_t records = 0;
  uint64_t events = 0;   // in the last read
  uint64_t streams = 0;  // chains of resumes
  uint64_t gaps = 0;     // told to streams

 private:
  struct Tally {
    uint64_t tried = 0;
    uint64_t broken = 0;
  };
  Tally& Of(Guarantee guarantee) { return tallies_[static_cast<size_t>(guarantee)]; }
  const Tally& Of(Guarantee guarantee) const { return tallies_[static_cast<size_t>(guarantee)]; }

  std::array<Tally, kGuarantees> tallies_;
  std::vector<Finding> findings_;
};

// One line a guarantee: "Ordered        held    12,345 deliveries"; after a broken one what it
// promises and its first findings. Then a sentence that says which held.
std::string VerdictText(const Verdict& verdict);
// {"held":…,"records":…,…,"guarantees":[{"name":…,"promise":…,"tried":…,"broken":…,"findings":[…]}]}
std::string VerdictJson(const Verdict& verdict);

}  // namespace tocsin::history
