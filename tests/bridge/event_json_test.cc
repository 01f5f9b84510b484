#include "bridge/event_json.h"

#include "tests/bridge/session_fixture.h"

namespace tocsin::bridge {
namespace {

TEST(EventJsonTest, TheTailCompletesTheMessage) {
  const v1::Event event = testing::SampleEvent(7, v1::SEVERITY_P1, "quote \" and \x01");
  const std::string head = ws::EventMessageHead(std::vector<std::string_view>{"\"a\"", "\"b\""});
  const auto message = boost::json::parse(head + EventMessageTail(event)).as_object();
  EXPECT_EQ(message.at("type").as_string(), "event");
  EXPECT_EQ(boost::json::serialize(message.at("subscription_ids")), R"(["a","b"])");
  EXPECT_EQ(message.at("message_id").as_string().c_str(), FormatCursor({testing::kEpoch, 7}));
  EXPECT_EQ(message.at("sequence").to_number<int>(), 7);
  const auto& body = message.at("event").as_object();
  EXPECT_EQ(body.at("event_type").as_string(), "incident_created");
  EXPECT_EQ(body.at("incident").as_object().at("title").as_string(), "quote \" and \x01");
}

TEST(EventJsonTest, ARecordHasPlaceTimeAndFacts) {
  const auto record = MakeJsonRecord(testing::SampleEvent(7, v1::SEVERITY_P1));
  ASSERT_TRUE(record.ok());
  EXPECT_EQ((*record)->cursor, (Cursor{testing::kEpoch, 7}));
  EXPECT_EQ((*record)->time, absl::FromUnixSeconds(1'700'000'000));
  EXPECT_EQ((*record)->facts.severity(), v1::SEVERITY_P1);
}

TEST(EventJsonTest, AnEventWithoutAPlaceIsDataLoss) {
  v1::Event event = testing::SampleEvent(7);
  event.set_epoch(0);
  EXPECT_EQ(MakeJsonRecord(event).status().code(), absl::StatusCode::kDataLoss);
}

}  // namespace
}  // namespace tocsin::bridge
