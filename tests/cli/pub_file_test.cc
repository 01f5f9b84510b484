#include "cli/pub_file.h"

#include <gtest/gtest.h>

namespace tocsin::cli {
namespace {

TEST(PubFileTest, ReadsRates) {
  EXPECT_DOUBLE_EQ(*ParseRate("50/s"), 50);
  EXPECT_DOUBLE_EQ(*ParseRate("50"), 50);
  EXPECT_DOUBLE_EQ(*ParseRate("300/m"), 5);
  EXPECT_DOUBLE_EQ(*ParseRate("1800/h"), 0.5);
  for (const char* wrong : {"", "fast", "0", "-1/s", "nan", "inf", "5/x", "5/", "5 /s"}) {
    EXPECT_FALSE(ParseRate(wrong).ok()) << wrong;
  }
}

TEST(PubFileTest, FindsTheLineThatTheHubRefused) {
  EXPECT_EQ(LineOfError({3, 5, 9}, "events[1].incident.title"), 5u);
  EXPECT_EQ(LineOfError({3, 5, 9}, "events[0]"), 3u);
  EXPECT_EQ(LineOfError({3, 5, 9}, ""), 3u);
  EXPECT_EQ(LineOfError({3, 5, 9}, "events[77]"), 9u);
}

}  // namespace
}  // namespace tocsin::cli
