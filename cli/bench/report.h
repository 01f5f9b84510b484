// report.h: the result of a run, as text and as JSON.
//
// Shape:   ToText is a table with a chart of latencies below; ToJson one object with every figure,
//          the unit in its name (docs/operations.md lists them).
// Threads: pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/time/time.h"
#include "cli/bench/chart.h"
#include "cli/bench/deliveries.h"
#include "cli/bench/options.h"
#include "cli/bench/publish_tally.h"

namespace tocsin::cli::bench {

// What the hub reports about itself. Figures can only be compared together with its durability.
struct HubFacts {
  std::string version;
  std::string store;
  std::string durability;
};

struct Report {
  BenchOptions options;
  std::string hub;  // address
  HubFacts hub_facts;
  std::string run_id;
  absl::Time started;
  absl::Duration elapsed;                   // from the first event to the last answer or delivery
  std::optional<PublishFigures> published;  // not when only listening
  std::optional<DeliveryFigures> delivered;
  double client_cores = 0;  // processor time of this program / elapsed
  bool interrupted = false;
  std::string error;  // why it ended early, or what went wrong; empty when nothing did
  int exit_code = 0;
};

std::string ToText(const Report& report, const ChartStyle& style);
// Without a line break at its end.
std::string ToJson(const Report& report);

}  // namespace tocsin::cli::bench
