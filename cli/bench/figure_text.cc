#include "cli/bench/figure_text.h"

#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace tocsin::cli::bench {

std::string LatencyText(absl::Duration latency) {
  constexpr const char* kUnits[] = {"ns", "us", "ms", "s"};
  double value = absl::ToDoubleNanoseconds(latency);
  size_t unit = 0;
  // A figure that rounds to 1000 is printed in the next unit.
  for (; value >= 999.5 && unit + 1 < std::size(kUnits); ++unit) value /= 1000;
  const int digits = unit == 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  return absl::StrFormat("%.*f %s", digits, value, kUnits[unit]);
}

std::string CountText(uint64_t count) {
  std::string text = absl::StrCat(count);
  for (size_t at = text.size(); at > 3;) text.insert(at -= 3, ",");
  return text;
}

std::string RateText(double per_second) {
  if (per_second >= 100) return CountText(static_cast<uint64_t>(std::llround(per_second)));
  return absl::StrFormat("%.1f", per_second);
}

double PerSecond(uint64_t count, absl::Duration elapsed) {
  return elapsed > absl::ZeroDuration()
             ? static_cast<double>(count) / absl::ToDoubleSeconds(elapsed)
             : 0;
}

}  // namespace tocsin::cli::bench
