// incidents.cc: what lists of incidents cost: a log of many incidents is made through the
// sequencer, opened again, and asked with each kind of filter.
//
//   bench_incidents [--incidents=1000000] [--active=100000] [--queries=200] [--dir=DIR]
//
// With --dir the log is kept there, and is not made when it is there already. Each incident has a
// source, two resources and four labels, one of them its own. The last lines are of the index
// alone, filled with incidents in no order of time.
#include <stdlib.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "core/base/check.h"
#include "core/base/process_memory.h"
#include "core/base/strings.h"
#include "core/event/uuid.h"
#include "core/event/validate.h"
#include "hub/log/rocksdb_log.h"
#include "hub/query/incident_queries.h"
#include "hub/sequencer.h"

namespace tocsin::hub {
namespace {

struct Options {
  uint64_t incidents = 1'000'000;
  uint64_t active = 100'000;
  int queries = 200;
  std::string dir;
};

constexpr uint64_t kAtATime = 1'000;

std::unique_ptr<RocksDbLog> OpenLog(const std::string& dir) {
  RocksDbOptions options;
  options.dir = dir;
  options.durability = Durability::kMemory;
  auto log = RocksDbLog::Open(options);
  TOCSIN_CHECK(log.ok());
  return *std::move(log);
}

v1::Incident MakeIncident(uint64_t number, std::mt19937_64& random) {
  v1::Incident incident;
  incident.set_severity(static_cast<v1::Severity>(1 + random() % 5));
  incident.set_source(absl::StrCat("source-", random() % 20));
  incident.set_title("a disk is filling up");
  incident.set_description(std::string(300, 'x'));
  incident.add_affected_resources(absl::StrCat("node-", random() % 5'000));
  incident.add_affected_resources(absl::StrCat("volume-", random() % 5'000));
  auto& labels = *incident.mutable_labels();
  labels["service"] = absl::StrCat("service-", random() % 200);
  labels["env"] = random() % 3 == 0 ? "test" : "prod";
  labels["team"] = absl::StrCat("team-", random() % 50);
  labels["own"] = absl::StrCat(number);
  return incident;
}

class Maker {
 public:
  explicit Maker(Log& log) : sequencer_(log, window_, Clock::Real(), {}) {
    TOCSIN_CHECK(sequencer_.Open().ok());
  }
  std::vector<std::string> Publish(std::vector<v1::Event> events) {
    std::vector<std::string> ids;
    for (v1::Event& event : events) {
      TOCSIN_CHECK(NormalizeEvent(event, "event").ok());
    }
    sequencer_.Publish({std::move(events), {}}, [&](PublishOutcome outcome) {
      TOCSIN_CHECK(outcome.ok());
      for (const v1::PublishResult& result : *outcome) {
        ids.push_back(result.incident_id());
      }
    });
    sequencer_.RunOnce();
    return ids;
  }

 private:
  Window window_{{10'000, 64 << 20}};
  Sequencer sequencer_;
};

// The active ones are spread over all.
void Make(const Options& options) {
  const auto log = OpenLog(options.dir);
  {
    Maker maker(*log);
    std::mt19937_64 random(1);
    for (uint64_t made = 0; made < options.incidents; made += kAtATime) {
      std::vector<v1::Event> events(kAtATime);
      for (uint64_t i = 0; i < kAtATime; ++i) {
        events[i].set_type(v1::EVENT_TYPE_INCIDENT_CREATED);
        *events[i].mutable_incident() = MakeIncident(made + i, random);
      }
      std::vector<v1::Event> resolved;
      for (const std::string& id : maker.Publish(std::move(events))) {
        if (random() % options.incidents >= options.active) {
          resolved.emplace_back().set_type(v1::EVENT_TYPE_INCIDENT_RESOLVED);
          resolved.back().mutable_incident()->set_id(id);
        }
      }
      maker.Publish(std::move(resolved));
    }
  }
  TOCSIN_CHECK(log->Close().ok());
}

struct Kind {
  const char* name;
  std::function<v1::Filter(std::mt19937_64&)> make;
};

std::vector<Kind> Kinds(const std::vector<std::string>& ids) {
  using Random = std::mt19937_64;
  const auto filter = [](auto set) {
    return [set](Random& random) {
      v1::Filter made;
      set(made, random);
      return made;
    };
  };
  return {
      {"none", filter([](v1::Filter&, Random&) {})},
      {"active_only", filter([](v1::Filter& f, Random&) { f.set_active_only(true); })},
      {"severities", filter([](v1::Filter& f, Random& r) {
         f.add_severities(static_cast<v1::Severity>(1 + r() % 5));
       })},
      {"states", filter([](v1::Filter& f, Random&) { f.add_states(v1::INCIDENT_STATE_RESOLVED); })},
      {"sources",
       filter([](v1::Filter& f, Random& r) { f.add_sources(absl::StrCat("source-", r() % 20)); })},
      {"affected_resources", filter([](v1::Filter& f, Random& r) {
         f.add_affected_resources(absl::StrCat("node-", r() % 5'000));
       })},
      {"labels, of a third",
       filter([](v1::Filter& f, Random&) { (*f.mutable_labels())["env"] = "test"; })},
      {"labels, of one in 200", filter([](v1::Filter& f, Random& r) {
         (*f.mutable_labels())["service"] = absl::StrCat("service-", r() % 200);
       })},
      {"labels, of one", filter([](v1::Filter& f, Random& r) {
         (*f.mutable_labels())["own"] = absl::StrCat(r() % 1'000'000);
       })},
      {"incident_ids, 20", filter([ids](v1::Filter& f, Random& r) {
         for (int i = 0; i < 20; ++i) f.add_incident_ids(ids[r() % ids.size()]);
       })},
      {"active P0 of two labels", filter([](v1::Filter& f, Random& r) {
         f.set_active_only(true);
         f.add_severities(v1::SEVERITY_P0);
         (*f.mutable_labels())["env"] = "prod";
         (*f.mutable_labels())["team"] = absl::StrCat("team-", r() % 50);
       })},
  };
}

double Millis(absl::Duration took) { return absl::ToDoubleMilliseconds(took); }

void Ask(IncidentQueries& queries, const Kind& kind, v1::IncidentOrder order, int times) {
  std::mt19937_64 random(7);
  std::vector<absl::Duration> took;
  size_t total = 0;
  for (int i = 0; i < times; ++i) {
    IncidentListing listing{.filter = *Filter::Compile(kind.make(random)),
                            .ordering = {order, i % 4 == 3}};
    const absl::Time begun = absl::Now();
    const auto page = queries.List(listing);
    took.push_back(absl::Now() - begun);
    TOCSIN_CHECK(page.ok());
    total = std::max<size_t>(total, page->total());
  }
  std::sort(took.begin(), took.end());
  std::printf("%-24s %-10s up to %7zu match   p50 %6.2f   p99 %6.2f ms\n", kind.name,
              order == v1::INCIDENT_ORDER_UPDATED_AT   ? "updated_at"
              : order == v1::INCIDENT_ORDER_CREATED_AT ? "created_at"
                                                       : "severity",
              total, Millis(took[took.size() / 2]), Millis(took[took.size() * 99 / 100]));
  std::fflush(stdout);
}

// The index alone, where time tells nothing of the place: what a page costs at the most.
void AskShuffled(const Options& options) {
  std::mt19937_64 random(3);
  IncidentIndex index;
  for (uint64_t i = 0; i < options.incidents; ++i) {
    IncidentRow row{.last_sequence = i + 1,
                    .created = static_cast<int64_t>(random() % 1'000'000'000),
                    .updated = static_cast<int64_t>(random() % 1'000'000'000),
                    .severity = static_cast<v1::Severity>(1 + random() % 5),
                    .state = static_cast<v1::IncidentState>(1 + random() % 6)};
    std::memcpy(row.id.data(), &i, sizeof(i));
    row.id[15] = 1;
    index.Put(row);
  }
  v1::Filter active;
  active.set_active_only(true);
  for (const size_t skip : {size_t{0}, kMostSkipped}) {
    for (const int64_t after : {-1, 500'000'000}) {
      IncidentQuery query{.filter = *Filter::Compile(active), .skip = skip, .limit = kPageSize};
      query.as_of = options.incidents;
      if (after >= 0) {
        query.after.emplace(IncidentOrderKey{.first = after});
      }
      std::vector<absl::Duration> took;
      for (int i = 0; i < options.queries; ++i) {
        query.ordering.ascending = i % 2 == 1;
        const absl::Time begun = absl::Now();
        TOCSIN_CHECK(!index.Select(query).entries.empty());
        took.push_back(absl::Now() - begun);
      }
      std::sort(took.begin(), took.end());
      std::printf("shuffled, %zu left out, from the %s on   p50 %6.2f   p99 %6.2f ms\n", skip,
                  after < 0 ? "first" : "middle", Millis(took[took.size() / 2]),
                  Millis(took[took.size() * 99 / 100]));
    }
  }
}

double ResidentMiB() { return static_cast<double>(ResidentBytes()) / (1 << 20); }

void Run(const Options& options) {
  if (!std::filesystem::exists(options.dir) || std::filesystem::is_empty(options.dir)) {
    const absl::Time begun = absl::Now();
    Make(options);
    std::printf("made in %.1f s\n", absl::ToDoubleSeconds(absl::Now() - begun));
  }
  const absl::Time opening = absl::Now();
  const auto log = OpenLog(options.dir);
  const double before = ResidentMiB();
  const absl::Time opened = absl::Now();
  IncidentQueries queries(*log);
  queries.Begin();
  queries.Load();
  const IncidentCounts counts = queries.counts();
  std::printf(
      "%zu active, %zu over: opened in %.2f s, index loaded in %.2f s, %.0f MiB (%.0f by "
      "its own count)\n",
      counts.active, counts.over, absl::ToDoubleSeconds(opened - opening),
      absl::ToDoubleSeconds(absl::Now() - opened), ResidentMiB() - before,
      static_cast<double>(counts.index_bytes) / (1 << 20));
  std::vector<std::string> ids;
  IncidentListing some{.filter = Filter::MatchAll(), .page_size = 1'000};
  const auto first = queries.List(some);
  for (const v1::Incident& incident : first->incidents()) {
    ids.push_back(incident.id());
  }
  for (const Kind& kind : Kinds(ids)) {
    for (const auto order : {v1::INCIDENT_ORDER_UPDATED_AT, v1::INCIDENT_ORDER_CREATED_AT,
                             v1::INCIDENT_ORDER_SEVERITY}) {
      Ask(queries, kind, order, options.queries);
    }
  }
  std::printf("memory after it: %.0f MiB more than before\n", ResidentMiB() - before);
  AskShuffled(options);
}

bool Set(Options& options, std::string_view argument) {
  const size_t equals = argument.find('=');
  if (equals == std::string_view::npos) return false;
  const std::string_view name = argument.substr(0, equals);
  const std::string_view value = argument.substr(equals + 1);
  if (name == "--incidents") return absl::SimpleAtoi(ToAbsl(value), &options.incidents);
  if (name == "--active") return absl::SimpleAtoi(ToAbsl(value), &options.active);
  if (name == "--queries") return absl::SimpleAtoi(ToAbsl(value), &options.queries);
  if (name == "--dir") options.dir = value;
  return name == "--dir";
}

}  // namespace
}  // namespace tocsin::hub

int main(int argc, char** argv) {
  tocsin::hub::Options options;
  for (int i = 1; i < argc; ++i) {
    if (!tocsin::hub::Set(options, argv[i])) {
      std::fprintf(stderr, "unknown argument %s\n", argv[i]);
      return 2;
    }
  }
  std::string own;
  if (options.dir.empty()) {
    own = (std::filesystem::path(argv[0]).parent_path() / "bench-incidents-XXXXXX").string();
    TOCSIN_CHECK(mkdtemp(own.data()) != nullptr);
    options.dir = own + "/data";
  }
  tocsin::hub::Run(options);
  std::filesystem::remove_all(own);
  return 0;
}
