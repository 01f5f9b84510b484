// What it costs to find the matching subscriptions of an event, by number of subscriptions.
//
//   build/release/bench_match
//
// selective: every filter names an incident, resource, source or label; mixed: popular values, one
// in ten by type, severity or label alone, one in a thousand matches all. `scan` is the loop over
// all filters that the index replaces.
#include <benchmark/benchmark.h>

#include <random>

#include "core/stream/subscription_index.h"

namespace tocsin {
namespace {

struct Member : IndexMember {
  FilterPtr filter;
};

std::string Uuid(uint64_t n) {
  char text[37];
  std::snprintf(text, sizeof(text), "00000000-0000-7000-8000-%012llx",
                static_cast<unsigned long long>(n));
  return text;
}

// A small Zipf-like draw: low numbers are popular.
uint64_t Popular(std::mt19937_64& random, uint64_t n) {
  const double u = std::uniform_real_distribution<double>(0, 1)(random);
  return static_cast<uint64_t>(static_cast<double>(n) * u * u * u);
}

v1::Filter Selective(std::mt19937_64& random) {
  v1::Filter filter;
  switch (random() % 4) {
    case 0:
      filter.add_incident_ids(Uuid(random() % 100'000));
      break;
    case 1:
      filter.add_affected_resources("node-" + std::to_string(random() % 20'000));
      break;
    case 2:
      filter.add_sources("source-" + std::to_string(random() % 20'000));
      break;
    default:
      (*filter.mutable_labels())["service"] = "service-" + std::to_string(random() % 20'000);
  }
  if (random() % 2 == 0) filter.add_severities(static_cast<v1::Severity>(1 + random() % 5));
  return filter;
}

v1::Filter Mixed(std::mt19937_64& random) {
  v1::Filter filter;
  if (random() % 1000 == 0) return filter;
  if (random() % 10 == 0) {
    switch (random() % 3) {
      case 0:
        filter.add_event_types(static_cast<v1::EventType>(1 + random() % 14));
        break;
      case 1:
        filter.add_severities(static_cast<v1::Severity>(1 + random() % 5));
        break;
      default:
        (*filter.mutable_labels())["env"] = random() % 2 == 0 ? "production" : "staging";
    }
    return filter;
  }
  switch (random() % 4) {
    case 0:
      filter.add_incident_ids(Uuid(Popular(random, 10'000)));
      break;
    case 1:
      filter.add_affected_resources("node-" + std::to_string(Popular(random, 1'000)));
      break;
    case 2:
      filter.add_sources("source-" + std::to_string(Popular(random, 1'000)));
      break;
    default:
      (*filter.mutable_labels())["service"] = "service-" + std::to_string(Popular(random, 1'000));
  }
  if (random() % 2 == 0) filter.add_severities(static_cast<v1::Severity>(1 + random() % 5));
  return filter;
}

v1::Event MakeEvent(std::mt19937_64& random, bool selective) {
  const auto draw = [&](uint64_t n, uint64_t popular) {
    return selective ? random() % n : Popular(random, popular);
  };
  v1::Event event;
  event.set_type(static_cast<v1::EventType>(1 + random() % 14));
  v1::Incident& incident = *event.mutable_incident();
  incident.set_id(Uuid(draw(100'000, 10'000)));
  incident.set_severity(static_cast<v1::Severity>(1 + random() % 5));
  incident.set_state(static_cast<v1::IncidentState>(1 + random() % 6));
  incident.set_source("source-" + std::to_string(draw(20'000, 1'000)));
  for (int i = 0; i < 2; ++i) {
    incident.add_affected_resources("node-" + std::to_string(draw(20'000, 1'000)));
  }
  (*incident.mutable_labels())["service"] = "service-" + std::to_string(draw(20'000, 1'000));
  (*incident.mutable_labels())["env"] = random() % 2 == 0 ? "production" : "staging";
  (*incident.mutable_labels())["team"] = "team-" + std::to_string(random() % 50);
  return event;
}

struct Corpus {
  SubscriptionIndex index;
  std::vector<std::unique_ptr<Member>> members;
  std::vector<EventFacts> events;

  Corpus(size_t count, bool selective) {
    std::mt19937_64 random(11);
    for (size_t i = 0; i < count; ++i) {
      members.push_back(std::make_unique<Member>());
      members.back()->filter =
          Filter::Compile(selective ? Selective(random) : Mixed(random)).value();
      index.Add(*members.back(), members.back()->filter);
    }
    for (int i = 0; i < 1024; ++i) {
      events.push_back(EventFacts::Of(MakeEvent(random, selective)));
    }
  }
};

void Index(benchmark::State& state, bool selective) {
  Corpus corpus(static_cast<size_t>(state.range(0)), selective);
  size_t next = 0;
  size_t matches = 0;
  for (auto _ : state) {
    corpus.index.Match(corpus.events[next++ % corpus.events.size()],
                       [&](const IndexEntry& entry, Verdict) { matches += entry.members.size(); });
  }
  benchmark::DoNotOptimize(matches);
  state.counters["matches"] =
      static_cast<double>(matches) / static_cast<double>(state.iterations());
}

void Scan(benchmark::State& state, bool selective) {
  Corpus corpus(static_cast<size_t>(state.range(0)), selective);
  size_t next = 0;
  size_t matches = 0;
  for (auto _ : state) {
    const EventFacts& facts = corpus.events[next++ % corpus.events.size()];
    for (const auto& member : corpus.members) {
      matches += member->filter->Matches(facts) ? 1 : 0;
    }
  }
  benchmark::DoNotOptimize(matches);
  state.counters["matches"] =
      static_cast<double>(matches) / static_cast<double>(state.iterations());
}

void Facts(benchmark::State& state) {
  std::mt19937_64 random(3);
  const v1::Event event = MakeEvent(random, true);
  for (auto _ : state) {
    benchmark::DoNotOptimize(EventFacts::Of(event));
  }
}

BENCHMARK_CAPTURE(Index, selective, true)->Arg(100)->Arg(10'000)->Arg(1'000'000);
BENCHMARK_CAPTURE(Index, mixed, false)->Arg(100)->Arg(10'000)->Arg(1'000'000);
BENCHMARK_CAPTURE(Scan, selective, true)->Arg(100)->Arg(10'000);
BENCHMARK_CAPTURE(Scan, mixed, false)->Arg(100)->Arg(10'000);
BENCHMARK(Facts);

}  // namespace
}  // namespace tocsin

BENCHMARK_MAIN();
