#include <gtest/gtest.h>

#include <random>

#include "core/event/filter_hull.h"
#include "core/event/limits.h"

namespace tocsin {
namespace {

FilterPtr Compiled(const v1::Filter& filter) { return Filter::Compile(filter).value(); }

FilterPtr SourcesFilter(std::initializer_list<const char*> sources) {
  v1::Filter filter;
  for (const char* source : sources) filter.add_sources(source);
  return Compiled(filter);
}

// Few values, so that filters and events meet often.
class Random {
 public:
  explicit Random(uint32_t seed) : random_(seed) {}

  int Below(int bound) { return std::uniform_int_distribution<int>(0, bound - 1)(random_); }
  std::string Text() { return std::string(1, static_cast<char>('a' + Below(3))); }

  FilterPtr Filter() {
    v1::Filter filter;
    for (int i = Below(3); i > 0; --i) {
      filter.add_event_types(static_cast<v1::EventType>(1 + Below(3)));
    }
    for (int i = Below(2); i > 0; --i) {
      filter.add_severities(static_cast<v1::Severity>(1 + Below(3)));
    }
    for (int i = Below(2); i > 0; --i) {
      filter.add_states(static_cast<v1::IncidentState>(1 + Below(6)));
    }
    filter.set_active_only(Below(4) == 0);
    for (int i = Below(3); i > 0; --i) filter.add_sources(Text());
    for (int i = Below(3); i > 0; --i) filter.add_affected_resources(Text());
    for (int i = Below(3); i > 0; --i) (*filter.mutable_labels())[Text()] = Text();
    return Compiled(filter);
  }

  EventFacts Event() {
    v1::Event event;
    event.set_type(static_cast<v1::EventType>(1 + Below(3)));
    v1::Incident& incident = *event.mutable_incident();
    incident.set_severity(static_cast<v1::Severity>(1 + Below(3)));
    incident.set_state(static_cast<v1::IncidentState>(1 + Below(6)));
    incident.set_source(Text());
    for (int i = Below(3); i > 0; --i) incident.add_affected_resources(Text());
    for (int i = Below(3); i > 0; --i) (*incident.mutable_labels())[Text()] = Text();
    return EventFacts::Of(event);
  }

 private:
  std::mt19937 random_;
};

TEST(FilterHullTest, TheHullLetsThroughWhatAnyOfTheFiltersDoes) {
  Random random(1);
  size_t narrow = 0;
  for (int round = 0; round < 2'000; ++round) {
    std::vector<FilterPtr> filters;
    for (int i = 1 + random.Below(4); i > 0; --i) filters.push_back(random.Filter());
    const FilterPtr hull = HullOf(filters);
    for (const FilterPtr& filter : filters) EXPECT_TRUE(Covers(*hull, *filter));
    for (int i = 0; i < 20; ++i) {
      const EventFacts event = random.Event();
      for (const FilterPtr& filter : filters) {
        EXPECT_TRUE(!filter->Matches(event) || hull->Matches(event));
      }
      narrow += hull->Matches(event) ? 0 : 1;
    }
  }
  EXPECT_GT(narrow, 1'000u);  // it does keep something out
}

TEST(FilterHullTest, WhatCoversAFilterLetsThroughAllThatItDoes) {
  Random random(2);
  size_t covered = 0;
  for (int round = 0; round < 20'000; ++round) {
    const FilterPtr outer = random.Filter();
    const FilterPtr inner = random.Filter();
    if (!Covers(*outer, *inner)) continue;
    ++covered;
    for (int i = 0; i < 20; ++i) {
      const EventFacts event = random.Event();
      EXPECT_TRUE(!inner->Matches(event) || outer->Matches(event));
    }
  }
  EXPECT_GT(covered, 200u);
}

TEST(FilterHullTest, AFieldStaysOnlyWhereAllRestrictIt) {
  v1::Filter team;
  (*team.mutable_labels())["team"] = "db";
  (*team.mutable_labels())["region"] = "eu";
  team.add_sources("cpu");
  v1::Filter other = team;
  (*other.mutable_labels())["region"] = "us";
  other.set_sources(0, "disk");
  const std::vector<FilterPtr> both = {Compiled(team), Compiled(other)};
  const FilterPtr of_both = HullOf(both);
  const v1::Filter& hull = of_both->proto();
  EXPECT_EQ(hull.sources_size(), 2);
  EXPECT_EQ(hull.labels().size(), 1u);
  EXPECT_EQ(hull.labels().at("team"), "db");
  const std::vector<FilterPtr> apart = {SourcesFilter({"cpu"}), Compiled(v1::Filter())};
  EXPECT_EQ(HullOf(apart)->key(), Filter::MatchAll()->key());
}

TEST(FilterHullTest, MoreThanAFilterMayHoldIsLeftUnrestricted) {
  std::vector<FilterPtr> many;
  for (size_t i = 0; i <= limits::kFilterValues; ++i) {
    many.push_back(SourcesFilter({std::to_string(i).c_str()}));
  }
  EXPECT_EQ(HullOf(many)->key(), Filter::MatchAll()->key());
  many.pop_back();
  const FilterPtr fits = HullOf(many);
  EXPECT_EQ(fits->proto().sources_size(), static_cast<int>(limits::kFilterValues));
  const std::string longest(limits::kFilterBytes / 2, 'x');
  const std::vector<FilterPtr> large = {SourcesFilter({longest.c_str()})};
  EXPECT_EQ(HullOf(large)->key(), Filter::MatchAll()->key());
}

TEST(FilterHullTest, ForNoFiltersNothingComesAndNoneIsCovered) {
  const FilterPtr nothing = HullOf({});
  Random random(3);
  for (int i = 0; i < 100; ++i) EXPECT_FALSE(nothing->Matches(random.Event()));
  EXPECT_FALSE(Covers(*nothing, *SourcesFilter({"cpu"})));
}

}  // namespace
}  // namespace tocsin
