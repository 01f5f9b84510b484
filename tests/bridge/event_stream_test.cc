#include "bridge/events/event_stream.h"

#include <gmock/gmock.h>

#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "bridge/events/event_form.h"
#include "bridge/events/start_checks.h"
#include "core/event/error.h"
#include "core/event/stored_record.h"
#include "tests/bridge/fake_stream.h"
#include "tests/bridge/session_fixture.h"

namespace tocsin::bridge {
namespace {

using ::testing::ElementsAre;
using testing::FakeStream;
using testing::kEpoch;
using testing::SessionTest;
namespace json = boost::json;

std::string Place(Sequence sequence) { return FormatCursor({kEpoch, sequence}); }

// A block of server-sent events as a client reads it.
struct Block {
  std::string event;
  std::string id;
  std::string data;
  std::string retry;
  bool comment = false;
};

class EventStreamTest : public SessionTest {
 protected:
  struct Reader {
    FakeStream out;
    std::unique_ptr<EventStream> stream;
  };

  EventStreamTest()
      : streams{.shard = shard,
                .clock = clock,
                .metrics = metrics,
                .snapshots = snapshots,
                .server_sent = Form(EventFormat::kServerSent),
                .json_lines = Form(EventFormat::kJsonLines)} {}
  ~EventStreamTest() override { readers.clear(); }

  Reader& Open(std::string_view query = "", EventFormat format = EventFormat::kServerSent) {
    http::HttpRequest request;
    request.target = absl::StrCat("/v1/events?", std::string(query));
    readers.push_back(std::make_unique<Reader>());
    readers.back()->stream = std::make_unique<EventStream>(
        streams, readers.back()->out,
        format == EventFormat::kServerSent ? streams.server_sent : streams.json_lines,
        ReadEventQuery(request).value(), caller, absl::StrCat("s", readers.size()));
    Settle();
    return *readers.back();
  }

  std::shared_ptr<StreamForm> Form(EventFormat format) {
    return std::make_shared<EventForm>(format, context.json, context.left_json,
                                       context.hub_connected);
  }

  // Time in which the stream is looked at as often as a server does.
  void Wait(absl::Duration time) {
    for (const absl::Duration end = clock.Monotonic() + time; clock.Monotonic() < end;) {
      clock.Advance(absl::Milliseconds(500));
      for (const auto& reader : readers) {
        reader->stream->Tick();
      }
      Settle();
    }
  }

  static std::vector<Block> Blocks(Reader& reader) {
    std::vector<Block> blocks;
    const std::string bytes = std::exchange(reader.out.bytes, {});
    EXPECT_FALSE(absl::StrContains(bytes, "\r"));
    if (bytes.empty()) return blocks;
    EXPECT_TRUE(absl::EndsWith(bytes, "\n\n")) << "half a block";
    for (absl::string_view text : absl::StrSplit(bytes, "\n\n", absl::SkipEmpty())) {
      Block block;
      for (absl::string_view line : absl::StrSplit(text, '\n')) {
        const std::pair<std::string, std::string> field =
            absl::StrSplit(line, absl::MaxSplits(": ", 1));
        if (line == ":")
          block.comment = true;
        else if (field.first == "event")
          block.event = field.second;
        else if (field.first == "id")
          block.id = field.second;
        else if (field.first == "data")
          block.data = field.second;
        else if (field.first == "retry")
          block.retry = field.second;
        else
          ADD_FAILURE() << line;
      }
      blocks.push_back(block);
    }
    return blocks;
  }
  static std::vector<json::object> Lines(Reader& reader) {
    std::vector<json::object> lines;
    const std::string bytes = std::exchange(reader.out.bytes, {});
    for (absl::string_view line : absl::StrSplit(bytes, '\n', absl::SkipEmpty())) {
      lines.push_back(json::parse(std::string(line)).as_object());
    }
    return lines;
  }
  static std::vector<std::string> Ids(const std::vector<Block>& blocks) {
    std::vector<std::string> ids;
    for (const Block& block : blocks) ids.push_back(block.event + " " + block.id);
    return ids;
  }

