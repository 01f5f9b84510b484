#include "bridge/http/accept.h"

#include <gtest/gtest.h>

namespace tocsin::bridge {
namespace {

std::vector<AcceptRange> Ranges(std::vector<std::string> values) {
  http::HttpRequest request;
  for (const std::string& value : values) request.fields.push_back({"accept", value});
  return AcceptRanges(request, "Accept");
}

TEST(AcceptTest, TheRangeThatNamesATypeMostCloselyDecides) {
  const auto ranges = Ranges({"text/*;q=0.3, text/html;q=0.7", "*/*; Q=0.5 , text/plain;q=0"});
  EXPECT_EQ(Wanted(ranges, "text/html"), 0.7);
  EXPECT_EQ(Wanted(ranges, "text/css"), 0.3);
  EXPECT_EQ(Wanted(ranges, "text/plain"), 0);
  EXPECT_EQ(Wanted(ranges, "application/json"), 0.5);
  EXPECT_EQ(Wanted(Ranges({"TEXT/HTML"}), "text/html"), 1);
  EXPECT_EQ(Wanted({}, "text/html"), 0);
  EXPECT_EQ(Wanted(Ranges({"text/html;q=none"}), "text/html"), 1)
      << "what cannot be read is passed over";
}

TEST(AcceptTest, ACodingIsWantedByNameOrByTheStar) {
  EXPECT_EQ(Wanted(Ranges({"br, gzip;q=0.8"}), "gzip"), 0.8);
  EXPECT_EQ(Wanted(Ranges({"*"}), "gzip"), 1);
  EXPECT_EQ(Wanted(Ranges({"gzip;q=0, *"}), "gzip"), 0);
  EXPECT_EQ(Wanted(Ranges({"identity"}), "gzip"), 0);
}

TEST(AcceptTest, OnlyARangeWithoutWildcardsNamesAType) {
  EXPECT_TRUE(Names(Ranges({"a/b, Application/JSON;q=0.1"}), "application/json"));
  EXPECT_FALSE(Names(Ranges({"*/*, application/*"}), "application/json"));
  EXPECT_FALSE(Names(Ranges({"application/json;q=0"}), "application/json"));
}

TEST(AcceptTest, ParametersAreFoundInAnyOrderWithAndWithoutQuotes) {
  const auto ranges = Ranges({R"(multipart/mixed; boundary=graphql;subscriptionSpec="1.0";q=0.9)"});
  ASSERT_EQ(ranges.size(), 1u);
  EXPECT_EQ(ranges[0].value, "multipart/mixed");
  EXPECT_EQ(ranges[0].Parameter("SubscriptionSpec"), "1.0");
  EXPECT_EQ(ranges[0].Parameter("boundary"), "graphql");
  EXPECT_EQ(ranges[0].quality, 0.9);
  EXPECT_EQ(ranges[0].Parameter("deferSpec"), std::nullopt);
}

}  // namespace
}  // namespace tocsin::bridge
