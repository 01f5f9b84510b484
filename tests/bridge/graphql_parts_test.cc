// A GraphQL subscription as the parts of a multipart response, over a real shard and window.
#include <gmock/gmock.h>

#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "bridge/events/event_stream.h"
#include "bridge/graphql/http/parts_form.h"
#include "core/event/error.h"
#include "core/event/stored_record.h"
#include "tests/bridge/fake_stream.h"
#include "tests/bridge/graphql_fixture.h"
#include "tests/bridge/session_fixture.h"

namespace tocsin::bridge::graphql {
namespace {

namespace json = boost::json;
using bridge::testing::FakeStream;
using bridge::testing::kEpoch;
using bridge::testing::SessionTest;
using ::testing::ElementsAre;

std::string Place(Sequence sequence) { return FormatCursor({kEpoch, sequence}); }

class PartsTest : public SessionTest {
 protected:
  EventCaller caller{.subject = Subject::Anyone(), .ends = absl::InfiniteFuture()};
  struct Reader {
    FakeStream out;
    std::unique_ptr<EventStream> stream;
  };

  ~PartsTest() override { readers.clear(); }

  Reader& Open(std::string_view query, std::string_view extensions = "{}") {
    auto planned = Subscription::Plan(*testing::Ready(query, "{}", extensions));
    const auto tells = std::get<std::shared_ptr<const Subscription>>(planned);
    readers.push_back(std::make_unique<Reader>());
    Reader& reader = *readers.back();
    reader.stream = std::make_unique<EventStream>(streams, reader.out,
                                                  std::make_shared<PartsForm>(shared, tells),
                                                  EventQuery{.filter = tells->filter(),
                                                             .start = tells->from(),
                                                             .snapshot = tells->snapshot(),
                                                             .leaves = tells->leaves()},
                                                  caller, "s");
    Settle();
    return reader;
  }

  void Wait(absl::Duration time) {
    for (const absl::Duration end = clock.Monotonic() + time; clock.Monotonic() < end;) {
      clock.Advance(absl::Milliseconds(500));
      for (const auto& reader : readers) reader->stream->Tick();
      Settle();
    }
  }

  // The bodies of the parts that have come. "--" for the last boundary.
  std::vector<std::string> Parts(Reader& reader) {
    std::string bytes = std::exchange(reader.out.bytes, {});
    std::vector<std::string> bodies;
    for (absl::string_view part : absl::StrSplit(bytes, "\r\n--graphql")) {
      if (part.empty()) continue;  // before the first boundary
      if (part == "--\r\n") {
        bodies.push_back("--");
        continue;
      }
      EXPECT_TRUE(absl::ConsumePrefix(&part, "\r\ncontent-type: application/json\r\n\r\n")) << part;
      bodies.push_back(std::string(part));
    }
    return bodies;
  }
  static std::vector<std::string> Cursors(const std::vector<std::string>& parts) {
    std::vector<std::string> cursors;
    for (const std::string& part : parts) {
      cursors.push_back(
          std::string(json::parse(part).at_pointer("/payload/extensions/cursor").as_string()));
    }
    return cursors;
  }

  EventMessages messages;
  PartsShared shared{.clock = clock, .messages = messages};
  EventStreams streams{.shard = shard,
                       .clock = clock,
                       .metrics = metrics,
                       .snapshots = snapshots,
                       .server_sent = nullptr,
                       .json_lines = nullptr};
  std::vector<std::unique_ptr<Reader>> readers;
};

constexpr char kNew[] = "subscription { newIncidents { title } }";
constexpr char kUpdates[] = "subscription { incidentUpdates { updateType } }";

TEST_F(PartsTest, APartIsWholeAsSoonAsItIsSent) {
  Reader& reader = Open(kNew);
  EXPECT_EQ(reader.out.bytes, "\r\n--graphql") << "the first boundary is there at once";
  reader.out.bytes.clear();
  Publish(1);
  Settle();
  EXPECT_EQ(reader.out.bytes,
            absl::StrCat("\r\ncontent-type: application/json\r\n\r\n",
                         R"({"payload":{"data":{"newIncidents":{"title":"down"}},)",
                         R"("extensions":{"cursor":")", Place(1), "\"}}}\r\n--graphql"));
}

TEST_F(PartsTest, ResumesAfterItsCursor) {
  PublishUpTo(5);
  Reader& reader = Open(kNew, absl::StrCat(R"({"resumeFrom":")", Place(3), "\"}"));
  EXPECT_THAT(Cursors(Parts(reader)), ElementsAre(Place(4), Place(5)));
}

