#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "core/base/strings.h"
#include "core/event/error.h"
#include "core/event/filter.h"
#include "core/event/limits.h"
#include "tests/core/event_samples.h"
#include "tests/core/filter_oracle.h"
#include "tocsin/v1/hub.pb.h"

namespace tocsin {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using testing::OracleMatches;

v1::Filter Parse(const std::string& text) {
  v1::Filter filter;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &filter)) << text;
  return filter;
}

FilterPtr Compiled(const std::string& text) { return Filter::Compile(Parse(text)).value(); }

bool Matches(const std::string& filter, const v1::Event& event) {
  return Compiled(filter)->Matches(EventFacts::Of(event));
}

TEST(FilterTest, AgreesWithTheOracleOnARandomCorpus) {
  std::mt19937 random(42);
  std::vector<v1::Event> events(500);
  std::generate(events.begin(), events.end(), [&] { return RandomEvent(random); });
  std::vector<EventFacts> facts;
  std::transform(events.begin(), events.end(), std::back_inserter(facts), EventFacts::Of);
  size_t matches = 0;
  for (int i = 0; i < 500; ++i) {
    const v1::Filter proto = RandomFilter(random);
    const FilterPtr filter = Filter::Compile(proto).value();
    for (size_t j = 0; j < events.size(); ++j) {
      const bool expected = OracleMatches(proto, events[j]);
      ASSERT_EQ(filter->Matches(facts[j]), expected) << proto.ShortDebugString() << "\n"
                                                     << events[j].ShortDebugString();
      matches += expected ? 1 : 0;
    }
  }
  // Enough on either side that the comparison means something.
  EXPECT_GT(matches, 10'000u);
  EXPECT_LT(matches, 240'000u);
}

// For resources and labels, no list of values says what two filters let through together.
TEST(FilterTest, PairsAgreeWithTheOracleOnARandomCorpus) {
  std::mt19937 random(43);
  std::vector<v1::Event> events(300);
  std::generate(events.begin(), events.end(), [&] { return RandomEvent(random); });
  std::vector<EventFacts> facts;
  std::transform(events.begin(), events.end(), std::back_inserter(facts), EventFacts::Of);
  std::vector<v1::Filter> protos(60);
  std::generate(protos.begin(), protos.end(), [&] { return RandomFilter(random); });
  size_t matches = 0;
  size_t both_alone = 0;
  for (const v1::Filter& a : protos) {
    for (const v1::Filter& b : protos) {
      const v1::Filter pair[] = {a, b};
      const FilterPtr compiled[] = {Filter::Compile(a).value(), Filter::Compile(b).value()};
      const FilterPtr both = Filter::AllOf(compiled);
      for (size_t j = 0; j < events.size(); ++j) {
        const bool expected = OracleMatches(pair, events[j]);
        ASSERT_EQ(both->Matches(facts[j]), expected)
            << a.ShortDebugString() << "\nand " << b.ShortDebugString() << "\n"
            << events[j].ShortDebugString();
        matches += expected ? 1 : 0;
        both_alone += OracleMatches(a, events[j]) != OracleMatches(b, events[j]) ? 1 : 0;
      }
    }
  }
  EXPECT_GT(matches, 10'000u);
  EXPECT_GT(both_alone, 50'000u);  // where one filter alone would be wrong
}

TEST(FilterTest, AConjunctionIsTheSameWhateverItsOrderAndRepeats) {
  const FilterPtr a = Compiled("sources: 'a'");
  const FilterPtr b = Compiled("affected_resources: ['x', 'y']");
  const FilterPtr ab = Filter::AllOf(std::vector<FilterPtr>{a, b});
  EXPECT_EQ(ab->key(), Filter::AllOf(std::vector<FilterPtr>{b, a, b})->key());
  EXPECT_EQ(ab->key(), Filter::AllOf(std::vector<FilterPtr>{b, ab})->key());
  EXPECT_EQ(ab->clauses().size(), 2u);
  EXPECT_NE(ab->key(), a->key());
  EXPECT_EQ(Filter::AllOf(std::vector<FilterPtr>{a, Filter::MatchAll()})->key(), a->key());
  EXPECT_EQ(Filter::AllOf({})->key(), Filter::MatchAll()->key());
  // Two lists of resources are not one: an event may have a value of each.
  EXPECT_NE(Filter::AllOf(std::vector<FilterPtr>{b, Compiled("affected_resources: 'z'")})->key(),
            Compiled("affected_resources: ['x', 'y', 'z']")->key());
}

TEST(FilterTest, WhatIsAskedOfTheHubIsTheSameFilter) {
  const std::vector<FilterPtr> three = {Compiled("sources: 'a'"), Compiled("active_only: true"),
                                        Compiled("labels { key: 'team' value: 'db' }")};
  const FilterPtr filter = Filter::AllOf(three);
  v1::SubscribeRequest request;
  filter->AskFor(request);
  std::vector<FilterPtr> asked = {Filter::Compile(request.filter()).value()};
  for (const v1::Filter& more : request.require()) asked.push_back(Filter::Compile(more).value());
  EXPECT_EQ(asked.size(), 3u);
  EXPECT_EQ(Filter::AllOf(asked)->key(), filter->key());
}

TEST(FilterTest, EmptyMatchesEveryEvent) {
  for (const v1::EventType type : AllEventTypes()) {
    const EventFacts facts = EventFacts::Of(SampleEvent(type));
    EXPECT_TRUE(Filter::MatchAll()->Matches(facts));
    EXPECT_TRUE(Compiled("")->Matches(facts));
  }
  EXPECT_EQ(Filter::MatchAll()->key(), Compiled("")->key());
}

TEST(FilterTest, AnEventWithoutAValueDoesNotMatch) {
  const v1::Event system = SampleEvent(v1::EVENT_TYPE_SYSTEM_EVENT);
  EXPECT_FALSE(Matches(
      "severities: [SEVERITY_P0, SEVERITY_P1, SEVERITY_P2, SEVERITY_P3, SEVERITY_P4]", system));
  EXPECT_FALSE(Matches("active_only: true", system));
  EXPECT_FALSE(Matches("sources: 'llm-sentinel'", system));
  EXPECT_FALSE(Matches("labels { key: 'window' value: '02:00-03:00' }", system));
  const v1::Event alert = SampleEvent(v1::EVENT_TYPE_ALERT_RECEIVED);
  EXPECT_FALSE(Matches("active_only: true", alert));
  EXPECT_FALSE(Matches("states: INCIDENT_STATE_DETECTED", alert));
}

TEST(FilterTest, AlertStandsInWhereThereIsNoIncident) {
  const v1::Event alert = SampleEvent(v1::EVENT_TYPE_ALERT_RECEIVED);
  EXPECT_TRUE(Matches("severities: SEVERITY_P0 sources: 'prometheus'", alert));
  EXPECT_TRUE(Matches("affected_resources: 'api-gateway'", alert));
  EXPECT_TRUE(Matches("labels { key: 'job' value: 'api' }", alert));
}

TEST(FilterTest, IncidentWinsOverTheAlertItCameFrom) {
  const v1::Event converted = SampleEvent(v1::EVENT_TYPE_ALERT_CONVERTED);
  EXPECT_TRUE(Matches("sources: 'llm-sentinel'", converted));
  EXPECT_FALSE(Matches("sources: 'prometheus'", converted));
  EXPECT_FALSE(Matches("labels { key: 'job' value: 'api' }", converted));
}

TEST(FilterTest, LabelsAreConditionsAndTheRestAlternatives) {
  const v1::Event event = SampleEvent(v1::EVENT_TYPE_INCIDENT_CREATED);
  EXPECT_TRUE(Matches("sources: ['none', 'llm-sentinel']", event));
  EXPECT_TRUE(Matches(
      "labels { key: 'env' value: 'production' } labels { key: 'team' value: 'edge' }", event));
  EXPECT_FALSE(Matches(
      "labels { key: 'env' value: 'production' } labels { key: 'team' value: 'core' }", event));
  EXPECT_FALSE(Matches("labels { key: 'en' value: 'vproduction' }", event));
}

TEST(FilterTest, IncidentIdIsTakenFromThePayloadToo) {
  v1::Event comment;
  comment.set_type(v1::EVENT_TYPE_COMMENT_ADDED);
  comment.mutable_comment_added()->set_incident_id(kIncidentId);
  EXPECT_TRUE(Matches("incident_ids: '0190B6A5-7C1E-7000-8000-000000000001'", comment));
  EXPECT_FALSE(Matches("incident_ids: '0190b6a5-7c1e-7000-8000-000000000002'", comment));
}

TEST(FilterTest, ActiveOnlyLeavesOutResolvedAndClosed) {
  v1::Event event = SampleEvent(v1::EVENT_TYPE_INCIDENT_UPDATED);
  for (int state = 1; state <= 6; ++state) {
    event.mutable_incident()->set_state(static_cast<v1::IncidentState>(state));
    EXPECT_EQ(Matches("active_only: true", event), state <= 4) << state;
    EXPECT_FALSE(Matches("active_only: true states: INCIDENT_STATE_CLOSED", event)) << state;
  }
}

TEST(FilterTest, AnEnumNumberOfALaterSchemaMatchesNoCondition) {
  v1::Event event = SampleEvent(v1::EVENT_TYPE_INCIDENT_CREATED);
  event.set_type(static_cast<v1::EventType>(60));
  event.mutable_incident()->set_severity(static_cast<v1::Severity>(-1));
  EXPECT_TRUE(Matches("", event));
  EXPECT_FALSE(Matches("event_types: EVENT_TYPE_INCIDENT_CREATED", event));
  EXPECT_FALSE(Matches("severities: SEVERITY_P0", event));
}

TEST(FilterTest, EqualMeaningHasEqualKey) {
  const FilterPtr a = Compiled(
      "severities: [SEVERITY_P1, SEVERITY_P0] sources: ['b', 'a', 'b'] "
      "labels { key: 'x' value: '1' } labels { key: 'y' value: '2' }");
  const FilterPtr b = Compiled(
      "severities: [SEVERITY_P0, SEVERITY_P1, SEVERITY_P0] sources: ['a', 'b'] "
      "labels { key: 'y' value: '2' } labels { key: 'x' value: '1' }");
  EXPECT_EQ(a->key(), b->key());
  EXPECT_THAT(a->clauses()[0].proto().sources(), ElementsAre("a", "b"));
  EXPECT_THAT(a->clauses()[0].proto().severities(), ElementsAre(v1::SEVERITY_P0, v1::SEVERITY_P1));
}

TEST(FilterTest, DifferentMeaningHasDifferentKey) {
  EXPECT_NE(Compiled("sources: 'a'")->key(), Compiled("affected_resources: 'a'")->key());
  EXPECT_NE(Compiled("sources: 'ab'")->key(), Compiled("sources: ['a', 'b']")->key());
  EXPECT_NE(Compiled("sources: '1:a'")->key(), Compiled("sources: 'a'")->key());
  EXPECT_NE(Compiled("")->key(), Compiled("active_only: true")->key());
  EXPECT_NE(Compiled("labels { key: 'a' value: 'bc' }")->key(),
            Compiled("labels { key: 'ab' value: 'c' }")->key());
}

TEST(FilterTest, MasksHaveABitForEachValue) {
  const FilterPtr filter = Compiled("severities: SEVERITY_P1 active_only: true");
  EXPECT_EQ(filter->masks().severities, 1u << v1::SEVERITY_P1);
  EXPECT_EQ(filter->masks().types, ~0u);
  EXPECT_EQ(filter->masks().states, 0b11110u);
}

TEST(FilterTest, TermsAreSortedByHash) {
  const FilterPtr filter = Compiled("sources: ['a', 'b', 'c', 'd', 'e', 'f', 'g']");
  const auto& terms = filter->clauses()[0].terms(TermField::kSource);
  ASSERT_EQ(terms.size(), 7u);
  EXPECT_TRUE(std::is_sorted(terms.begin(), terms.end(),
                             [](const auto& a, const auto& b) { return a.hash < b.hash; }));
  EXPECT_TRUE(filter->clauses()[0].terms(TermField::kLabel).empty());
}

struct BadRow {
  const char* filter;
  const char* field;
  const char* allowed;
};

TEST(FilterTest, ErrorsNameTheFieldAndWhatIsAllowed) {
  const BadRow rows[] = {
      {"severities: [SEVERITY_P0, SEVERITY_UNSPECIFIED]", "filter.severities[1]", "P4"},
      {"event_types: 99", "filter.event_types[0]", "comment_added"},
      {"event_types: -1", "filter.event_types[0]", "comment_added"},
      {"states: 0", "filter.states[0]", "Remediating"},
      {"incident_ids: ''", "filter.incident_ids[0]", nullptr},
      {"incident_ids: 'x'", "filter.incident_ids[0]", nullptr},
      {"sources: ['a', '']", "filter.sources[1]", nullptr},
      {"affected_resources: ''", "filter.affected_resources[0]", nullptr},
      {"labels { key: '' value: 'x' }", "filter.labels", nullptr},
  };
  for (const BadRow& row : rows) {
    const absl::Status status = Filter::Compile(Parse(row.filter)).status();
    EXPECT_EQ(Describe(status), std::string("INVALID_FILTER ") + row.field) << row.filter;
    EXPECT_FALSE(ErrorDetailsOf(status).allowed.empty()) << row.filter;
    if (row.allowed != nullptr) {
      EXPECT_THAT(ErrorDetailsOf(status).allowed, Contains(row.allowed)) << row.filter;
    }
  }
}

TEST(FilterTest, UnknownFieldIsAnErrorAndNeverMatchAll) {
  v1::Filter filter;
  filter.GetReflection()->MutableUnknownFields(&filter)->AddVarint(77, 1);
  const absl::Status status = Filter::Compile(filter, "filters").status();
  EXPECT_EQ(Describe(status), "INVALID_FILTER filters");
  EXPECT_THAT(std::string(status.message()), ::testing::HasSubstr("number 77"));
  EXPECT_THAT(ErrorDetailsOf(status).allowed, Contains("incident_ids"));
}

TEST(FilterTest, TooManyValuesAreAnError) {
  v1::Filter filter;
  for (size_t i = 0; i < limits::kFilterValues; ++i) {
    filter.add_sources("s" + std::to_string(i));
  }
  EXPECT_TRUE(Filter::Compile(filter).ok());
  filter.add_sources("one more");
  EXPECT_EQ(Describe(Filter::Compile(filter).status()), "INVALID_FILTER filter.sources");

  v1::Filter labels;
  for (size_t i = 0; i <= limits::kFilterValues; ++i) {
    (*labels.mutable_labels())["k" + std::to_string(i)] = "v";
  }
  EXPECT_EQ(Describe(Filter::Compile(labels).status()), "INVALID_FILTER filter.labels");
}

TEST(FilterTest, TooManyBytesAreAnError) {
  v1::Filter filter;
  filter.add_sources(std::string(limits::kFilterBytes, 'x'));
  EXPECT_TRUE(Filter::Compile(filter).ok());
  filter.add_affected_resources("y");
  EXPECT_EQ(Describe(Filter::Compile(filter).status()), "INVALID_FILTER filter");
}

TEST(EventFactsTest, TermsAreOrderedByFieldAndComeOnce) {
  v1::Event event = SampleEvent(v1::EVENT_TYPE_INCIDENT_CREATED);
  event.mutable_incident()->add_affected_resources("db");
  event.mutable_incident()->add_affected_resources("db");
  const EventFacts facts = EventFacts::Of(event);
  std::vector<TermField> fields;
  for (const TermSet::Term& term : facts.terms()) {
    fields.push_back(term.field);
    EXPECT_EQ(term.hash, term.field == TermField::kLabel
                             ? LabelHash(facts.terms().key(term), facts.terms().value(term))
                             : TermHash(term.field, facts.terms().value(term)));
  }
  EXPECT_THAT(fields, ElementsAre(TermField::kIncident, TermField::kResource, TermField::kResource,
                                  TermField::kSource, TermField::kLabel, TermField::kLabel));
}

TEST(EventFactsTest, TheyOutliveTheEvent) {
  EventFacts facts;
  {
    v1::Event event = SampleEvent(v1::EVENT_TYPE_INCIDENT_CREATED);
    event.mutable_before()->set_source("was here before, with a name that is allocated");
    facts = EventFacts::Of(event);
  }
  EXPECT_EQ(facts.terms().value(*facts.terms().begin()), kIncidentId);
  EXPECT_TRUE(Compiled("sources: 'llm-sentinel'")->Matches(facts));
  EXPECT_TRUE(Compiled("sources: 'was here before, with a name that is allocated'")->Leaves(facts));
}

}  // namespace
}  // namespace tocsin
