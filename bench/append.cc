// append.cc: synced events a second through the sequencer, the store on disk under it.
//
// Each run keeps so many publishes in flight; every one waits for the sync that makes it durable.
// The data directory is made beside the program, so that it is on the disk one builds on, not in
// memory.
//
//   bench_append [--in_flight=256] [--events=1] [--seconds=3]
//   [--kind=system|incident|update|alert|report]
//                [--durability=always|memory]
//   bench_append      without options: 1, 16 and 256 in flight, then 256 with 16 events each
//
// `incident` makes new incidents, `update` has news of 10,000 of them. `alert` opens an incident
// with each alert, `report` reports 10,000 firing alerts again and again: there, what is counted is
// alerts.
#include <stdlib.h>
#include <sys/resource.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "absl/strings/numbers.h"
#include "core/base/check.h"
#include "core/base/strings.h"
#include "core/event/time_proto.h"
#include "core/event/uuid.h"
#include "core/event/validate.h"
#include "hub/log/rocksdb_log.h"
#include "hub/sequencer.h"

namespace tocsin::hub {
namespace {

struct Load {
  int in_flight = 256;
  int events = 1;  // in a publish
  double seconds = 3;
  std::string kind = "system";
  std::string durability = "always";
};

v1::Event MakeEvent(const Load& load) {
  v1::Event event;
  event.set_id(NewUuid(absl::Now()));
  if (load.kind != "system") {
    const bool is_new = load.kind == "incident";
    event.set_type(is_new ? v1::EVENT_TYPE_INCIDENT_CREATED : v1::EVENT_TYPE_INCIDENT_UPDATED);
    v1::Incident& incident = *event.mutable_incident();
    incident.set_id(is_new ? "" : NewUuid(absl::Now()));
    incident.set_severity(v1::SEVERITY_P2);
    incident.set_source("bench");
    incident.set_title("a disk is filling up");
    incident.set_description(std::string(300, 'x'));
    (*incident.mutable_labels())["service"] = "checkout";
  } else {
    event.mutable_system_event()->set_category("bench");
    event.mutable_system_event()->set_message(std::string(400, 'x'));
  }
  TOCSIN_CHECK(NormalizeEvent(event, "event").ok());
  return event;
}

double CpuSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + 1e-6 * t.tv_usec;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

v1::Alert MakeAlert(size_t number) {
  v1::Alert alert;
  alert.set_source("bench");
  alert.set_title("a disk is filling up");
  alert.set_severity(v1::SEVERITY_P2);
  alert.set_description(std::string(300, 'x'));
  (*alert.mutable_labels())["service"] = "checkout";
  alert.set_fingerprint("bench/" + std::to_string(number));
  SetTimestamp(*alert.mutable_timestamp(), absl::UnixEpoch());
  TOCSIN_CHECK(NormalizeAlert(alert, "alert").ok());
  return alert;
}

// Publishes again as soon as it is answered, until told to stop.
class Publishers {
 public:
  Publishers(Sequencer& sequencer, const Load& load) : sequencer_(sequencer), load_(load) {
    for (int i = 0; i < 512; ++i) {
      samples_.push_back(MakeEvent(load));
    }
    for (int i = 0; i < 10'000; ++i) {
      incidents_.push_back(NewUuid(absl::Now()));
    }
  }
  void Start() {
    for (int i = 0; i < load_.in_flight; ++i) {
      Next();
    }
  }
  // Waits for the answers that are due.
  void Stop() {
    stopping_ = true;
    while (outstanding_ > 0) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }
  uint64_t durable() const { return durable_; }

 private:
  bool sends_alerts() const { return load_.kind == "alert" || load_.kind == "report"; }
  void Next() {
    ++outstanding_;
    sends_alerts() ? SubmitNext() : PublishNext();
  }
  void SubmitNext() {
    auto left = std::make_shared<std::atomic<int>>(load_.events);
    std::vector<AlertSubmission> alerts(static_cast<size_t>(load_.events));
    for (AlertSubmission& alert : alerts) {
      const bool report = load_.kind == "report";
      const size_t next = next_++;
      alert.request.alert = MakeAlert(report ? next % incidents_.size() : next);
      alert.request.report = report ? AlertReport::kStateReport : AlertReport::kAlert;
      alert.done = [this, left](const AlertOutcome& outcome) {
        if (left->fetch_sub(1) == 1) {
          Answered(outcome.status(), static_cast<size_t>(load_.events));
        }
      };
    }
    sequencer_.Submit(std::move(alerts));
  }
  void Answered(const absl::Status& status, size_t events) {
    if (!status.ok()) {
      std::fprintf(stderr, "refused: %s\n", std::string(status.message()).c_str());
      std::exit(1);
    }
    durable_ += events;
    if (!stopping_) {
      Next();
    }
    --outstanding_;
  }
  void PublishNext() {
    PublishRequestData request;
    for (int i = 0; i < load_.events; ++i) {
      const size_t next = next_++;
      request.events.push_back(samples_[next % samples_.size()]);
      request.events.back().set_id(NewUuid(absl::Now()));
      if (load_.kind == "update") {
        request.events.back().mutable_incident()->set_id(incidents_[next % incidents_.size()]);
      }
    }
    sequencer_.Publish(std::move(request), [this](PublishOutcome outcome) {
      Answered(outcome.status(), outcome.ok() ? outcome->size() : 0);
    });
  }

