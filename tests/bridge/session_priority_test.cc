// Sessions with priority: while one is behind, each message tells where that subscription resumes,
// and nobody else's messages do.
#include <gmock/gmock.h>

#include <set>

#include "tests/bridge/session_fixture.h"

namespace tocsin::bridge::testing {
namespace {

using ::testing::ElementsAre;

std::string At(Sequence ordinary, Sequence urgent) {
  return FormatPlace(Place({kEpoch, ordinary}, {kEpoch, urgent}));
}
std::string At(Sequence sequence) { return FormatCursor({kEpoch, sequence}); }

class PrioritySessionTest : public SessionTest {
 protected:
  PrioritySessionTest() : SessionTest({.pending_messages = 40, .write_events = 8}) {}

  void PublishOne(Sequence sequence, bool urgent) {
    v1::Event event = SampleEvent(sequence, v1::SEVERITY_P2, std::string(300, 't'));
    event.set_priority(urgent ? v1::PRIORITY_HIGH : v1::PRIORITY_NORMAL);
    event.set_cursor(At(sequence));
    log.Append(MakeWireRecord(event));
    shard.Ring();
  }
  // 'u' an urgent event, anything else an ordinary one.
  void PublishAll(std::string_view events) {
    for (const char each : events) PublishOne(log.latest().sequence + 1, each == 'u');
  }
  static std::string From(const std::string& cursor) {
    return absl::StrCat(R"("priority":true,"resume_from":")", cursor, "\"");
  }
  // Of each message: its type's first letter, or the event's sequence, and what to resume from.
  static std::vector<std::string> Told(const std::vector<json::object>& messages) {
    std::vector<std::string> told;
    for (const json::object& each : messages) {
      const std::string type = Text(each, "type");
      told.push_back(type == "event" ? Text(each, "sequence") + " " + Text(each, "message_id")
                                     : type + " " + Text(each, type == "gap" ? "to" : "cursor"));
    }
    return told;
  }
};

TEST_F(PrioritySessionTest, UrgentEventsComeFirstEachWithThePlaceToResumeFrom) {
  PublishAll("ouou");
  Client& client = Connect();
  Got(client);
  Send(client, Subscribe("a", From(At(0))));
  EXPECT_THAT(Told(Got(client)), ElementsAre("subscribed " + At(0), "2 " + At(0, 2),
                                             "4 " + At(0, 4), "1 " + At(1, 4), "3 " + At(3, 4)));
  PublishAll("uo");
  Settle();
  EXPECT_THAT(Told(Got(client)), ElementsAre("5 " + At(5), "6 " + At(6)));
}

TEST_F(PrioritySessionTest, TheRestOfTheMessageIsAsForAnyOther) {
  PublishAll("ou");
  Client& client = Connect();
  Client& other = Connect();
  Got(client);
  Got(other);
  Send(other, Subscribe("a", absl::StrCat(R"("resume_from":")", At(1), "\"")));
  Send(client, Subscribe("a", From(At(0))));
  json::object mine = Got(client).at(1);
  json::object theirs = Got(other).at(1);
  EXPECT_EQ(Text(mine, "message_id"), At(0, 2));
  EXPECT_EQ(Text(theirs, "message_id"), At(2)) << "the text is kept for others";
  mine.erase("message_id");
  theirs.erase("message_id");
  EXPECT_EQ(json::serialize(mine), json::serialize(theirs));
}

TEST_F(PrioritySessionTest, ResumesFromEachPlaceThatItWasTold) {
  PublishAll("ouououou");
  const std::string places[] = {At(0, 2), At(0, 8), At(1, 8), At(5, 8), At(7, 8)};
  const std::vector<std::vector<Sequence>> rest = {
      {4, 6, 8, 1, 3, 5, 7}, {1, 3, 5, 7}, {3, 5, 7}, {7}, {}};
  for (size_t i = 0; i < std::size(places); ++i) {
    Client& client = Connect();
    Got(client);
    Send(client, Subscribe("a", From(places[i])));
    const std::vector<json::object> got = Got(client);
    EXPECT_EQ(Text(got.at(0), "cursor"), places[i]);
    EXPECT_EQ(Sequences(got), rest[i]) << places[i];
  }
}

