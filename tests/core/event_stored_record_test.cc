#include <gtest/gtest.h>

#include <random>

#include "core/event/stored_record.h"
#include "core/event/wire.h"
#include "core/event/wire_scanner.h"
#include "tests/core/event_samples.h"

namespace tocsin {
namespace {

std::string Described(const EventRecord& record) {
  std::string text = FormatCursor(record.cursor) + " " + absl::FormatTime(record.time) + " " +
                     std::to_string(record.facts.type()) + "/" +
                     std::to_string(record.facts.severity()) + "/" +
                     std::to_string(record.facts.state());
  for (const EventFacts::Term& term : record.facts.terms()) {
    text += " " + std::to_string(static_cast<int>(term.field)) + ":" + std::to_string(term.hash) +
            ":" + std::string(record.facts.key(term)) + "=" + std::string(record.facts.value(term));
  }
  return text;
}

TEST(StoredRecordTest, IsTheRecordOfTheWholeEventForEveryType) {
  for (int type = 1; type < v1::EventType_ARRAYSIZE; ++type) {
    const v1::Event event = SampleEvent(static_cast<v1::EventType>(type));
    const std::string bytes = EncodeEventField(event);
    const absl::StatusOr<EventPtr> stored = MakeStoredRecord(bytes);
    ASSERT_TRUE(stored.ok()) << stored.status();
    EXPECT_EQ(Described(**stored), Described(*MakeWireRecord(event))) << event.ShortDebugString();
    EXPECT_EQ((*stored)->payload, bytes);
  }
}

// What no publisher may send, and an older hub may have written.
TEST(StoredRecordTest, IsTheRecordOfTheWholeEventWhereTheFormIsUnusual) {
  std::vector<v1::Event> events(6);
  events[0].set_type(v1::EVENT_TYPE_COMMENT_ADDED);
  events[0].mutable_comment_added()->set_incident_id("only here");
  events[1].set_type(v1::EVENT_TYPE_ALERT_CONVERTED);
  events[1].mutable_alert_converted()->mutable_alert()->set_source("s");
  events[2].set_type(v1::EVENT_TYPE_INCIDENT_CREATED);
  events[2].mutable_incident()->set_severity(static_cast<v1::Severity>(99));
  events[2].mutable_incident()->set_state(static_cast<v1::IncidentState>(-1));
  events[3].set_type(v1::EVENT_TYPE_SYSTEM_EVENT);
  events[3].mutable_incident()->set_id("has no place here");
  events[4].set_type(static_cast<v1::EventType>(1'000));
  (*events[5].mutable_incident()->mutable_labels())["empty"] = "";
  for (const v1::Event& event : events) {
    const absl::StatusOr<EventPtr> stored = MakeStoredRecord(EncodeEventField(event));
    ASSERT_TRUE(stored.ok());
    EXPECT_EQ(Described(**stored), Described(*MakeWireRecord(event))) << event.ShortDebugString();
  }
}

TEST(StoredRecordTest, AnIncidentThatComesTwiceIsOneMerged) {
  const std::string once = EncodeEventField(SampleEvent(v1::EVENT_TYPE_ESCALATED));
  std::string body(UnwrapEventField(once).value());
  body += std::string("\x52\x03\x3a\x01x", 5);  // incident { source: "x" }
  std::string twice = "\x0a";
  twice += static_cast<char>((body.size() & 0x7f) | 0x80);
  twice += static_cast<char>(body.size() >> 7);
  twice += body;
  const absl::StatusOr<EventPtr> stored = MakeStoredRecord(twice);
  ASSERT_TRUE(stored.ok()) << stored.status();
  EXPECT_EQ(Described(**stored), Described(**MakeWireRecord(twice)));
}

TEST(StoredRecordTest, DamagedBytesAreDataLossAndNeverReadBeyond) {
  const std::string good = EncodeEventField(SampleEvent(v1::EVENT_TYPE_COMMENT_ADDED));
  for (size_t length = 0; length < good.size(); ++length) {
    EXPECT_EQ(MakeStoredRecord(good.substr(0, length)).status().code(),
              absl::StatusCode::kDataLoss);
  }
  std::mt19937 random(1);
  for (int round = 0; round < 20'000; ++round) {
    std::string bytes = good;
    bytes[random() % bytes.size()] = static_cast<char>(random());
    const bool ok = MakeStoredRecord(bytes).ok();
    EXPECT_TRUE(ok || !MakeWireRecord(bytes).ok());
  }
}

TEST(WireScannerTest, GoesThroughFieldsOfEveryType) {
  // 1: 300; 2: "ab"; 3: eight bytes; 4: four bytes; 5: ""
  const std::string bytes(
      "\x08\xac\x02\x12\x02"
      "ab\x19"
      "12345678\x25"
      "1234\x2a\x00",
      23);
  WireScanner scan(bytes);
  ASSERT_TRUE(scan.Next());
  EXPECT_EQ(scan.number(), 1u);
  EXPECT_EQ(scan.varint(), 300u);
  ASSERT_TRUE(scan.Next());
  EXPECT_EQ(scan.bytes(), "ab");
  ASSERT_TRUE(scan.Next());
  ASSERT_TRUE(scan.Next());
  EXPECT_EQ(scan.number(), 4u);
  ASSERT_TRUE(scan.Next());
  EXPECT_TRUE(scan.is_bytes() && scan.bytes().empty());
  EXPECT_FALSE(scan.Next());
  EXPECT_TRUE(scan.ok());
}

TEST(WireScannerTest, WhatIsNoMessageIsNotOk) {
  for (const char* text : {"\x08", "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", "\x12\x05 abc",
                           "\x0b", "\x0f", "\x19 1234", "\x02"}) {
    WireScanner scan{std::string_view(text)};
    while (scan.Next()) {
    }
    EXPECT_FALSE(scan.ok()) << text;
  }
}

}  // namespace
}  // namespace tocsin
