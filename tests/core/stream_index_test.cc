// The index against an oracle that shares no code with it.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>

#include "core/stream/subscription_index.h"
#include "tests/core/filter_oracle.h"
#include "tests/core/rounds.h"

namespace tocsin {
namespace {

struct Member : IndexMember {
  int id = 0;
  std::vector<v1::Filter> filters;  // one or several, all of which hold
  bool leaves = false;
};

std::string Uuid(unsigned n) {
  char text[37];
  std::snprintf(text, sizeof(text), "00000000-0000-7000-8000-%012x", n);
  return text;
}

class Random {
 public:
  explicit Random(unsigned seed) : engine_(seed) {}
  unsigned Below(unsigned n) { return static_cast<unsigned>(engine_() % n); }
  bool OneIn(unsigned n) { return Below(n) == 0; }

  v1::Filter MakeFilter() {
    v1::Filter filter;
    const auto some = [&] { return 1 + Below(3); };
    if (OneIn(4))
      for (unsigned i = some(); i > 0; --i)
        filter.add_event_types(static_cast<v1::EventType>(1 + Below(14)));
    if (OneIn(3))
      for (unsigned i = some(); i > 0; --i)
        filter.add_severities(static_cast<v1::Severity>(1 + Below(5)));
    if (OneIn(5))
      for (unsigned i = some(); i > 0; --i)
        filter.add_states(static_cast<v1::IncidentState>(1 + Below(6)));
    if (OneIn(4))
      for (unsigned i = some(); i > 0; --i) filter.add_sources("source" + std::to_string(Below(6)));
    if (OneIn(4))
      for (unsigned i = some(); i > 0; --i)
        filter.add_affected_resources("node" + std::to_string(Below(8)));
    if (OneIn(4))
      for (unsigned i = some(); i > 0; --i)
        (*filter.mutable_labels())["k" + std::to_string(Below(3))] = "v" + std::to_string(Below(3));
    if (OneIn(6))
      for (unsigned i = some(); i > 0; --i) filter.add_incident_ids(Uuid(Below(10)));
    if (OneIn(8)) filter.set_active_only(true);
    return filter;
  }

  v1::Event MakeEvent() {
    v1::Event event;
    event.set_type(static_cast<v1::EventType>(1 + Below(14)));
    const bool of_no_incident = event.type() == v1::EVENT_TYPE_SYSTEM_EVENT ||
                                event.type() == v1::EVENT_TYPE_ALERT_RECEIVED;
    if (of_no_incident || OneIn(6)) return event;
    MakeIncident(*event.mutable_incident());
    if (OneIn(2)) MakeBefore(*event.mutable_before());
    return event;
  }

 private:
  void MakeIncident(v1::Incident& incident) {
    incident.set_id(Uuid(Below(10)));
    incident.set_severity(static_cast<v1::Severity>(1 + Below(5)));
    incident.set_state(static_cast<v1::IncidentState>(1 + Below(6)));
    incident.set_source("source" + std::to_string(Below(6)));
    for (unsigned i = Below(4); i > 0; --i)
      incident.add_affected_resources("node" + std::to_string(Below(8)));
    for (unsigned i = Below(4); i > 0; --i)
      (*incident.mutable_labels())["k" + std::to_string(Below(3))] = "v" + std::to_string(Below(3));
  }
  // Some of the fields of another incident.
  void MakeBefore(v1::IncidentBefore& before) {
    v1::Incident incident;
    MakeIncident(incident);
    if (OneIn(2)) before.set_severity(incident.severity());
    if (OneIn(2)) before.set_state(incident.state());
    if (OneIn(3)) before.set_source(OneIn(4) ? "" : incident.source());
    if (OneIn(3))
      *before.mutable_affected_resources()->mutable_values() = incident.affected_resources();
    if (OneIn(3)) *before.mutable_labels()->mutable_values() = incident.labels();
  }

  std::mt19937 engine_;
};

TEST(SubscriptionIndexTest, FindsWhatTheOracleFinds) {
  Random random(7);
  SubscriptionIndex index;
  std::vector<std::unique_ptr<Member>> members;
  size_t matches = 0;
  size_t leaves = 0;
  for (int step = 0; step < testing::Rounds(4'000); ++step) {
    if (members.size() < 300 || random.OneIn(2)) {
      auto member = std::make_unique<Member>();
      member->id = step;
      std::vector<FilterPtr> compiled;
      for (unsigned i = random.OneIn(2) ? 1 : 2 + random.Below(2); i > 0; --i) {
        member->filters.push_back(random.MakeFilter());
        compiled.push_back(Filter::Compile(member->filters.back()).value());
      }
      member->leaves = random.OneIn(2);
      const FilterPtr filter = Filter::AllOf(compiled);
      index.Add(*member, member->leaves ? Filter::TellingLeaves(filter) : filter);
      members.push_back(std::move(member));
    }
    if (members.size() > 250 && random.OneIn(2)) {
      std::swap(members[random.Below(static_cast<unsigned>(members.size()))], members.back());
      index.Remove(*members.back());
      members.pop_back();
    }
    const v1::Event event = random.MakeEvent();
    std::multiset<int> found;
    std::multiset<int> left;
    index.Match(EventFacts::Of(event), [&](const IndexEntry& entry, Verdict verdict) {
      for (IndexMember* member : entry.members) {
        (verdict == Verdict::kLeaves ? left : found).insert(static_cast<Member*>(member)->id);
      }
    });
    std::multiset<int> expected;
    std::multiset<int> expected_left;
    for (const auto& member : members) {
      if (testing::OracleMatches(member->filters, event)) expected.insert(member->id);
      if (member->leaves && testing::OracleLeaves(member->filters, event)) {
        expected_left.insert(member->id);
      }
    }
    ASSERT_EQ(found, expected) << "step " << step << "\n" << event.ShortDebugString();
    ASSERT_EQ(left, expected_left) << "step " << step << "\n" << event.ShortDebugString();
    matches += found.size();
    leaves += left.size();
  }
  EXPECT_GT(leaves, 500u);
  EXPECT_GT(matches, 1000u);  // the corpus says something
}

TEST(SubscriptionIndexTest, EqualFiltersShareAnEntry) {
  SubscriptionIndex index;
  v1::Filter one;
  one.add_severities(v1::SEVERITY_P0);
  one.add_severities(v1::SEVERITY_P1);
  v1::Filter same;
  same.add_severities(v1::SEVERITY_P1);
  same.add_severities(v1::SEVERITY_P0);
  same.add_severities(v1::SEVERITY_P1);
  Member a, b;
  index.Add(a, Filter::Compile(one).value());
  index.Add(b, Filter::Compile(same).value());
  EXPECT_EQ(index.filters(), 1u);
  index.Remove(a);
  EXPECT_EQ(index.filters(), 1u);
  index.Remove(b);
  EXPECT_EQ(index.filters(), 0u);
}

TEST(SubscriptionIndexTest, AnEventWithTwoValuesOfAFilterVisitsItOnce) {
  SubscriptionIndex index;
  v1::Filter filter;
  filter.add_affected_resources("a");
  filter.add_affected_resources("b");
  Member member;
  index.Add(member, Filter::Compile(filter).value());
  v1::Event event;
  event.set_type(v1::EVENT_TYPE_INCIDENT_CREATED);
  event.mutable_incident()->add_affected_resources("a");
  event.mutable_incident()->add_affected_resources("b");
  int visits = 0;
  index.Match(EventFacts::Of(event), [&](const IndexEntry&, Verdict) { ++visits; });
  EXPECT_EQ(visits, 1);
}

}  // namespace
}  // namespace tocsin