TEST_F(PartsTest, AGapIsToldInItsPlaceAndTheStreamGoesOn) {
  PublishUpTo(1'500);
  log.Expire(1'498);
  Reader& reader = Open(kNew, absl::StrCat(R"({"resumeFrom":")", Place(1), "\"}"));
  const std::vector<std::string> parts = Parts(reader);
  ASSERT_EQ(parts.size(), 3u);
  EXPECT_EQ(parts[0],
            absl::StrCat(R"({"payload":{"data":null,"extensions":{"gap":{"reason":"expired",)",
                         R"("from":")", Place(1), R"(","to":")", Place(1'498), R"("},"cursor":")",
                         Place(1'498), "\"}}}"));
  EXPECT_THAT(Cursors(parts), ElementsAre(Place(1'498), Place(1'499), Place(1'500)));
}

TEST_F(PartsTest, ARefusedStartEndsWithATransportError) {
  PublishUpTo(2);
  Reader& reader = Open(kNew, absl::StrCat(R"({"resumeFrom":")", Place(9), "\"}"));
  Wait(absl::Seconds(30));
  const std::vector<std::string> parts = Parts(reader);
  ASSERT_GE(parts.size(), 2u);
  EXPECT_EQ(parts.back(), "--");
  const json::value last = json::parse(parts[parts.size() - 2]);
  EXPECT_TRUE(last.at("payload").is_null());
  EXPECT_EQ(last.at_pointer("/errors/0/extensions/reason"), "CURSOR_EXPIRED");
  EXPECT_TRUE(reader.out.ended);
}

TEST_F(PartsTest, ASilentStreamIsToldToBeAlive) {
  Reader& reader = Open(kNew);
  Parts(reader);
  for (int round = 0; round < 4; ++round) {
    Wait(absl::Seconds(15) + absl::Milliseconds(500));
    const std::vector<std::string> parts = Parts(reader);
    ASSERT_GE(parts.size(), 1u) << "a proxy would have cut this stream";
    EXPECT_EQ(parts.front(), "{}");
    EXPECT_LE(parts.size(), 2u);
  }
}

TEST_F(PartsTest, IncidentUpdatesHasHeartbeatsWithACursor) {
  Reader& reader = Open("subscription { incidentUpdates(severities: [P0]) { updateType } }");
  Parts(reader);
  PublishUpTo(3);
  Wait(absl::Seconds(15) + absl::Milliseconds(500));
  const std::vector<std::string> parts = Parts(reader);
  ASSERT_GE(parts.size(), 1u);
  EXPECT_EQ(parts.back(),
            absl::StrCat(R"({"payload":{"data":{"incidentUpdates":{"updateType":"HEARTBEAT"}},)",
                         R"("extensions":{"cursor":")", Place(3), "\"}}}"));
}

// Symptom: none yet. What is told of no event counted as sent, so that a stream of changes that a
// subscription says nothing of would have been silent for ever.
TEST_F(PartsTest, EventsThatAreNotToldOfAreNoSignOfLife) {
  Reader& reader = Open("subscription { incidentStateChanges { newState } }");
  Parts(reader);
  Sequence sequence = 0;
  for (int second = 0; second < 40; ++second) {
    Publish(++sequence);
    Wait(absl::Seconds(1));
  }
  const std::vector<std::string> parts = Parts(reader);
  EXPECT_GE(parts.size(), 2u);
  for (const std::string& part : parts) EXPECT_EQ(part, "{}");
}

TEST_F(PartsTest, ASnapshotComesFirstAndItsEndAloneHasACursor) {
  Reader& reader =
      Open("subscription { incidentUpdates(snapshot: true) { updateType incidentId } }");
  ASSERT_EQ(snapshots.opened.size(), 1u);
  Parts(reader);
  v1::Incident incident;
  incident.set_id(testing::kIncidentId);
  const SnapshotForm& form = *snapshots.opened[0]->form;
  SnapshotMessage message{.place = {kEpoch, 0}, .first = true, .last = true};
  form.Begin(message.text, message.place);
  ASSERT_TRUE(form.Add(message.text, incident.SerializeAsString(), true).ok());
  form.End(message.text, message.place, true, true);
  snapshots.opened[0]->deliver(message);
  Settle();
  EXPECT_THAT(
      Parts(reader),
      ElementsAre(absl::StrCat(R"({"payload":{"data":{"incidentUpdates":{"updateType":"SNAPSHOT",)",
                               R"("incidentId":")", testing::kIncidentId,
                               R"("}},"extensions":{"snapshot":{"first":true}}}})"),
                  absl::StrCat(R"({"payload":{"data":{"incidentUpdates":{"updateType":)",
                               R"("SNAPSHOT_END","incidentId":null}},"extensions":{"cursor":")",
                               Place(0), "\"}}}")));
  EXPECT_FALSE(snapshots.opened[0]->form->Add(message.text, "\xff", false).ok());
  PublishChange(1, v1::SEVERITY_P2, v1::SEVERITY_P0);
  Settle();
  EXPECT_THAT(Cursors(Parts(reader)), ElementsAre(Place(1))) << "the changes follow";
}

