// bench_event.h: the events that a benchmark publishes: marked, numbered, and found by a filter.
//
// Shape:   by default an alert_received of the lowest severity and priority, source "tocsin.bench",
//          label tocsin_bench_run=RUN. Unlike an incident's, it leaves no incident behind. A stamp
//          in `external_id` says its number and when it was due.
// Threads: pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "tocsin/v1/event.pb.h"

namespace tocsin::cli::bench {

inline constexpr std::string_view kMark = "tocsin.bench";           // source, resource, category
inline constexpr std::string_view kRunLabel = "tocsin_bench_run";   // of an alert, or its metadata
inline constexpr std::string_view kStampMetadata = "tocsin_bench";  // of a system event

enum class EventKind { kAlert, kSystem };

struct EventShape {
  EventKind kind = EventKind::kAlert;
  std::string run_id;
  std::string source{kMark};
  std::string resource{kMark};
  size_t payload_bytes = 512;  // of the description or message
};

struct Stamp {
  uint64_t number = 0;
  absl::Duration due;  // of this machine's monotonic clock
};
std::string StampText(const Stamp& stamp);
// Nothing for a text that is no stamp.
std::optional<Stamp> ParseStamp(std::string_view text);
// What a stamp begins with.
inline constexpr std::string_view kStampPrefix = "tocsin.bench ";

// Without a stamp.
v1::Event MakeBenchEvent(const EventShape& shape);
void SetStamp(v1::Event& event, const Stamp& stamp);
std::optional<Stamp> StampOf(const v1::Event& event);

// The alerts of that run, and nothing else.
v1::Filter FilterOfRun(const std::string& run_id);

}  // namespace tocsin::cli::bench
