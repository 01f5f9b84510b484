#include "bridge/event_json.h"

#include "bridge/upstream/response.h"
#include "bridge/ws/server_message.h"
#include "core/event/json_reader.h"
#include "tests/bridge/session_fixture.h"
#include "tocsin/v1/hub.pb.h"

namespace tocsin::bridge {
namespace {

using testing::kEpoch;

EventPtr Record(Sequence sequence, std::string_view title = "down") {
  return MakeWireRecord(testing::SampleEvent(sequence, v1::SEVERITY_P1, title));
}

// Its facts can be read; its incident's title is no text.
EventPtr Damaged(Sequence sequence) {
  v1::Event event = testing::SampleEvent(sequence, v1::SEVERITY_P1, "xyzzy");
  event.mutable_incident()->set_id("0190a000-0000-7000-8000-000000000002");
  std::string bytes = EncodeEventField(event);
  bytes[bytes.find("xyzzy")] = '\xff';
  return MakeStoredRecord(bytes).value();
}

TEST(EventJsonTest, TheTailCompletesTheMessage) {
  EventJson json;
  const std::string* tail = json.TailOf(*Record(7, "quote \" and \x01"));
  ASSERT_NE(tail, nullptr);
  const std::string head = ws::EventMessageHead(std::vector<std::string_view>{"\"a\"", "\"b\""});
  const auto message = boost::json::parse(head + *tail).as_object();
  EXPECT_EQ(message.at("type").as_string(), "event");
  EXPECT_EQ(boost::json::serialize(message.at("subscription_ids")), R"(["a","b"])");
  EXPECT_EQ(message.at("message_id").as_string().c_str(), FormatCursor({kEpoch, 7}));
  EXPECT_EQ(message.at("timestamp").as_string(), "2023-11-14T22:13:20.000000Z");
  EXPECT_EQ(message.at("sequence").to_number<int>(), 7);
  const auto& body = message.at("event").as_object();
  EXPECT_EQ(body.at("event_type").as_string(), "incident_created");
  EXPECT_EQ(body.at("incident").as_object().at("title").as_string(), "quote \" and \x01");
  EXPECT_TRUE(EventJson::FieldsOf(*tail).starts_with(R"("message_id":")"));
}

TEST(EventJsonTest, AnEventIsRenderedOnceForAll) {
  EventJson json;
  const std::vector<EventPtr> events = {Record(1), Record(2), Record(3)};
  for (int client = 0; client < 1'000; ++client) {
    for (const EventPtr& event : events) {
      const std::string* tail = json.TailOf(*event);
      ASSERT_NE(tail, nullptr);
      ASSERT_NE(tail->find(FormatCursor(event->cursor)), std::string::npos);
    }
  }
  EXPECT_EQ(json.made(), 3u);
}

// More than there are places: what is kept for one event is not given to another.
TEST(EventJsonTest, StaysRightAndBounded) {
  EventJson json;
  const std::string large(40'000, 'x');
  for (const Sequence large_each : {1'000'000, 3}) {
    for (Sequence sequence = 1; sequence <= 3 * EventJson::kKeptEvents; ++sequence) {
      const EventPtr event = Record(sequence, sequence % large_each == 0 ? large : "small");
      const std::string* tail = json.TailOf(*event);
      ASSERT_NE(tail, nullptr);
      ASSERT_NE(tail->find(FormatCursor(event->cursor)), std::string::npos);
      ASSERT_EQ(tail->size() > large.size(), sequence % large_each == 0);
      ASSERT_LE(json.kept_bytes(), EventJson::kKeptBytes + limits::kMiB);
    }
  }
}

TEST(EventJsonTest, ADamagedEventHasNone) {
  EventJson json;
  EXPECT_EQ(json.TailOf(*Damaged(7)), nullptr);
  EXPECT_EQ(json.TailOf(*Damaged(7)), nullptr);
  EXPECT_NE(json.TailOf(*Record(7)), nullptr);
}

class DamagedEventTest : public testing::SessionTest {};

// In the place of the event, for each subscription that would have been sent it; the stream goes on.
TEST_F(DamagedEventTest, IsToldAsAGap) {
  Client& client = Connect();
  Send(client, testing::Subscribe("a"));
  Send(client, testing::Subscribe("b"));
  Got(client);
  Publish(1);
  log.Append(Damaged(2));
  Publish(3);
  Settle();
  const auto got = Got(client);
  ASSERT_EQ(Types(got), (std::vector<std::string>{"event", "gap", "gap", "event"}));
  EXPECT_EQ(Text(got[1], "subscription_id") + Text(got[2], "subscription_id"), "ab");
  EXPECT_EQ(Text(got[1], "reason"), "damaged");
  EXPECT_EQ(Text(got[1], "from"), FormatCursor({kEpoch, 1}));
  EXPECT_EQ(Text(got[1], "to"), FormatCursor({kEpoch, 2}));
}

// ---- a hub's response ----

v1::SubscribeResponse Response(Sequence first, Sequence last) {
  v1::SubscribeResponse response;
  for (Sequence next = first; next <= last; ++next) {
    *response.add_events() = testing::SampleEvent(next);
  }
  response.set_cursor(FormatCursor({kEpoch, last}));
  return response;
}

TEST(ReadResponseTest, TheRecordsAreTheEventsBytes) {
  const v1::SubscribeResponse response = Response(3, 5);
  for (const RecordFacts facts : {RecordFacts::kWith, RecordFacts::kWithout}) {
    const auto batch = ReadResponse(response.SerializeAsString(), facts);
    ASSERT_TRUE(batch.ok()) << batch.status();
    ASSERT_EQ(batch->events.size(), 3u);
    EXPECT_EQ(batch->cursor, (Cursor{kEpoch, 5}));
    for (size_t i = 0; i < 3; ++i) {
      const EventRecord& record = *batch->events[i];
      EXPECT_EQ(record.payload, EncodeEventField(response.events(static_cast<int>(i))));
      EXPECT_EQ(record.cursor, (Cursor{kEpoch, 3 + i}));
      EXPECT_EQ(record.time, absl::FromUnixSeconds(1'700'000'000));
      EXPECT_EQ(record.facts.severity(),
                facts == RecordFacts::kWith ? v1::SEVERITY_P2 : v1::SEVERITY_UNSPECIFIED);
    }
  }
}

TEST(ReadResponseTest, AGapLiesBeforeOrAfterTheEvents) {
  for (const Sequence to : {2, 5}) {
    v1::SubscribeResponse response = Response(3, 5);
    response.mutable_gap()->set_reason(v1::GAP_REASON_EPOCH);
    response.mutable_gap()->set_to(FormatCursor({kEpoch, to}));
    const auto batch = ReadResponse(response.SerializeAsString(), RecordFacts::kWith);
    ASSERT_TRUE(batch.ok()) << batch.status();
    EXPECT_EQ(batch->gap_first, to == 2);
    EXPECT_EQ(batch->gap->reason, GapReason::kEpoch);
  }
}

TEST(ReadResponseTest, WhatALaterHubAddsIsPassedOver) {
  const std::string more("\xf8\x07\x01\xfa\x07\x02hi", 8);
  const auto batch =
      ReadResponse(more + Response(1, 2).SerializeAsString() + more, RecordFacts::kWith);
  ASSERT_TRUE(batch.ok()) << batch.status();
  EXPECT_EQ(batch->events.size(), 2u);
}

TEST(ReadResponseTest, AnEventWithoutAPlaceIsDataLoss) {
  for (const auto clear : {&v1::Event::clear_epoch, &v1::Event::clear_sequence}) {
    v1::SubscribeResponse response = Response(1, 1);
    (response.mutable_events(0)->*clear)();
    EXPECT_EQ(ReadResponse(response.SerializeAsString(), RecordFacts::kWith).status().code(),
              absl::StatusCode::kDataLoss);
  }
}

TEST(ReadResponseTest, DamagedBytesAreAnErrorAndNeverReadBeyond) {
  v1::SubscribeResponse response = Response(1, 3);
  response.mutable_gap()->set_to(FormatCursor({kEpoch, 9}));
  const std::string good = response.SerializeAsString();
  uint32_t random = 1;
  for (int round = 0; round < 20'000; ++round) {
    std::string bytes = good.substr(0, round % 3 == 0 ? random % good.size() : good.size());
    random = random * 1'664'525 + 1'013'904'223;
    if (!bytes.empty()) {
      bytes[random % bytes.size()] = static_cast<char>(random >> 24);
    }
    const auto batch = ReadResponse(bytes, RecordFacts::kWith);
    if (!batch.ok()) {
      continue;
    }
    for (const EventPtr& event : batch->events) {
      std::string tail;
      if (AppendEventTail(tail, *event).ok()) {
        boost::json::value value;
        ASSERT_TRUE(ParseJson("{" + tail.substr(2), value).ok()) << tail;
      }
    }
  }
}

}  // namespace
}  // namespace tocsin::bridge
