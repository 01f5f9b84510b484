#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "core/event/explain.h"
#include "core/event/filter.h"
#include "core/event/limits.h"
#include "tests/core/event_samples.h"
#include "tests/core/filter_oracle.h"
#include "tests/core/rounds.h"

namespace tocsin {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

v1::Filter Parse(const std::string& text) {
  v1::Filter filter;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &filter)) << text;
  return filter;
}

v1::Explanation Explain(const std::string& filter, const v1::Event& event) {
  return Explainer::Compile(Parse(filter), {}).value().Explain(event);
}

// The only field's sentence.
std::string Reason(const std::string& filter, const v1::Event& event) {
  const v1::Explanation explanation = Explain(filter, event);
  EXPECT_EQ(explanation.fields_size(), 1) << explanation.DebugString();
  return explanation.fields_size() == 1 ? explanation.fields(0).reason() : "";
}

v1::Event Created() {
  v1::Event event;
  event.set_type(v1::EVENT_TYPE_INCIDENT_CREATED);
  v1::Incident& incident = *event.mutable_incident();
  incident.set_id(kIncidentId);
  incident.set_severity(v1::SEVERITY_P2);
  incident.set_state(v1::INCIDENT_STATE_RESOLVED);
  incident.set_source("prometheus");
  incident.add_affected_resources("db-1");
  incident.add_affected_resources("cache");
  (*incident.mutable_labels())["env"] = "staging";
  return event;
}

v1::Event System() {
  v1::Event event;
  event.set_type(v1::EVENT_TYPE_SYSTEM_EVENT);
  return event;
}

bool FieldsAgree(const v1::Explanation& explanation) {
  bool all = true;
  for (const v1::FieldExplanation& field : explanation.fields()) {
    all = all && field.matches();
  }
  return all == explanation.matches();
}

