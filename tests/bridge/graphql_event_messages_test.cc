#include "bridge/graphql/event_messages.h"
#include "core/event/stored_record.h"
#include "tests/bridge/session_fixture.h"

namespace tocsin::bridge::graphql {
namespace {

using bridge::testing::SampleEvent;

EventPtr Record(Sequence sequence, std::string_view title = "down") {
  return MakeWireRecord(SampleEvent(sequence, v1::SEVERITY_P1, title));
}

// Its facts can be read; its incident's title is no text.
EventPtr Damaged(Sequence sequence) {
  v1::Event event = SampleEvent(sequence, v1::SEVERITY_P1, "xyzzy");
  event.mutable_incident()->set_id("0190a000-0000-7000-8000-000000000002");
  std::string bytes = EncodeEventField(event);
  bytes[bytes.find("xyzzy")] = '\xff';
  return MakeStoredRecord(bytes).value();
}

TEST(GraphqlEventMessagesTest, AnEventIsParsedOnceForAllOperations) {
  auto messages = std::make_unique<EventMessages>();
  const std::vector<EventPtr> events = {Record(1), Record(2), Record(3)};
  for (int operation = 0; operation < 1'000; ++operation) {
    for (const EventPtr& event : events) {
      const v1::Event* message = messages->Of(*event);
      ASSERT_NE(message, nullptr);
      ASSERT_EQ(message->sequence(), event->cursor.sequence);
    }
  }
  EXPECT_EQ(messages->made(), 3u);
}

TEST(GraphqlEventMessagesTest, ADamagedEventHasNoMessageAndIsNotTakenForTheOneBeforeIt) {
  auto messages = std::make_unique<EventMessages>();
  ASSERT_NE(messages->Of(*Record(1)), nullptr);
  const EventPtr damaged = Damaged(1 + EventMessages::kKeptEvents);
  EXPECT_EQ(messages->Of(*damaged), nullptr);
  EXPECT_EQ(messages->Of(*damaged), nullptr);
  EXPECT_NE(messages->Of(*Record(1)), nullptr);
}

TEST(GraphqlEventMessagesTest, TheSameSequenceOfAnotherLifeOfTheLogIsAnotherEvent) {
  auto messages = std::make_unique<EventMessages>();
  v1::Event other = SampleEvent(1, v1::SEVERITY_P1, "other");
  other.set_epoch(other.epoch() + 1);
  ASSERT_EQ(messages->Of(*Record(1))->incident().title(), "down");
  EXPECT_EQ(messages->Of(*MakeWireRecord(other))->incident().title(), "other");
}

// More than there are places: what is kept for one event is not given to another.
TEST(GraphqlEventMessagesTest, StaysRightAndBounded) {
  auto messages = std::make_unique<EventMessages>();
  const std::string large(40'000, 'x');
  for (Sequence sequence = 1; sequence < 3 * EventMessages::kKeptEvents; ++sequence) {
    const v1::Event* message = messages->Of(*Record(sequence, large));
    ASSERT_NE(message, nullptr);
    ASSERT_EQ(message->sequence(), sequence);
    ASSERT_LE(messages->kept_bytes(), EventMessages::kKeptBytes + 2 * large.size());
  }
}

}  // namespace
}  // namespace tocsin::bridge::graphql