  Sequencer& sequencer_;
  const Load load_;
  std::vector<v1::Event> samples_;
  std::vector<std::string> incidents_;  // their ids
  std::atomic<size_t> next_{0};
  std::atomic<uint64_t> durable_{0};
  std::atomic<bool> stopping_{false};
  std::atomic<int> outstanding_{0};
};

void Run(const std::string& dir, const Load& load) {
  RocksDbOptions options;
  options.dir = dir;
  options.durability = load.durability == "memory" ? Durability::kMemory : Durability::kAlways;
  auto log = RocksDbLog::Open(options);
  TOCSIN_CHECK(log.ok());
  Window window({10'000, 64 << 20});
  Sequencer sequencer(**log, window, Clock::Real(), {.retention = {.max_events = 2'000'000}});
  TOCSIN_CHECK(sequencer.Open().ok());
  Publishers publishers(sequencer, load);
  const double cpu = CpuSeconds();
  const absl::Time start = absl::Now();
  sequencer.Start();
  publishers.Start();
  std::this_thread::sleep_for(std::chrono::duration<double>(load.seconds));
  const double took = absl::ToDoubleSeconds(absl::Now() - start);
  const auto durable = static_cast<double>(publishers.durable());
  const double used = CpuSeconds() - cpu;
  publishers.Stop();
  sequencer.Stop();
  std::printf("%-8s %-8s in flight %4d x %3d   %9.0f events/s   %5.2f us CPU an event\n",
              load.kind.c_str(), load.durability.c_str(), load.in_flight, load.events,
              durable / took, 1e6 * used / durable);
  std::fflush(stdout);
}

bool Set(Load& load, std::string_view argument) {
  const size_t equals = argument.find('=');
  if (equals == std::string_view::npos) return false;
  const std::string_view name = argument.substr(0, equals);
  const std::string_view value = argument.substr(equals + 1);
  if (name == "--in_flight") return absl::SimpleAtoi(ToAbsl(value), &load.in_flight);
  if (name == "--events") return absl::SimpleAtoi(ToAbsl(value), &load.events);
  if (name == "--seconds") return absl::SimpleAtod(ToAbsl(value), &load.seconds);
  if (name == "--kind") load.kind = value;
  if (name == "--durability") load.durability = value;
  return name == "--kind" || name == "--durability";
}

}  // namespace
}  // namespace tocsin::hub

int main(int argc, char** argv) {
  using tocsin::hub::Load;
  std::vector<Load> loads;
  if (argc > 1) {
    loads.emplace_back();
  } else {
    loads = {{.in_flight = 1},
             {.in_flight = 16},
             {.in_flight = 256},
             {.in_flight = 256, .kind = "incident"},
             {.in_flight = 256, .kind = "update"},
             {.in_flight = 256, .kind = "alert"},
             {.in_flight = 256, .kind = "report"},
             {.in_flight = 256, .events = 16},
             {.in_flight = 256, .events = 16, .kind = "incident"},
             {.in_flight = 256, .events = 16, .kind = "update"},
             {.in_flight = 256, .events = 16, .kind = "alert"},
             {.in_flight = 256, .events = 16, .kind = "report"}};
  }
  for (int i = 1; i < argc; ++i) {
    if (!tocsin::hub::Set(loads[0], argv[i])) {
      std::fprintf(stderr, "unknown argument %s\n", argv[i]);
      return 2;
    }
  }
  std::string dir = (std::filesystem::path(argv[0]).parent_path() / "bench-append-XXXXXX").string();
  TOCSIN_CHECK(mkdtemp(dir.data()) != nullptr);
  for (const Load& load : loads) {
    tocsin::hub::Run(dir + "/data", load);
    std::filesystem::remove_all(dir + "/data");
  }
  std::filesystem::remove_all(dir);
  return 0;
}