TEST(ExplainTest, VerdictIsAlwaysTheFilters) {
  std::mt19937 random(4711);
  size_t matches = 0;
  constexpr size_t kPairs = testing::Rounds(30'000);
  for (size_t i = 0; i < kPairs; ++i) {
    const v1::Event event = RandomEvent(random);
    std::vector<v1::Filter> given(1 + (random() % 4 == 0 ? 1 + random() % 2 : 0));
    Explainer::Filters require;
    std::vector<FilterPtr> compiled;
    for (v1::Filter& filter : given) {
      filter = RandomFilter(random);
      if (&filter != given.data()) *require.Add() = filter;
      compiled.push_back(Filter::Compile(filter).value());
    }
    const v1::Explanation explanation =
        Explainer::Compile(given.front(), require).value().Explain(event);
    const bool expected = Filter::AllOf(compiled)->Matches(EventFacts::Of(event));
    ASSERT_EQ(explanation.matches(), expected) << given.front().ShortDebugString() << "\n"
                                               << event.ShortDebugString() << "\n"
                                               << explanation.DebugString();
    ASSERT_EQ(expected, testing::OracleMatches(given, event));
    ASSERT_TRUE(FieldsAgree(explanation)) << explanation.DebugString();
    matches += expected ? 1 : 0;
  }
  // Enough on either side that the comparison means something.
  EXPECT_GT(matches, kPairs / 20);
  EXPECT_LT(matches, kPairs * 19 / 20);
}

// Each field is judged by itself: with the others taken out of the filter, the verdict is the same.
TEST(ExplainTest, EachFieldsVerdictIsThatOfAFilterWithThisFieldAlone) {
  std::mt19937 random(11);
  for (int i = 0; i < 5'000; ++i) {
    const v1::Event event = RandomEvent(random);
    const v1::Filter filter = RandomFilter(random);
    const v1::Explanation explanation = Explainer::Compile(filter, {}).value().Explain(event);
    for (const v1::FieldExplanation& field : explanation.fields()) {
      v1::Filter alone;
      const auto* reflection = alone.GetReflection();
      v1::Filter copy = filter;
      reflection->SwapFields(&alone, &copy,
                             {v1::Filter::descriptor()->FindFieldByName(field.field())});
      ASSERT_EQ(field.matches(), testing::OracleMatches(alone, event))
          << field.DebugString() << event.ShortDebugString();
    }
  }
}

TEST(ExplainTest, SaysInASentenceWhatTheEventHasAndWhatTheFilterAsksFor) {
  const v1::Event event = Created();
  EXPECT_EQ(Reason("severities: [SEVERITY_P1, SEVERITY_P0]", event),
            "severity is P2; the filter lets P0 and P1 through");
  EXPECT_EQ(Reason("event_types: [EVENT_TYPE_ESCALATED]", event),
            "the type is incident_created; the filter lets escalated through");
  EXPECT_EQ(Reason("states: [INCIDENT_STATE_RESOLVED]", event),
            "state is Resolved; the filter lets Resolved through");
  EXPECT_EQ(Reason("sources: 'a \"b\"' sources: 'c'", event),
            R"(source is "prometheus"; the filter lets "a \"b\"" and "c" through)");
  EXPECT_EQ(
      Reason("affected_resources: 'db-1' affected_resources: 'dns'", event),
      R"(affected resources are "db-1" and "cache"; the filter lets "db-1" and "dns" through)");
  EXPECT_EQ(Reason("active_only: true", event),
            "state is Resolved, which is over; the filter lets only active incidents through");
}

TEST(ExplainTest, NamesTheLabelsThatAreNotAsAskedFor) {
  const v1::Event event = Created();
  EXPECT_EQ(Reason("labels { key: 'env' value: 'staging' }", event),
            R"(label "env" is "staging", as the filter asks for)");
  EXPECT_EQ(
      Reason("labels { key: 'env' value: 'production' } labels { key: 'team' value: 'x' }", event),
      R"(label "env" is "staging" where the filter asks for "production" and "team" is not there)"
      R"( where the filter asks for "x")");
  const auto explanation =
      Explain("labels { key: 'env' value: 'production' } labels { key: 'a' value: '' }", event);
  EXPECT_THAT(explanation.fields(0).event_values(), ElementsAre("env=staging"));
  EXPECT_THAT(explanation.fields(0).filter_values(), ElementsAre("a=", "env=production"));
}

TEST(ExplainTest, SaysThatAnEventHasNoSuchValue) {
  EXPECT_EQ(Reason("severities: SEVERITY_P0", System()),
            "the event has no severity; the filter lets P0 through");
  EXPECT_EQ(Reason("active_only: true", System()),
            "the event is about no incident; the filter lets only active incidents through");
  EXPECT_THAT(Reason("affected_resources: 'a'", System()), HasSubstr("no affected resources"));
  EXPECT_THAT(Explain("states: INCIDENT_STATE_CLOSED", System()).fields(0).event_values(),
              IsEmpty());
}

TEST(ExplainTest, AFilterThatSetsNothingLetsAllThroughAndHasNothingToSay) {
  const v1::Explanation explanation = Explain("", Created());
  EXPECT_TRUE(explanation.matches());
  EXPECT_THAT(explanation.fields(), IsEmpty());
}

TEST(ExplainTest, FieldsOfRequiredFiltersComeAfterTheFiltersAndSayWhoseTheyAre) {
  Explainer::Filters require;
  *require.Add() = Parse("severities: SEVERITY_P0");
  *require.Add() = Parse("sources: 'x' severities: SEVERITY_P2");
  const v1::Explanation explanation =
      Explainer::Compile(Parse("states: INCIDENT_STATE_RESOLVED"), require)
          .value()
          .Explain(Created());
  ASSERT_EQ(explanation.fields_size(), 4);
  EXPECT_EQ(explanation.fields(0).field(), "states");
  EXPECT_EQ(explanation.fields(1).field(), "require[0].severities");
  EXPECT_EQ(explanation.fields(1).reason(), "severity is P2; require[0] lets P0 through");
  EXPECT_EQ(explanation.fields(2).field(), "require[1].severities");
  EXPECT_TRUE(explanation.fields(2).matches());
  EXPECT_EQ(explanation.fields(3).field(), "require[1].sources");
  EXPECT_FALSE(explanation.matches());
}

// The event's values that the filter names come first, so that the twenty told show the match.
TEST(ExplainTest, TellsAtMostTwentyValuesOfEachAndCutsLongOnes) {
  v1::Event event = Created();
  v1::Filter filter;
  for (int i = 100; i < 150; ++i) {
    event.mutable_incident()->add_affected_resources("r" + std::to_string(i));
    filter.add_affected_resources("x" + std::to_string(i));
  }
  filter.add_affected_resources("r149");
  const auto field = Explainer::Compile(filter, {}).value().Explain(event).fields(0);
  EXPECT_TRUE(field.matches());
  EXPECT_EQ(field.event_values_size(), Explainer::kMaxValues);
  EXPECT_EQ(field.event_values(0), "r149");
  EXPECT_EQ(field.filter_values_size(), Explainer::kMaxValues);
  EXPECT_THAT(field.reason(), HasSubstr(R"("cache", "db-1", "r100", "r101" and 47 more;)"));

  std::string long_value(255, 'a');
  long_value += "ääää";
  event.mutable_incident()->set_source(long_value);
  const auto cut = Explain("sources: 's'", event).fields(0).event_values(0);
  EXPECT_EQ(cut, std::string(255, 'a') + "…");
}

TEST(ExplainTest, RefusesWhatAFilterRefusesWithTheFieldsPath) {
  v1::Filter bad;
  bad.add_incident_ids("nonsense");
  EXPECT_EQ(Describe(Explainer::Compile(bad, {}).status()),
            "INVALID_FILTER filter.incident_ids[0]");
  Explainer::Filters require;
  require.Add();
  *require.Add() = bad;
  EXPECT_EQ(Describe(Explainer::Compile({}, require).status()),
            "INVALID_FILTER require[1].incident_ids[0]");
  while (static_cast<size_t>(require.size()) <= limits::kRequiredFilters) {
    require.Add();
  }
  EXPECT_EQ(Describe(Explainer::Compile({}, require).status()), "INVALID_FILTER require");
}

}  // namespace
}  // namespace tocsin
