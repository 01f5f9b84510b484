#include "cli/bench/progress.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "cli/bench/figure_text.h"

namespace tocsin::cli::bench {

std::string ProgressText(const ProgressFigures& figures) {
  std::string text = absl::StrFormat(
      "%4.0f s  %s %s/s  p50 %s  p99 %s  in flight %s", absl::ToDoubleSeconds(figures.elapsed),
      RateText(figures.per_second), figures.of_deliveries ? "deliveries" : "events",
      LatencyText(figures.latency.Percentile(50)), LatencyText(figures.latency.Percentile(99)),
      CountText(figures.in_flight));
  if (figures.refused > 0) absl::StrAppend(&text, "  refused ", CountText(figures.refused));
  if (figures.disconnected > 0) {
    absl::StrAppend(&text, "  disconnected ", CountText(figures.disconnected));
  }
  return text;
}

void Progress::Show(const std::string& text) {
  if (mode_ == Mode::kOff) return;
  if (mode_ == Mode::kLines) {
    out_ << text << std::endl;
    return;
  }
  out_ << '\r' << text << "\x1b[K" << std::flush;  // clears what was longer
  shown_ = true;
}

void Progress::Clear() {
  if (shown_) out_ << "\r\x1b[K" << std::flush;
  shown_ = false;
}

}  // namespace tocsin::cli::bench
