// read.cc: the floor of a replay: the log on disk read from its first event to its last, in slices, by
// one thread, and nothing done with what is read.
//
//   bench_read LOG_DIRECTORY [EVENTS_A_SLICE]
//
// Prints one line of JSON, named as the load program names the same figures. No hub may run there.
#include <sys/resource.h>

#include <chrono>
#include <cstdio>
#include <string>

#include "absl/strings/numbers.h"
#include "core/base/check.h"
#include "core/event/limits.h"
#include "hub/log/rocksdb_log.h"

namespace tocsin::hub {
namespace {

constexpr size_t kSliceEvents = 1'000;

double CpuSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

struct Held {
  uint64_t events = 0;
  uint64_t bytes = 0;
};

Held ReadAll(const Log& log, size_t slice_events) {
  Held held;
  Sequence after = log.extent().earliest.sequence;
  while (true) {
    const auto slice = log.Read(after, slice_events, limits::kMiB);
    TOCSIN_CHECK(slice.ok());
    if (slice->empty()) return held;
    held.events += slice->size();
    for (const EventPtr& event : *slice) held.bytes += event->payload.size();
    after = slice->back()->cursor.sequence;
  }
}

int Run(const std::string& dir, size_t slice_events) {
  RocksDbOptions options;
  options.dir = dir;
  const auto log = RocksDbLog::Open(options);
  if (!log.ok()) {
    std::fprintf(stderr, "%s\n", std::string(log.status().message()).c_str());
    return 1;
  }
  const double cpu = CpuSeconds();
  const auto start = std::chrono::steady_clock::now();
  const Held held = ReadAll(**log, slice_events);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  const double used = CpuSeconds() - cpu;
  const auto events = static_cast<double>(held.events);
  std::printf(
      "{\"events\":%llu,\"secs\":%.4f,\"deliveries_s\":%.0f,\"mbytes_s\":%.1f,"
      "\"server_cpu_s_per_million\":%.3f,\"server_cpu_share\":%.3f,\"lost\":0}\n",
      static_cast<unsigned long long>(held.events), took.count(), events / took.count(),
      static_cast<double>(held.bytes) / 1e6 / took.count(), 1e6 * used / events,
      used / took.count());
  return (*log)->Close().ok() ? 0 : 1;
}

}  // namespace
}  // namespace tocsin::hub

int main(int argc, char** argv) {
  size_t slice_events = tocsin::hub::kSliceEvents;
  if (argc < 2 || argc > 3 || (argc == 3 && !absl::SimpleAtoi(argv[2], &slice_events))) {
    std::fprintf(stderr, "usage: bench_read LOG_DIRECTORY [EVENTS_A_SLICE]\n");
    return 2;
  }
  return tocsin::hub::Run(argv[1], slice_events);
}
