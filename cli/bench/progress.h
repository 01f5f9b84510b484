// progress.h: prints a line about the run once a second.
//
// Shape:   on a terminal it is written over the last one; elsewhere each is a line, if it was asked
//          for. It goes to stderr, so that stdout holds the report and nothing else.
// Threads: not thread-safe.
#pragma once

#include <ostream>
#include <string>

#include "absl/time/time.h"
#include "cli/bench/histogram.h"

namespace tocsin::cli::bench {

// The last second.
struct ProgressFigures {
  absl::Duration elapsed;
  bool of_deliveries = false;
  double per_second = 0;
  Histogram latency;
  uint64_t in_flight = 0;
  uint64_t refused = 0;
  uint64_t disconnected = 0;
};
std::string ProgressText(const ProgressFigures& figures);

class Progress {
 public:
  enum class Mode { kOff, kLines, kTerminal };

  Progress(std::ostream& out, Mode mode) : out_(out), mode_(mode) {}
  ~Progress() { Clear(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void Show(const std::string& text);
  // Takes the line off a terminal.
  void Clear();

 private:
  std::ostream& out_;
  const Mode mode_;
  bool shown_ = false;
};

}  // namespace tocsin::cli::bench
