#include "cli/sub_filter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tocsin::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

std::string ErrorOf(const FilterFlags& flags) {
  const auto filter = MakeFilter(flags);
  return filter.ok() ? "accepted" : std::string(filter.status().message());
}

FilterFlags Only(std::vector<std::string> FilterFlags::*field, std::vector<std::string> values) {
  FilterFlags flags;
  flags.*field = std::move(values);
  return flags;
}

TEST(SubFilterTest, NoFlagMatchesAll) {
  const auto filter = MakeFilter({});
  ASSERT_TRUE(filter.ok()) << filter.status();
  EXPECT_EQ(filter->ByteSizeLong(), 0u);
}

TEST(SubFilterTest, EveryFlagReachesItsField) {
  FilterFlags flags;
  flags.types = {"incident-created", "comment_added"};
  flags.severities = {"P0", "p1"};
  flags.states = {"detected"};
  flags.sources = {"prometheus"};
  flags.resources = {"api"};
  flags.labels = {"env=production"};
  flags.incident_ids = {"0190b6a5-7c1e-7000-8000-000000000001"};
  flags.active_only = true;
  const auto filter = MakeFilter(flags);
  ASSERT_TRUE(filter.ok()) << filter.status();
  EXPECT_THAT(filter->event_types(),
              ElementsAre(v1::EVENT_TYPE_INCIDENT_CREATED, v1::EVENT_TYPE_COMMENT_ADDED));
  EXPECT_THAT(filter->severities(), ElementsAre(v1::SEVERITY_P0, v1::SEVERITY_P1));
  EXPECT_THAT(filter->states(), ElementsAre(v1::INCIDENT_STATE_DETECTED));
  EXPECT_THAT(filter->sources(), ElementsAre("prometheus"));
  EXPECT_THAT(filter->affected_resources(), ElementsAre("api"));
  EXPECT_THAT(filter->labels(), ElementsAre(Pair("env", "production")));
  EXPECT_EQ(filter->incident_ids_size(), 1);
  EXPECT_TRUE(filter->active_only());
}

TEST(SubFilterTest, ATypingSlipIsAnErrorThatNamesTheFlag) {
  EXPECT_THAT(ErrorOf(Only(&FilterFlags::types, {"incident-creted"})),
              HasSubstr("--types is an unknown value"));
  EXPECT_THAT(ErrorOf(Only(&FilterFlags::severities, {"P0", "P7"})),
              HasSubstr("--severities is an unknown value: \"P7\""));
  EXPECT_THAT(ErrorOf(Only(&FilterFlags::states, {"Open"})), HasSubstr("allowed: Detected"));
  EXPECT_THAT(ErrorOf(Only(&FilterFlags::labels, {"env"})),
              HasSubstr("--label 'env' must be KEY=VALUE"));
  EXPECT_THAT(ErrorOf(Only(&FilterFlags::labels, {"a=1", "a=2"})),
              HasSubstr("--label gives 'a' twice"));
  EXPECT_THAT(ErrorOf(Only(&FilterFlags::incident_ids, {"7"})), HasSubstr("--incident-ids"));
}

}  // namespace
}  // namespace tocsin::cli