  EventCaller caller{.subject = Subject::Anyone(), .ends = absl::InfiniteFuture()};
  EventStreams streams;
  std::vector<std::unique_ptr<Reader>> readers;
};

TEST_F(EventStreamTest, BeginsWithARetryAndAPlace) {
  PublishUpTo(5);
  Reader& reader = Open();
  const std::vector<Block> blocks = Blocks(reader);
  ASSERT_EQ(blocks.size(), 2u);
  EXPECT_GE(std::stoi(blocks[0].retry), 1'000);
  EXPECT_LE(std::stoi(blocks[0].retry), 3'000);
  EXPECT_EQ(blocks[1].id, Place(5));
  EXPECT_EQ(blocks[1].data, "") << "an id alone is no event to a browser";
}

// ---- the caller's token ----

TEST_F(EventStreamTest, APermissionStopsWhatTheFilterLetsThrough) {
  const json::value claim = json::parse(R"({"subscribe":{"severities":["P0"]}})");
  caller.subject = std::make_shared<const Subject>(
      Subject{.permission = Permission::Parse(claim, "tocsin").value()});
  Publish(1, v1::SEVERITY_P1);
  Publish(2, v1::SEVERITY_P0);
  Reader& all = Open("resume_from=earliest");
  Reader& both = Open("severities=P0,P1&resume_from=earliest");
  Reader& none = Open("severities=P1&resume_from=earliest");
  Publish(3, v1::SEVERITY_P1);
  Publish(4, v1::SEVERITY_P0);
  Settle();
  const auto events = [](const std::vector<Block>& blocks) {
    std::vector<std::string> ids;
    for (const Block& block : blocks) {
      if (block.event == "event") ids.push_back(block.id);
    }
    return ids;
  };
  EXPECT_THAT(events(Blocks(all)), ElementsAre(Place(2), Place(4)));
  EXPECT_THAT(events(Blocks(both)), ElementsAre(Place(2), Place(4)));
  EXPECT_THAT(events(Blocks(none)), ElementsAre());
}

TEST_F(EventStreamTest, GivesBackWhatItTookOfItsSubject) {
  SubjectLimits limits(clock, {.connections = 1, .replays = 1, .snapshots = 1});
  const auto ann = std::make_shared<const Subject>(
      Subject{.name = "ann", .issuer = "", .token_id = "", .permission = Permission::Everything()});
  caller.subject = ann;
  const auto has_room = [&](Held held) { return limits.Check(*ann, held).ok(); };
  *caller.share = limits.Open(*ann, {Held::kConnection, Held::kReplay}).value();
  PublishUpTo(5);
  Reader& replay = Open("resume_from=earliest");
  EXPECT_TRUE(has_room(Held::kReplay)) << "it has caught up";
  EXPECT_FALSE(has_room(Held::kConnection));
  replay.stream->Drain(absl::Seconds(1));
  EXPECT_TRUE(has_room(Held::kConnection));
  *caller.share = limits.Open(*ann, {Held::kConnection, Held::kSnapshot}).value();
  Reader& snapshot = Open("snapshot=true");
  EXPECT_FALSE(has_room(Held::kSnapshot));
  snapshots.Give(5, "", true, true);
  Settle();
  EXPECT_TRUE(has_room(Held::kSnapshot)) << "it is whole";
  EXPECT_FALSE(has_room(Held::kConnection));
  snapshot.stream->Drain(absl::Seconds(1));
  EXPECT_TRUE(has_room(Held::kConnection));
}

TEST_F(EventStreamTest, EndsWithItsToken) {
  caller.ends = clock.Now() + absl::Seconds(10);
  Reader& reader = Open();
  Reader& lines = Open("", EventFormat::kJsonLines);
  Wait(absl::Seconds(9));
  EXPECT_FALSE(reader.out.ended);
  Blocks(reader);
  Lines(lines);
  Wait(absl::Seconds(1));
  EXPECT_TRUE(reader.out.ended);
  EXPECT_TRUE(lines.out.ended);
  Publish(1, v1::SEVERITY_P0);
  Wait(absl::Seconds(1));
  const std::vector<Block> blocks = Blocks(reader);
  ASSERT_EQ(blocks.size(), 1u) << "nothing comes after the end";
  EXPECT_EQ(blocks[0].event, "problem");
  EXPECT_EQ(blocks[0].id, "") << "the client's last place is what it was";
  EXPECT_EQ(Text(json::parse(blocks[0].data).as_object(), "code"), "UNAUTHORIZED");
  EXPECT_EQ(Text(Lines(lines).at(0), "code"), "UNAUTHORIZED");
}

TEST_F(EventStreamTest, ABatchOnItsWayIsLetOutBeforeTheTokensEndIsTold) {
  caller.ends = clock.Now() + absl::Seconds(10);
  Reader& takes = Open();
  Reader& stuck = Open();
  for (Reader* each : {&takes, &stuck}) {
    each->out.sends_at_once = false;
    Blocks(*each);
  }
  Publish(1, v1::SEVERITY_P0);
  Settle();
  Wait(absl::Seconds(12));
  EXPECT_FALSE(takes.out.ended);
  takes.out.in_flight = false;
  takes.stream->OnBatchSent();
  Wait(absl::Seconds(1));
  EXPECT_TRUE(takes.out.ended);
  EXPECT_THAT(Ids(Blocks(takes)), ElementsAre("event " + Place(1), "problem "));
  EXPECT_FALSE(stuck.out.aborted);
  Wait(absl::Seconds(1.5));
  EXPECT_TRUE(stuck.out.aborted) << "at the latest 5 s after the token's end";
}

TEST_F(EventStreamTest, AnEventIsTheMessageOfWs) {
  Reader& reader = Open();
  Blocks(reader);
  Client& client = Connect();
  Send(client, testing::Subscribe("a"));
  Got(client);
  Publish(1, v1::SEVERITY_P1, "line one\nline two\r\u2028");
  Settle();
  const std::vector<Block> blocks = Blocks(reader);
  ASSERT_EQ(blocks.size(), 1u);
  EXPECT_EQ(blocks[0].event, "event");
  EXPECT_EQ(blocks[0].id, Place(1));
  json::object message = One(client);
  message.erase("subscription_ids");
  EXPECT_TRUE(json::parse(blocks[0].data) == json::value(message)) << blocks[0].data;
}

TEST_F(EventStreamTest, WhatLeavesIsTheMessageOfWsWithAnIdOfItsOwn) {
  Reader& reader = Open("severities=P2&leaves=true");
  Reader& lines = Open("severities=P2&leaves=true", EventFormat::kJsonLines);
  Reader& others = Open("severities=P2");
  Client& client = Connect();
  Send(client, testing::Subscribe("a", R"("filters":{"severities":["P2"]},"leaves":true)"));
  Got(client);
  for (Reader* each : {&reader, &lines, &others}) each->out.bytes.clear();
  PublishChange(1, v1::SEVERITY_P2, v1::SEVERITY_P0);
  Settle();
  const std::vector<Block> blocks = Blocks(reader);
  ASSERT_EQ(Ids(blocks), std::vector<std::string>{"left " + Place(1)});
  json::object message = One(client);
  message.erase("subscription_ids");
  EXPECT_TRUE(json::parse(blocks[0].data) == json::value(message)) << blocks[0].data;
  EXPECT_TRUE(json::value(Lines(lines).at(0)) == json::value(message));
  EXPECT_EQ(others.out.bytes, "");
}

TEST_F(EventStreamTest, LinesOfJsonAreTheSameMessages) {
  Reader& reader = Open("", EventFormat::kJsonLines);
  PublishUpTo(2);
  Settle();
  const std::vector<json::object> lines = Lines(reader);
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_EQ(json::serialize(lines[0]),
            absl::StrCat(R"({"type":"bookmark","cursor":")", Place(0), "\"}"));
  EXPECT_EQ(Text(lines[1], "type"), "event");
  EXPECT_EQ(Text(lines[1], "message_id"), Place(1));
  EXPECT_EQ(Text(lines[2], "message_id"), Place(2));
}

TEST_F(EventStreamTest, ResumesAfterItsCursorThroughItsFilter) {
  Publish(1, v1::SEVERITY_P0);
  Publish(2, v1::SEVERITY_P0);
  Publish(3, v1::SEVERITY_P3);
  Publish(4, v1::SEVERITY_P0);
  Reader& reader = Open(absl::StrCat("severities=P0&resume_from=", Place(1)));
  EXPECT_THAT(Ids(Blocks(reader)),
              ElementsAre(" ", " " + Place(1), "event " + Place(2), "event " + Place(4)));
}

TEST_F(EventStreamTest, WithPriorityEachIdIsThePlaceToResumeFrom) {
  for (Sequence sequence = 1; sequence <= 4; ++sequence) {
    v1::Event event = testing::SampleEvent(sequence);
    event.set_priority(sequence % 2 == 0 ? v1::PRIORITY_CRITICAL : v1::PRIORITY_LOW);
    log.Append(MakeWireRecord(event));
  }
  const auto both = [](Sequence ordinary, Sequence urgent) {
    return FormatPlace(tocsin::Place({kEpoch, ordinary}, {kEpoch, urgent}));
  };
  Reader& reader = Open(absl::StrCat("priority=true&resume_from=", Place(0)));
  const std::vector<Block> blocks = Blocks(reader);
  EXPECT_THAT(Ids(blocks),
              ElementsAre(" ", " " + Place(0), "event " + both(0, 2), "event " + both(0, 4),
                          "event " + both(1, 4), "event " + both(3, 4), " " + Place(4)));
  for (const Block& block : blocks) {
    if (block.event == "event") {
      EXPECT_EQ(Text(json::parse(block.data).as_object(), "message_id"), block.id);
    }
  }
  Reader& lines =
      Open(absl::StrCat("priority=true&resume_from=", both(1, 2)), EventFormat::kJsonLines);
  std::vector<std::string> ids;
  for (const json::object& line : Lines(lines)) {
    ids.push_back(Text(line, Text(line, "type") == "event" ? "message_id" : "cursor"));
  }
  EXPECT_THAT(ids, ElementsAre(both(1, 2), both(1, 4), both(3, 4), Place(4)));
}

TEST_F(EventStreamTest, ASnapshotComesFirstAndOnlyItsLastMessageHasAnId) {
  PublishUpTo(3);
  Reader& reader = Open("snapshot=true");
  EXPECT_THAT(Ids(Blocks(reader)), ElementsAre(" ")) << "its retry alone";
  snapshots.Give(2, "1", /*first=*/true, /*last=*/false);
  Settle();
  std::vector<Block> blocks = Blocks(reader);
  EXPECT_THAT(Ids(blocks), ElementsAre("snapshot "));
  EXPECT_EQ(blocks[0].data, absl::StrCat(R"({"type":"snapshot","cursor":")", Place(2),
                                         R"(","incidents":[1],"first":true,"last":false})"));
  snapshots.Give(2, "2", /*first=*/false, /*last=*/true);
  Settle();
  EXPECT_THAT(Ids(Blocks(reader)), ElementsAre("snapshot " + Place(2), "event " + Place(3)));
  EXPECT_FALSE(snapshots.opened[0]->alive);
}

TEST_F(EventStreamTest, ASnapshotsMessageIsAskedForWhenTheOneBeforeHasLeft) {
  Reader& reader = Open("snapshot=true", EventFormat::kJsonLines);
  reader.out.sends_at_once = false;
  snapshots.Give(0, "1", true, false);
  EXPECT_EQ(snapshots.opened[0]->wanted, 0);
  reader.out.in_flight = false;
  reader.stream->OnBatchSent();
  EXPECT_EQ(snapshots.opened[0]->wanted, 1);
  EXPECT_EQ(Text(Lines(reader).at(0), "type"), "snapshot");
}

TEST_F(EventStreamTest, ASnapshotThatIsNotTakenIsCutOffAndOneThatFailsIsAProblem) {
  Reader& stuck = Open("snapshot=true");
  stuck.out.sends_at_once = false;
  snapshots.Give(0, "1", true, false);
  Wait(limits::kStuckAfter + absl::Seconds(1));
  EXPECT_TRUE(stuck.out.aborted);
  Reader& failed = Open("snapshot=true");
  Blocks(failed);
  snapshots.Fail(MakeError(ErrorCode::kSlowConsumer, "took too long"));
  EXPECT_THAT(Ids(Blocks(failed)), ElementsAre("problem "));
  EXPECT_TRUE(failed.out.ended);
}

TEST_F(EventStreamTest, WhoComesBackByItsLastIdHasHadItsSnapshot) {
  PublishUpTo(3);
  http::HttpRequest request;
  request.target = "/v1/events?snapshot=true";
  request.fields.push_back({"Last-Event-ID", Place(2)});
  const EventQuery query = ReadEventQuery(request).value();
  EXPECT_FALSE(query.snapshot);
  EXPECT_TRUE(query.start.has_value());
}

TEST_F(EventStreamTest, ADrainEndsASnapshotToo) {
  Reader& reader = Open("snapshot=true");
  Blocks(reader);
  reader.stream->Drain(absl::Seconds(1));
  EXPECT_FALSE(snapshots.opened[0]->alive);
  EXPECT_TRUE(reader.out.ended);
}

TEST_F(EventStreamTest, ABookmarkComesEveryFifteenSecondsAndNothingElseMeanwhile) {
  Reader& reader = Open("severities=P0");
  Blocks(reader);
  PublishUpTo(3);
  for (int round = 0; round < 4; ++round) {
    Wait(absl::Seconds(15));
    const std::vector<Block> blocks = Blocks(reader);
    ASSERT_GE(blocks.size(), 1u) << "a proxy would have cut this stream";
    EXPECT_EQ(blocks.back().id, Place(3));
    EXPECT_EQ(blocks.back().data, "");
    EXPECT_LE(blocks.size(), 2u);
  }
}

TEST_F(EventStreamTest, AGapIsToldInItsPlaceAndTheStreamGoesOn) {
  PublishUpTo(1'500);  // more than the window holds
  log.Expire(1'490);
  Reader& reader = Open(absl::StrCat("resume_from=", Place(1)));
  const std::vector<Block> blocks = Blocks(reader);
  ASSERT_EQ(blocks.size(), 12u);
  EXPECT_EQ(blocks[1].event, "gap") << "a place before it would let a client pass the gap unseen";
  const auto gap = json::parse(blocks[1].data).as_object();
  EXPECT_EQ(Text(gap, "reason"), "expired");
  EXPECT_EQ(Text(gap, "from"), Place(1));
  EXPECT_EQ(Text(gap, "to"), Place(1'490));
  EXPECT_EQ(blocks[1].id, Place(1'490));
  EXPECT_EQ(Text(gap, "subscription_id"), "(absent)");
  EXPECT_EQ(blocks[2].id, Place(1'491));
  EXPECT_EQ(blocks.back().id, Place(1'500));
}

TEST_F(EventStreamTest, ARefusalEndsTheStreamWithAProblem) {
  PublishUpTo(2);
  Reader& reader = Open(absl::StrCat("resume_from=", Place(9)));
  Wait(absl::Seconds(30));
  const std::vector<Block> blocks = Blocks(reader);
  ASSERT_FALSE(blocks.empty());
  EXPECT_EQ(blocks.back().event, "problem") << "`error` is an EventSource's own";
  EXPECT_EQ(Text(json::parse(blocks.back().data).as_object(), "code"), "CURSOR_EXPIRED");
  EXPECT_TRUE(reader.out.ended);
}

TEST_F(EventStreamTest, DrainSaysWhenToComeBackAndEnds) {
  Reader& one = Open();
  Reader& other = Open("", EventFormat::kJsonLines);
  Blocks(one);
  Lines(other);
  one.stream->Drain(absl::Milliseconds(1'230));
  other.stream->Drain(absl::Milliseconds(1'240));
  const std::vector<Block> blocks = Blocks(one);
  ASSERT_EQ(blocks.size(), 2u);
  EXPECT_EQ(blocks[0].retry, "1230");
  EXPECT_EQ(blocks[1].event, "closing");
  EXPECT_EQ(Text(json::parse(blocks[1].data).as_object(), "message"), "the server is going down");
  EXPECT_EQ(Text(Lines(other).at(0), "reconnect_after_ms"), "1240");
  EXPECT_TRUE(one.out.ended);
  EXPECT_TRUE(other.out.ended);
  PublishUpTo(3);
  Wait(absl::Seconds(60));
  EXPECT_EQ(one.out.bytes, "");
}

TEST_F(EventStreamTest, AKickSaysWhyAndWhenToComeBackAndTheStreamHasLeft) {
  Reader& reader = Open();
  Reader& lines = Open("", EventFormat::kJsonLines);
  Blocks(reader);
  Lines(lines);
  LiveSession* const session = shard.sessions().Find("s1");
  ASSERT_NE(session, nullptr);
  session->Kick(absl::Milliseconds(7'000), "closed by an operator: \"moving\" house");
  EXPECT_EQ(shard.sessions().Find("s1"), nullptr);
  const std::vector<Block> blocks = Blocks(reader);
  ASSERT_EQ(blocks.size(), 2u);
  EXPECT_EQ(blocks[0].retry, "7000");
  EXPECT_EQ(blocks[1].event, "closing");
  const json::object closing = json::parse(blocks[1].data).as_object();
  EXPECT_EQ(Text(closing, "reason"), "SERVICE_UNAVAILABLE");
  EXPECT_EQ(Text(closing, "message"), "closed by an operator: \"moving\" house");
  EXPECT_TRUE(reader.out.ended);
  EXPECT_FALSE(lines.out.ended);
  shard.sessions().Find("s2")->Kick(absl::Milliseconds(1), "closed by an operator");
  EXPECT_EQ(Text(Lines(lines).at(0), "message"), "closed by an operator");
}

TEST_F(EventStreamTest, WhatIsRenderedForOneServesAll) {
  for (int i = 0; i < 50; ++i) Open();
  for (int i = 0; i < 50; ++i) Open("", EventFormat::kJsonLines);
  PublishUpTo(100);
  Settle();
  EXPECT_EQ(context.json.made(), 100u);
  const std::string all = readers.front()->out.bytes;
  EXPECT_EQ(Blocks(*readers.front()).size(), 102u);
  for (int i = 1; i < 50; ++i) {
    EXPECT_EQ(readers[static_cast<size_t>(i)]->out.bytes.substr(all.find("event:")),
              all.substr(all.find("event:")));
  }
}

TEST_F(EventStreamTest, AnEventThatNobodyWantsIsNotRendered) {
  Open("severities=P0");
  PublishUpTo(50);
  Settle();
  EXPECT_EQ(context.json.made(), 0u);
}

TEST_F(EventStreamTest, ASlowClientFallsBehindAndLosesNothing) {
  Reader& reader = Open();
  reader.out.sends_at_once = false;
  const auto sequences = [&] {
    std::vector<Sequence> found;
    for (const Block& block : Blocks(reader)) {
      if (block.event == "event") {
        found.push_back(json::parse(block.data).at("sequence").to_number<Sequence>());
      }
    }
    return found;
  };
  PublishUpTo(5'000);
  Settle();
  EXPECT_LE(shard.SumMemory().pending_bytes, limits::kPendingBytes + limits::kMiB);
  std::vector<Sequence> got = sequences();
  while (reader.out.in_flight) {
    reader.out.in_flight = false;
    reader.stream->OnBatchSent();
    Settle();
    const std::vector<Sequence> more = sequences();
    got.insert(got.end(), more.begin(), more.end());
  }
  EXPECT_EQ(got, tocsin::testing::Range(1, 5'000));
}

TEST_F(EventStreamTest, AClientThatTakesNothingIsCutOff) {
  Reader& stuck = Open();
  Reader& slow = Open();
  stuck.out.sends_at_once = slow.out.sends_at_once = false;
  PublishUpTo(10);
  for (int second = 0; second < 30; ++second) {
    ++slow.out.taken;
    Wait(absl::Seconds(1));
  }
  EXPECT_TRUE(stuck.out.aborted);
  EXPECT_FALSE(slow.out.aborted);
  EXPECT_EQ(shard.stats().subscribers.load(), 2u);
  readers.clear();
  EXPECT_EQ(shard.stats().subscribers.load(), 0u);
}

TEST_F(EventStreamTest, ADamagedEventIsAGap) {
  Reader& reader = Open();
  Blocks(reader);
  v1::Event event = testing::SampleEvent(1, v1::SEVERITY_P1, "xyzzy");
  event.mutable_incident()->set_id("0190a000-0000-7000-8000-000000000002");
  std::string bytes = EncodeEventField(event);
  bytes[bytes.find("xyzzy")] = '\xff';
  log.Append(MakeStoredRecord(bytes).value());
  Publish(2);
  Settle();
  EXPECT_THAT(Ids(Blocks(reader)), ElementsAre("gap " + Place(1), "event " + Place(2)));
}

// ---- a start that must be given whole ----

class StartChecksTest : public EventStreamTest {
 protected:
  static EventQuery Query(Sequence after) {
    return {.filter = Filter::MatchAll(), .start = Cursor{kEpoch, after}, .notify_on_gap = false};
  }
  void RunPosted() {
    Settle();
    for (auto& task : std::exchange(posted, {})) task();
  }
  bool Begin(Sequence after) {
    return checks.Begin(Query(after), [this](const absl::Status& status) {
      answers.push_back(status.ok() ? "OK" : std::string(RowOf(ErrorCodeOf(status)).name));
    });
  }

  std::vector<absl::AnyInvocable<void()>> posted;
  StartChecks checks{
      shard, clock, [this](absl::AnyInvocable<void()> task) { posted.push_back(std::move(task)); }};
  std::vector<std::string> answers;
};

TEST_F(StartChecksTest, SayWhetherAStartCanBeGivenWholeAndLeaveNothingBehind) {
  PublishUpTo(1'500);  // more than the window holds
  log.Expire(400);
  for (const Sequence after : {1, 450, 1'500}) {
    EXPECT_TRUE(Begin(after));
    RunPosted();
  }
  EXPECT_THAT(answers, ElementsAre("CURSOR_EXPIRED", "OK", "OK"));
  EXPECT_EQ(shard.stats().subscribers.load(), 0u);
}

// Their connections have answered by then.
TEST_F(StartChecksTest, ThoseWithoutAnAnswerAreBoundedAndGivenUp) {
  for (size_t i = 0; i < StartChecks::kMaxChecks; ++i) {
    ASSERT_TRUE(Begin(1));
  }
  EXPECT_FALSE(Begin(1));
  clock.Advance(limits::kHandlerTimeout);
  EXPECT_TRUE(Begin(0));
  RunPosted();
  EXPECT_THAT(answers, ElementsAre("OK")) << "none of those that were given up";
  EXPECT_EQ(shard.stats().subscribers.load(), 0u);
}

TEST_F(EventStreamTest, IsExplainedByTheIdThatItsClientWasTold) {
  PublishUpTo(3);
  Open("severities=P0", EventFormat::kJsonLines);
  const LiveSession* session = shard.sessions().Find("s1");
  ASSERT_NE(session, nullptr);
  clock.Advance(absl::Seconds(5));
  const v1::SessionExplanation explained = session->Explain();
  EXPECT_EQ(explained.session_id(), "s1");
  EXPECT_EQ(explained.transport(), "ndjson");
  EXPECT_LE(explained.since().seconds(), absl::ToUnixSeconds(clock.Now()) - 5);
  ASSERT_EQ(explained.subscriptions_size(), 1);
  EXPECT_EQ(explained.subscriptions(0).filter().severities(0), v1::SEVERITY_P0);
  EXPECT_TRUE(explained.subscriptions(0).live());
  EXPECT_EQ(explained.subscriptions(0).cursor(), Place(3));
  readers.clear();
  EXPECT_EQ(shard.sessions().Find("s1"), nullptr);
}

}  // namespace
}  // namespace tocsin::bridge
