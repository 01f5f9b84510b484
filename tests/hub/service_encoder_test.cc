// What the engine hands over, as messages on the wire.
#include <gtest/gtest.h>

#include "core/event/error.h"
#include "core/event/wire.h"
#include "hub/service/subscribe_encoder.h"
#include "hub_fixtures.h"
#include "tocsin/v1/hub.pb.h"

namespace tocsin::hub {
namespace {

Item Place(Item::Kind kind, Sequence sequence) {
  Item item{};
  item.kind = kind;
  item.cursor = {1, sequence};
  return item;
}

Item EventAt(Sequence sequence) {
  Item item = Place(Item::Kind::kEvent, sequence);
  item.event = TestRecord({1, sequence}, kStart);
  return item;
}

Item GapTo(Sequence to) {
  Item item = Place(Item::Kind::kGap, to);
  item.extra = std::make_unique<ItemExtra>();
  item.extra->gap = {GapReason::kExpired, {1, 0}, {1, to}};
  return item;
}

std::vector<v1::SubscribeResponse> Decode(const EncodedItems& encoded) {
  std::vector<v1::SubscribeResponse> responses;
  for (const grpc::ByteBuffer& buffer : encoded.responses) {
    grpc::Slice slice;
    EXPECT_TRUE(buffer.DumpToSingleSlice(&slice).ok());
    EXPECT_TRUE(
        responses.emplace_back().ParseFromArray(slice.begin(), static_cast<int>(slice.size())));
  }
  return responses;
}

template <typename... Items>
std::vector<Item> List(Items... items) {
  std::vector<Item> list;
  (list.push_back(std::move(items)), ...);
  return list;
}

TEST(SubscribeEncoder, EventsAreOneResponseWithTheLastOnesCursor) {
  const auto responses =
      Decode(EncodeItems(List(Place(Item::Kind::kSubscribed, 4), EventAt(5), EventAt(6))));
  ASSERT_EQ(responses.size(), 1u);
  ASSERT_EQ(responses[0].events_size(), 2);
  EXPECT_EQ(responses[0].events(0).sequence(), 5u);
  EXPECT_EQ(responses[0].events(1).sequence(), 6u);
  EXPECT_EQ(responses[0].cursor(), FormatCursor({1, 6}));
}

// The one of a subscription with priority that is behind is where it stands, not where the event is.
TEST(SubscribeEncoder, AnEventHasThePlaceThatItsSubscriberResumesFrom) {
  Item urgent = EventAt(6);
  urgent.extra = std::make_unique<ItemExtra>();
  urgent.extra->place = tocsin::Place({1, 2}, {1, 6});
  const std::string place = FormatPlace(*urgent.extra->place);
  const auto before = DecodeEventField(urgent.event->payload);
  const auto responses = Decode(EncodeItems(List(EventAt(5), std::move(urgent), EventAt(7))));
  ASSERT_EQ(responses.size(), 1u);
  EXPECT_EQ(responses[0].events(0).cursor(), FormatCursor({1, 5}));
  EXPECT_EQ(responses[0].events(1).cursor(), place);
  EXPECT_EQ(responses[0].events(2).cursor(), FormatCursor({1, 7}));
  v1::Event with_place = *before;
  with_place.set_cursor(place);
  EXPECT_EQ(EncodeEventField(responses[0].events(1)), EncodeEventField(with_place));
}

TEST(SubscribeEncoder, AResponseHasThePlaceOfItsLastItem) {
  for (const Item::Kind kind :
       {Item::Kind::kEvent, Item::Kind::kBookmark, Item::Kind::kSubscribed}) {
    Item item = kind == Item::Kind::kEvent ? EventAt(6) : Place(kind, 2);
    item.extra = std::make_unique<ItemExtra>();
    item.extra->place = tocsin::Place({1, 2}, {1, 6});
    const auto responses = Decode(EncodeItems(List(EventAt(5), std::move(item))));
    EXPECT_EQ(responses[0].cursor(), FormatPlace(tocsin::Place({1, 2}, {1, 6})));
  }
  Item gap = GapTo(4);
  gap.extra->place = tocsin::Place({1, 4}, {1, 6});
  const auto responses = Decode(EncodeItems(List(std::move(gap))));
  EXPECT_EQ(responses[0].cursor(), FormatPlace(tocsin::Place({1, 4}, {1, 6})));
  EXPECT_EQ(responses[0].gap().to(), responses[0].cursor());
}

// By an event with an incident.
Item LeftAt(Sequence sequence) {
  v1::Event event;
  event.set_type(v1::EVENT_TYPE_INCIDENT_CLOSED);
  event.set_epoch(1);
  event.set_sequence(sequence);
  event.mutable_incident()->set_id(TestUuid(5));
  event.mutable_incident()->set_title("closed");
  Item item = Place(Item::Kind::kLeft, sequence);
  item.event = MakeWireRecord(event);
  return item;
}

TEST(SubscribeEncoder, AResponseHasEitherEventsOrLeavesInTheLogsOrder) {
  const auto responses = Decode(EncodeItems(List(EventAt(5), EventAt(6), LeftAt(7), LeftAt(8),
                                                 EventAt(9), Place(Item::Kind::kCaughtUp, 9))));
  ASSERT_EQ(responses.size(), 3u);
  EXPECT_EQ(responses[0].events_size(), 2);
  EXPECT_EQ(responses[0].leaves_size(), 0);
  EXPECT_EQ(responses[0].cursor(), FormatCursor({1, 6}));
  EXPECT_EQ(responses[1].events_size(), 0);
  ASSERT_EQ(responses[1].leaves_size(), 2);
  EXPECT_EQ(responses[1].cursor(), FormatCursor({1, 8}));
  const v1::Left& left = responses[1].leaves(0);
  EXPECT_EQ(left.incident_id(), TestUuid(5));
  EXPECT_EQ(left.incident().title(), "closed");
  EXPECT_EQ(left.cursor(), FormatCursor({1, 7}));
  EXPECT_EQ(left.sequence(), 7u);
  EXPECT_EQ(responses[2].events_size(), 1);
  EXPECT_TRUE(responses[2].caught_up());
}

TEST(SubscribeEncoder, ALeaveComesAsItsEventWhereThatIsAskedFor) {
  const auto responses =
      Decode(EncodeItems(List(EventAt(5), LeftAt(6), EventAt(7)), LeavesAs::kEvent));
  ASSERT_EQ(responses.size(), 1u);
  ASSERT_EQ(responses[0].events_size(), 3);
  EXPECT_EQ(responses[0].events(1).incident().title(), "closed");
  EXPECT_EQ(responses[0].leaves_size(), 0);
}

TEST(SubscribeEncoder, GapComesBeforeTheEventsAfterIt) {
  const auto responses = Decode(EncodeItems(List(Place(Item::Kind::kSubscribed, 4), GapTo(4),
                                                 EventAt(5), Place(Item::Kind::kCaughtUp, 7))));
  ASSERT_EQ(responses.size(), 2u);
  EXPECT_TRUE(responses[0].events().empty());
  EXPECT_EQ(responses[0].gap().to(), FormatCursor({1, 4}));
  EXPECT_EQ(responses[0].gap().reason(), v1::GAP_REASON_EXPIRED);
  EXPECT_EQ(responses[0].cursor(), FormatCursor({1, 4}));
  ASSERT_EQ(responses[1].events_size(), 1);
  EXPECT_FALSE(responses[1].has_gap());
  EXPECT_TRUE(responses[1].caught_up());
  EXPECT_EQ(responses[1].cursor(), FormatCursor({1, 7}));
}

TEST(SubscribeEncoder, EventAfterCaughtUpIsInAResponseOfItsOwn) {
  const auto responses =
      Decode(EncodeItems(List(EventAt(5), Place(Item::Kind::kCaughtUp, 5), EventAt(6))));
  ASSERT_EQ(responses.size(), 2u);
  EXPECT_TRUE(responses[0].caught_up());
  EXPECT_EQ(responses[0].events(0).sequence(), 5u);
  EXPECT_FALSE(responses[1].caught_up());
  EXPECT_EQ(responses[1].events(0).sequence(), 6u);
}

TEST(SubscribeEncoder, TwoGapsAreTwoResponses) {
  EXPECT_EQ(Decode(EncodeItems(List(GapTo(4), GapTo(9)))).size(), 2u);
}

TEST(SubscribeEncoder, EndComesAfterWhatWasBeforeIt) {
  Item ended = Place(Item::Kind::kEnded, 0);
  ended.extra = std::make_unique<ItemExtra>();
  ended.extra->status = MakeError(ErrorCode::kCursorExpired, "gone");
  const EncodedItems encoded = EncodeItems(List(EventAt(5), std::move(ended)));
  EXPECT_EQ(encoded.responses.size(), 1u);
  ASSERT_TRUE(encoded.end.has_value());
  EXPECT_EQ(ErrorCodeOf(*encoded.end), ErrorCode::kCursorExpired);
}

}  // namespace
}  // namespace tocsin::hub
