// A history's lines, and what the judge understands by a filter.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

#include "core/history/plain_filter.h"
#include "core/history/record_json.h"
#include "tests/core/history_fixture.h"

namespace tocsin::history {
namespace {

TEST(HistoryRecordTest, EveryLineReadsBackAsItWasWritten) {
  RecordReader reader;
  std::istringstream in(testing::Good().Text());
  size_t lines = 0;
  for (std::string line; std::getline(in, line); ++lines) {
    const auto record = reader.Read(line);
    ASSERT_TRUE(record.ok()) << line << record.status();
    // A content's digest is not the content, so it is left out here.
    const auto without_content = [](std::string text) {
      return text.substr(0, text.find("\"content"));
    };
    EXPECT_EQ(without_content(ToJson(*record)), without_content(line));
  }
  EXPECT_GT(lines, 40u);
}

TEST(HistoryRecordTest, KindIsTheFirstField) {
  EXPECT_EQ(KindOf(R"({"record":"event","stream":1})"), "event");
  EXPECT_EQ(KindOf(R"({ "record": "read", "read": 1})"), "read");
  EXPECT_EQ(KindOf(R"({"stream":1,"record":"event"})"), "");
  EXPECT_EQ(KindOf(""), "");
}

bool Matches(const char* filter, const char* facts) {
  const auto parsed = PlainFilter::Parse(filter);
  EXPECT_TRUE(parsed.ok()) << parsed.status();
  return parsed->Matches(boost::json::parse(facts).as_object());
}

TEST(PlainFilterTest, MatchesAsTheContractSays) {
  constexpr char kFacts[] =
      R"({"event_type":"incident_updated","severity":"P0","state":"Triaged","source":"s",)"
      R"("labels":{"a":"1","b":"2"},"affected_resources":["x","y"]})";
  for (const char* yes :
       {"{}", R"({"severities":[]})", R"({"severities":["P1","P0"]})", R"({"states":["Triaged"]})",
        R"({"sources":["s"],"event_types":["incident_updated"]})", R"({"labels":{"a":"1"}})",
        R"({"affected_resources":["z","y"]})", R"({"active_only":true})"}) {
    EXPECT_TRUE(Matches(yes, kFacts)) << yes;
    EXPECT_EQ(Matches(yes, "{}"), std::string(yes) == "{}" || std::string(yes).ends_with("[]}"))
        << yes;
  }
  for (const char* no :
       {R"({"severities":["P1"]})", R"({"states":["Closed"]})", R"({"labels":{"a":"2"}})",
        R"({"labels":{"a":"1","c":"1"}})", R"({"affected_resources":["z"]})",
        R"({"sources":["s"],"event_types":["comment_added"]})"}) {
    EXPECT_FALSE(Matches(no, kFacts)) << no;
  }
  EXPECT_FALSE(Matches(R"({"active_only":true})", R"({"state":"Resolved"})"));
}

TEST(PlainFilterTest, AFieldThatNoFilterHasIsAnError) {
  const auto parsed = PlainFilter::Parse(R"({"severity":["P0"]})");
  ASSERT_FALSE(parsed.ok());
  EXPECT_THAT(std::string(parsed.status().message()), ::testing::HasSubstr("filter.severity"));
}

}  // namespace
}  // namespace tocsin::history
