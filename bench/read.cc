// read.cc: the floor of a replay: the log on disk read from its first event to its last by one
// thread, and nothing done with what is read.
//
//   bench_read store LOG_DIRECTORY     the store's bytes, event by event
//   bench_read log LOG_DIRECTORY       as a replay of everything reads: slices of records
//   bench_read none LOG_DIRECTORY      as a replay reads whose filter matches nothing
//   bench_read facts LOG_DIRECTORY     as the window is filled: records with what filters look at
//
// Prints one line of JSON, named as the load program names the same figures. No hub may run there.
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <functional>
#include <iterator>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "core/base/status_macros.h"
#include "core/event/limits.h"
#include "hub/log/rocksdb_log.h"
#include "hub/log/rocksdb_store.h"

namespace tocsin::hub {
namespace {

struct Held {
  uint64_t events = 0;
  uint64_t bytes = 0;
};

double CpuSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

absl::Status Measure(const std::function<absl::StatusOr<Held>()>& read) {
  const double cpu = CpuSeconds();
  const auto start = std::chrono::steady_clock::now();
  const auto held = read();
  RETURN_IF_ERROR(held.status());
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  const double used = CpuSeconds() - cpu;
  const auto events = static_cast<double>(held->events);
  std::printf(
      "{\"events\":%llu,\"secs\":%.4f,\"deliveries_s\":%.0f,\"mbytes_s\":%.1f,"
      "\"server_cpu_s_per_million\":%.3f,\"server_cpu_share\":%.3f,\"lost\":0}\n",
      static_cast<unsigned long long>(held->events), took.count(), events / took.count(),
      static_cast<double>(held->bytes) / 1e6 / took.count(), 1e6 * used / events,
      used / took.count());
  return absl::OkStatus();
}

absl::StatusOr<Held> ReadStore(const RocksDbStore& store) {
  Held held;
  const auto iterator = store.Iterate(Column::kEvents);
  for (iterator->SeekToFirst(); iterator->Valid(); iterator->Next()) {
    ++held.events;
    held.bytes += iterator->value().size();
  }
  RETURN_IF_ERROR(iterator->status().ok() ? absl::OkStatus()
                                          : FromRocksDb(iterator->status(), "cannot read"));
  return held;
}

// As a replay reads; counts what was looked at.
absl::StatusOr<Held> ReadMatching(const Log& log, const Filter& filter) {
  Held held;
  Sequence after = log.extent().earliest.sequence;
  while (true) {
    const auto slice = log.ReadMatching(after, limits::kReplayEvents, limits::kReplayBytes, filter);
    RETURN_IF_ERROR(slice.status());
    if (slice->looked_at == after) return held;
    held.events += slice->looked_at - after;
    for (const EventPtr& event : slice->events) held.bytes += event->payload.size();
    after = slice->looked_at;
  }
}

// As the window is filled.
absl::StatusOr<Held> ReadFacts(const Log& log) {
  Held held;
  Sequence after = log.extent().earliest.sequence;
  while (true) {
    const auto slice = log.Read(after, limits::kReplayEvents, limits::kReplayBytes);
    RETURN_IF_ERROR(slice.status());
    if (slice->empty()) return held;
    held.events += slice->size();
    for (const EventPtr& event : *slice) held.bytes += event->payload.size();
    after = slice->back()->cursor.sequence;
  }
}

absl::StatusOr<Held> Read(const Log& log, std::string_view what) {
  if (what == "facts") return ReadFacts(log);
  v1::Filter filter;
  if (what == "none") filter.add_sources("nobody");
  ASSIGN_OR_RETURN(const FilterPtr compiled, Filter::Compile(filter));
  return ReadMatching(log, *compiled);
}

absl::Status RunLog(const std::string& dir, std::string_view what) {
  RocksDbOptions options;
  options.dir = dir;
  const auto log = RocksDbLog::Open(options);
  RETURN_IF_ERROR(log.status());
  RETURN_IF_ERROR(Measure([&] { return Read(**log, what); }));
  return (*log)->Close();
}

absl::Status RunStore(const std::string& dir) {
  const auto store = RocksDbStore::Open(dir + "/log", nullptr);
  RETURN_IF_ERROR(store.status());
  return Measure([&] { return ReadStore(**store); });
}

}  // namespace
}  // namespace tocsin::hub

int main(int argc, char** argv) {
  constexpr std::string_view kWhat[] = {"store", "log", "facts", "none"};
  const std::string_view what = argc == 3 ? argv[1] : "";
  if (std::find(std::begin(kWhat), std::end(kWhat), what) == std::end(kWhat)) {
    std::fprintf(stderr, "usage: bench_read store|log|facts|none LOG_DIRECTORY\n");
    return 2;
  }
  const absl::Status done =
      what == "store" ? tocsin::hub::RunStore(argv[2]) : tocsin::hub::RunLog(argv[2], what);
  if (!done.ok()) std::fprintf(stderr, "%s\n", std::string(done.message()).c_str());
  return done.ok() ? 0 : 1;
}