TEST_F(PrioritySessionTest, AHeartbeatTellsBothPlaces) {
  for (int i = 0; i < 30; ++i) PublishAll("ooooooooou");
  Client& client = Connect();
  client.reads = false;
  Send(client, Subscribe("a", From(At(0))));
  Send(client, R"({"type":"ping"})");
  client.reads = true;
  Settle();
  std::set<Sequence> given;
  bool split = false;
  for (const json::object& each : Got(client)) {
    if (Text(each, "type") == "event") given.insert(each.at("sequence").to_number<Sequence>());
    if (Text(each, "type") != "pong") continue;
    const ResumePoint place = ParseResumePoint(Text(each, "cursor"), "cursor").value();
    split = place.urgent.has_value();
    const Cursor ordinary = std::get<Cursor>(place.start);
    for (Sequence sequence = 1; sequence <= 300; ++sequence) {
      const Cursor told = sequence % 10 == 0 ? place.urgent.value_or(ordinary) : ordinary;
      EXPECT_EQ(given.contains(sequence), sequence <= told.sequence) << sequence;
    }
  }
  EXPECT_TRUE(split);
  EXPECT_EQ(given.size(), 300u);
}

TEST_F(PrioritySessionTest, OthersOfTheSameSessionHaveTheirOwnMessages) {
  PublishAll("ouo");
  Client& client = Connect();
  Got(client);
  Send(client, Subscribe("b", absl::StrCat(R"("resume_from":")", At(0), "\"")));
  Send(client, Subscribe("a", From(At(0))));
  std::vector<std::string> mine;
  for (const json::object& each : Got(client)) {
    if (Text(each, "subscription_ids") == R"(["a"])") mine.push_back(Text(each, "message_id"));
    if (Text(each, "subscription_ids") == R"(["b"])") {
      EXPECT_EQ(Text(each, "message_id"), At(each.at("sequence").to_number<Sequence>()));
    }
  }
  EXPECT_THAT(mine, ElementsAre(At(0, 2), At(1, 3), At(3)));
}

TEST_F(PrioritySessionTest, AGapGoesOnFromBothPlaces) {
  for (int i = 0; i < 150; ++i) PublishAll("ooooooooou");
  log.Expire(200);
  Client& client = Connect();
  Got(client);
  Send(client, Subscribe("a", From(At(37, 450))));
  const std::vector<json::object> got = Got(client);
  EXPECT_EQ(Text(got.at(0), "recovered"), "false");
  EXPECT_EQ(Told({got.at(1)}).front(), "gap " + At(200, 450));
  EXPECT_EQ(Text(got.at(2), "sequence"), "460");
}

TEST_F(PrioritySessionTest, CompressedMessagesTellThePlaceAsWellAndAreNotKept) {
  context.compression = std::make_unique<ws::Compression>();
  PublishAll("ou");
  Client& client = Connect(/*deflate=*/true);
  Got(client);
  const size_t kept = context.compression->events.kept_bytes();
  Send(client, Subscribe("a", From(At(0))));
  const std::vector<json::object> got = Got(client);
  EXPECT_EQ(Told({got.at(1)}).front(), "2 " + At(0, 2));
  EXPECT_EQ(client.compressed, 2u);
  EXPECT_LE(context.compression->events.kept_bytes(), kept + 1'000) << "the last one is live's own";
}

TEST_F(PrioritySessionTest, WhatItCannotBeGivenWithIsNamed) {
  struct Case {
    std::string more;
    std::string field;
  };
  for (const Case& each : std::vector<Case>{
           {R"("priority":true,"latest_only":true)", "priority"},
           {R"("priority":true,"leaves":true)", "priority"},
           {R"("priority":true,"snapshot":true)", "priority"},
           {absl::StrCat(R"("leaves":true,"resume_from":")", At(1, 2), "\""), "resume_from"},
           {From("pabc-1.abc-2.00000000"), "resume_from"},
       }) {
    Client& client = Connect();
    Got(client);
    Send(client, Subscribe("a", each.more));
    const json::object error = One(client);
    EXPECT_EQ(Text(error, "code"), "INVALID_MESSAGE") << each.more;
    EXPECT_EQ(Text(error, "field"), each.field) << each.more;
  }
}

// The place of the one that is replaced is both places, which the client cannot name.
TEST_F(PrioritySessionTest, AnotherFilterGoesOnFromBothPlaces) {
  for (int i = 0; i < 30; ++i) PublishAll("ooooooooou");
  Client& client = Connect();
  client.reads = false;
  Send(client, Subscribe("a", From(At(0))));
  Send(client, Subscribe("a", R"("priority":true)"));
  client.reads = true;
  Settle();
  std::vector<Sequence> given = Sequences(Got(client));
  std::sort(given.begin(), given.end());
  EXPECT_EQ(given, tocsin::testing::Range(1, 300));
}

}  // namespace
}  // namespace tocsin::bridge::testing