TEST_F(PartsTest, WhatLeavesASnapshotIsTold) {
  Reader& reader =
      Open("subscription { incidentUpdates(severities: [P2], snapshot: true) { updateType } }");
  snapshots.Give(0, "", true, true);
  Settle();
  reader.out.bytes.clear();
  PublishChange(1, v1::SEVERITY_P2, v1::SEVERITY_P0);
  Settle();
  const std::vector<std::string> parts = Parts(reader);
  ASSERT_EQ(parts.size(), 1u);
  EXPECT_EQ(json::parse(parts[0]).at_pointer("/payload/data/incidentUpdates/updateType"), "LEFT");
  EXPECT_THAT(Cursors(parts), ElementsAre(Place(1)));
}

TEST_F(PartsTest, DrainIsATransportErrorThatSaysWhenToComeBack) {
  Reader& reader = Open(kNew);
  Parts(reader);
  reader.stream->Drain(absl::Milliseconds(1'230));
  const std::vector<std::string> parts = Parts(reader);
  ASSERT_EQ(parts.size(), 2u);
  const json::value last = json::parse(parts[0]);
  EXPECT_TRUE(last.at("payload").is_null());
  EXPECT_EQ(last.at_pointer("/errors/0/message"),
            "the server is going down; resume from the last cursor");
  EXPECT_EQ(last.at_pointer("/errors/0/extensions/code"), "SERVICE_UNAVAILABLE");
  EXPECT_EQ(last.at_pointer("/errors/0/extensions/retryAfterMs"), 1'230);
  EXPECT_EQ(parts[1], "--");
  EXPECT_TRUE(reader.out.ended);
}

TEST_F(PartsTest, OneRenderingServesAllWhoSelectTheSame) {
  for (int i = 0; i < 20; ++i) Open(kNew);
  for (int i = 0; i < 20; ++i) Open(kUpdates);
  PublishUpTo(50);
  Settle();
  EXPECT_EQ(messages.made(), 50u) << "each event is parsed once";
  const std::string all = readers.front()->out.bytes;
  EXPECT_EQ(Parts(*readers.front()).size(), 50u);
  for (size_t i = 1; i < 20; ++i) EXPECT_EQ(readers[i]->out.bytes, all);
  EXPECT_TRUE(absl::StrContains(readers[30]->out.bytes, "updateType"));
}

TEST_F(PartsTest, ADamagedEventIsAGap) {
  Reader& reader = Open(kNew);
  Parts(reader);
  v1::Event event = bridge::testing::SampleEvent(1, v1::SEVERITY_P1, "xyzzy");
  event.mutable_incident()->set_id(testing::kIncidentId);
  std::string bytes = EncodeEventField(event);
  bytes[bytes.find("xyzzy")] = '\xff';
  log.Append(MakeStoredRecord(bytes).value());
  Publish(2);
  Settle();
  const std::vector<std::string> parts = Parts(reader);
  ASSERT_EQ(parts.size(), 2u);
  EXPECT_EQ(json::parse(parts[0]).at_pointer("/payload/extensions/gap/reason"), "damaged");
  EXPECT_THAT(Cursors(parts), ElementsAre(Place(1), Place(2)));
}

TEST_F(PartsTest, ExplainNamesTheTransport) {
  Open(kNew);
  const LiveSession* const session = shard.sessions().Find("s");
  ASSERT_NE(session, nullptr);
  EXPECT_EQ(session->Explain().transport(), "graphql-multipart");
}

}  // namespace
}  // namespace tocsin::bridge::graphql
