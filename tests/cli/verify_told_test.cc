// What a verifier makes of what it is told: the same on every transport.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

#include "absl/strings/str_cat.h"
#include "cli/verify/options.h"
#include "cli/verify/told.h"
#include "core/event/json_writer.h"
#include "core/history/record_json.h"

namespace tocsin::cli::verify {
namespace {

constexpr char kId[] = "0198c1d2-0000-7000-8000-000000000001";
constexpr char kIncident[] = "0198c1d2-0000-4000-8000-000000000002";

v1::Event SomeEvent() {
  v1::Event event;
  event.set_id(kId);
  event.set_type(v1::EVENT_TYPE_INCIDENT_UPDATED);
  event.set_priority(v1::PRIORITY_HIGH);
  event.set_cursor("1-a");
  event.set_sequence(10);
  event.mutable_incident()->set_id(kIncident);
  event.mutable_incident()->set_severity(v1::SEVERITY_P3);
  event.mutable_incident()->set_title("a title");
  (*event.mutable_incident()->mutable_labels())[std::string(kRunLabel)] = "run";
  return event;
}

std::vector<std::string> Take(const std::string& message) {
  SnapshotParts parts;
  std::vector<history::Record> told;
  EXPECT_TRUE(
      TakeMessage(boost::json::parse(message).as_object(), {.stream = 7}, parts, told).ok());
  std::vector<std::string> lines;
  for (const history::Record& record : told) lines.push_back(ToJson(record));
  return lines;
}

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(VerifyToldTest, AnEventIsTheSameOverJsonAndOverGrpc) {
  std::string body;
  ASSERT_TRUE(AppendJsonEventBody(body, SomeEvent().SerializeAsString()).ok());
  const auto over_ws =
      Take(absl::StrCat(R"({"type":"event","message_id":"1-a","event":)", body, "}"));
  v1::SubscribeResponse response;
  *response.add_events() = SomeEvent();
  SnapshotParts parts;
  std::vector<history::Record> told;
  ASSERT_TRUE(TakeResponse(response, {.stream = 7}, parts, told).ok());
  ASSERT_EQ(told.size(), 1u);
  EXPECT_THAT(over_ws, ElementsAre(ToJson(told[0])));
  EXPECT_EQ(std::get<history::EventRecord>(told[0]).content, ContentOf(SomeEvent()));
}

TEST(VerifyToldTest, AChangedFieldIsAnotherContent) {
  v1::Event changed = SomeEvent();
  changed.mutable_incident()->set_title("another");
  EXPECT_NE(ContentOf(changed), ContentOf(SomeEvent()));
  changed = SomeEvent();
  changed.set_sequence(11);  // the hub's
  EXPECT_EQ(ContentOf(changed), ContentOf(SomeEvent()));
}

TEST(VerifyToldTest, EachMessageIsItsRecord) {
  EXPECT_THAT(Take(absl::StrCat(R"({"type":"left","message_id":"1-b","incident_id":")", kIncident,
                                R"("})")),
              ElementsAre(absl::StrCat(R"({"record":"left","stream":7,"incident":")", kIncident,
                                       R"(","cursor":"1-b"})")));
  EXPECT_THAT(Take(R"({"type":"gap","from":"1-1","to":"1-2"})"),
              ElementsAre(R"({"record":"gap","stream":7,"from":"1-1","to":"1-2"})"));
  for (const char* type : {"pong", "bookmark"}) {
    EXPECT_THAT(Take(absl::StrCat(R"({"type":")", type, R"(","cursor":"1-3"})")),
                ElementsAre(R"({"record":"bookmark","stream":7,"cursor":"1-3"})"));
  }
  EXPECT_THAT(Take(R"({"type":"status","hub":"connected"})"), IsEmpty());
}

TEST(VerifyToldTest, ASnapshotIsOneRecordOnceItIsWhole) {
  SnapshotParts parts;
  std::vector<history::Record> told;
  const auto part = [&](const char* last) {
    const auto message =
        boost::json::parse(absl::StrCat(R"({"type":"snapshot","cursor":"1-4","incidents":[{"id":")",
                                        kIncident, R"("}],"last":)", last, "}"));
    ASSERT_TRUE(TakeMessage(message.as_object(), {.stream = 7}, parts, told).ok());
  };
  part("false");
  EXPECT_THAT(told, IsEmpty());
  part("true");
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(std::get<history::SnapshotRecord>(told[0]).incidents.size(), 2u);
}

TEST(VerifyToldTest, AGapStandsBeforeTheEventsThatLieAfterIt) {
  v1::SubscribeResponse response;
  for (const char* cursor : {"1-1", "1-9"}) {
    v1::Event& event = *response.add_events();
    event = SomeEvent();
    event.set_cursor(cursor);
  }
  response.mutable_gap()->set_from("1-1");
  response.mutable_gap()->set_to("1-8");
  response.set_cursor("1-9");
  SnapshotParts parts;
  std::vector<history::Record> told;
  ASSERT_TRUE(TakeResponse(response, {}, parts, told).ok());
  ASSERT_EQ(told.size(), 3u);
  EXPECT_TRUE(std::holds_alternative<history::GapRecord>(told[1]));
}

TEST(VerifyToldTest, OfTheEventsOfOthersNoMoreIsKeptThanTheirPlace) {
  EXPECT_FALSE(ReadOf(SomeEvent(), 1, "run").others);
  EXPECT_THAT(ReadOf(SomeEvent(), 1, "run").facts, ::testing::HasSubstr(R"("severity":"P3")"));
  EXPECT_TRUE(ReadOf(SomeEvent(), 1, "run").urgent);
  const history::ReadRecord read = ReadOf(SomeEvent(), 1, "another run");
  EXPECT_TRUE(read.others);
  EXPECT_EQ(ToJson(read), absl::StrCat(R"({"record":"read","read":1,"id":")", kId,
                                       R"(","cursor":"1-a","others":true})"));
}

}  // namespace
}  // namespace tocsin::cli::verify
