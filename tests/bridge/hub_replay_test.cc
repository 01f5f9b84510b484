// The catch-up streams, before a hub that follows a script.
#include "bridge/upstream/hub_replay.h"

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>

#include <algorithm>

#include "core/event/error.h"
#include "core/rpc/hub_channel.h"
#include "core/rpc/hub_thread.h"
#include "tests/bridge/scripted_hub.h"

namespace tocsin::bridge {
namespace {

using testing::At;
using testing::Bookmark;
using testing::Expired;
using testing::kEpoch;
using testing::kGone;
using testing::Response;
using testing::ScriptedHub;
using testing::Until;
using tocsin::testing::Range;

class HubReplayTest : public ::testing::Test {
 protected:
  HubReplayTest() : window({10, 1 << 30}) { window.Start(At(1000)); }
  ~HubReplayTest() override {
    if (thread != nullptr) thread->Stop();  // before the shard dies
  }

  void Make(size_t max_streams = 256) {
    thread = std::make_unique<rpc::HubThread>(rpc::MakeHubChannel(hub.address()));
    reader = std::make_unique<HubReplay>(thread->link(), window, max_streams);
    shard = std::make_unique<Shard>(window, *reader, Clock::Real(), ShardOptions());
    thread->Start();
  }
  std::unique_ptr<CatchUp> Open(const StartPoint& start) {
    return OpenWith(start, [this](LogSlice slice) { slices.push_back(std::move(slice)); });
  }
  std::unique_ptr<CatchUp> OpenWith(const StartPoint& start, LogReader::Deliver deliver) {
    v1::Filter filter;
    filter.add_sources("monitor");
    return reader->Open(*shard, start, Filter::Compile(filter).value(), std::move(deliver));
  }
  LogSlice Next(CatchUp& catch_up) {
    const size_t before = slices.size();
    catch_up.Next(100, 1 << 20);
    Until([&] {
      shard->RunOnce();
      return slices.size() > before;
    });
    return std::move(slices.back());
  }
  static std::vector<Sequence> Sequences(const LogSlice& slice) {
    std::vector<Sequence> sequences;
    for (const EventPtr& event : slice.events) sequences.push_back(event->cursor.sequence);
    return sequences;
  }

  ScriptedHub hub;
  Window window;
  std::vector<LogSlice> slices;
  std::unique_ptr<rpc::HubThread> thread;
  std::unique_ptr<HubReplay> reader;
  std::unique_ptr<Shard> shard;
};

TEST_F(HubReplayTest, GivesOneSliceForEachNextInOrder) {
  hub.Add([](auto& writer) {
    writer.Write(Bookmark(0));
    writer.Write(Response(1, 2));
    writer.Write(Response(3, 5));
    return grpc::Status::OK;
  });
  Make();
  const auto catch_up = Open(Earliest{});
  const LogSlice first = Next(*catch_up);
  EXPECT_EQ(first.from, At(0));
  EXPECT_EQ(first.to, At(0));
  EXPECT_TRUE(first.events.empty());
  const LogSlice second = Next(*catch_up);
  EXPECT_EQ(Sequences(second), Range(1, 2));
  EXPECT_EQ(second.to, At(2));
  EXPECT_EQ(Sequences(Next(*catch_up)), Range(3, 5));
  EXPECT_EQ(hub.requests().at(0).from(), "earliest");
  EXPECT_EQ(hub.requests().at(0).filter().sources(0), "monitor");
}

TEST_F(HubReplayTest, WhereLeavesAreToldTheHubGivesTheEventsAndTheRecordsHaveFacts) {
  hub.Add([](auto& writer) {
    writer.Write(Response(1, 2));
    return grpc::Status::OK;
  });
  Make();
  const auto catch_up =
      reader->Open(*shard, Earliest{}, Filter::TellingLeaves(Filter::MatchAll()),
                   [this](LogSlice slice) { slices.push_back(std::move(slice)); });
  const LogSlice slice = Next(*catch_up);
  ASSERT_EQ(Sequences(slice), Range(1, 2));
  EXPECT_NE(slice.events.front()->facts.type(), v1::EVENT_TYPE_UNSPECIFIED);
  EXPECT_TRUE(hub.requests().at(0).leaves());
  EXPECT_TRUE(hub.requests().at(0).leaving_events());
}

// A stream that ends so in the middle, and then so before it began, goes on unseen where it stood.
class HubReplayInterruptionTest
    : public HubReplayTest,
      public ::testing::WithParamInterface<std::pair<grpc::Status, grpc::Status>> {};

TEST_P(HubReplayInterruptionTest, IsNotSeen) {
  const auto [in_the_middle, at_the_start] = GetParam();
  hub.Add([&, status = in_the_middle](auto& writer) {
    writer.Write(Response(1, 2));
    return status;
  });
  hub.Add([status = at_the_start](auto&) { return status; });
  hub.Add([](auto& writer) {
    writer.Write(Response(3, 4));
    return grpc::Status::OK;
  });
  Make();
  const auto catch_up = Open(At(0));
  EXPECT_EQ(Sequences(Next(*catch_up)), Range(1, 2));
  EXPECT_EQ(Sequences(Next(*catch_up)), Range(3, 4));
  EXPECT_EQ(hub.requests().at(0).from(), FormatCursor(At(0)));
  EXPECT_EQ(hub.requests().at(2).from(), FormatCursor(At(2)));
}

INSTANTIATE_TEST_SUITE_P(ABrokenStream, HubReplayInterruptionTest,
                         ::testing::Values(std::pair(
                             kGone, grpc::Status(grpc::StatusCode::RESOURCE_EXHAUSTED, "slow"))));
// It is the bridge's token, which is renewed: no client of the bridge can mend it.
INSTANTIATE_TEST_SUITE_P(ARefusedToken, HubReplayInterruptionTest,
                         ::testing::Values(std::pair(grpc::Status(grpc::StatusCode::UNAUTHENTICATED,
                                                                  "the token has expired"),
                                                     grpc::Status(grpc::StatusCode::UNAUTHENTICATED,
                                                                  "expired"))));

TEST_F(HubReplayTest, AGapComesBeforeItsEventsWithWhatIsHeld) {
  hub.Add([](auto& writer) {
    v1::SubscribeResponse response = Response(8, 9);
    response.mutable_gap()->set_reason(v1::GAP_REASON_EPOCH);
    response.mutable_gap()->set_from("1-3");
    response.mutable_gap()->set_to(FormatCursor(At(7)));
    writer.Write(response);
    return grpc::Status::OK;
  });
  Make();
  const auto catch_up = Open(Cursor{1, 3});
  const LogSlice slice = Next(*catch_up);
  ASSERT_TRUE(slice.gap.has_value());
  EXPECT_EQ(slice.gap->reason, GapReason::kEpoch);
  EXPECT_EQ(slice.gap->from, (Cursor{1, 3}));
  EXPECT_EQ(slice.from, At(7));
  EXPECT_EQ(slice.earliest, At(7));
  EXPECT_EQ(slice.latest, At(1000));
  EXPECT_EQ(Sequences(slice), Range(8, 9));
}

TEST_F(HubReplayTest, ARefusalIsTheSlicesStatus) {
  hub.Add([](auto&) { return Expired(); });
  Make();
  const auto catch_up = Open(At(2000));
  const LogSlice slice = Next(*catch_up);
  EXPECT_EQ(ErrorCodeOf(slice.status), ErrorCode::kCursorExpired);
  EXPECT_EQ(slice.status.code(), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(ErrorDetailsOf(slice.status).earliest, FormatCursor(At(5)));
  EXPECT_EQ(slice.latest, At(9));
}

TEST_F(HubReplayTest, NothingComesAfterTheEnd) {
  hub.Add([](auto& writer) {
    writer.Write(Response(1, 2));
    writer.Write(Response(3, 4));
    return grpc::Status::OK;
  });
  Make();
  auto catch_up = Open(At(0));
  Next(*catch_up);
  const size_t before = slices.size();
  catch_up->Next(100, 1 << 20);
  catch_up.reset();
  thread->Stop();  // what was to be posted has been
  shard->RunOnce();
  EXPECT_EQ(slices.size(), before);
}

TEST_F(HubReplayTest, StreamsPastTheBoundWaitTheirTurn) {
  for (int i = 0; i < 2; ++i) {
    hub.Add([](auto& writer) {
      writer.Write(Response(1, 1));
      return grpc::Status::OK;
    });
  }
  Make(/*max_streams=*/1);
  auto first = Open(At(0));
  auto second = Open(At(0));
  auto given_up = Open(At(0));
  Next(*first);
  first->Next(100, 1 << 20);  // wanted, so it does not rest
  second->Next(100, 1 << 20);
  given_up->Next(100, 1 << 20);
  given_up.reset();
  EXPECT_EQ(hub.requests().size(), 1u);
  first.reset();
  Until([&] {
    shard->RunOnce();
    return slices.size() == 2;
  });
  EXPECT_EQ(hub.requests().size(), 2u);
}

// A slow client asks for nothing and so keeps no one waiting; when it asks again, it goes on where
// it stood, after whoever came before.
TEST_F(HubReplayTest, AStreamAtRestMakesRoomAndGoesOnWhereItStood) {
  hub.Add([](auto& writer) {
    writer.Write(Response(1, 2));
    return grpc::Status::OK;
  });
  hub.Add([](auto& writer) {
    writer.Write(Response(1, 3));
    return grpc::Status::OK;
  });
  hub.Add([](auto& writer) {
    writer.Write(Response(3, 4));
    return grpc::Status::OK;
  });
  Make(/*max_streams=*/1);
  const auto slow = Open(At(0));
  const auto other = Open(Earliest{});
  EXPECT_EQ(Sequences(Next(*slow)), Range(1, 2));
  EXPECT_EQ(Sequences(Next(*other)), Range(1, 3));
  EXPECT_EQ(Sequences(Next(*slow)), Range(3, 4));
  EXPECT_EQ(hub.requests().at(1).from(), "earliest");
  EXPECT_EQ(hub.requests().at(2).from(), FormatCursor(At(2)));
}

// Symptom: clients that came back together took the square of their number to catch up: the hub
// sent 593,134 events for 30,000 wanted. Cause: a stream gave its slot up after every response,
// also after the first one, which only says where it begins; the next turn sent that again, for
// ever. Why older tests missed it: their hub's first response had events.
TEST_F(HubReplayTest, ASlotIsGivenUpOnlyAfterProgress) {
  constexpr int kReaders = 6;
  hub.always = [](const v1::SubscribeRequest& request, auto& writer) {
    const Sequence from = ParseCursor(request.from()).value().sequence;
    writer.Write(Bookmark(from));
    if (from == 0) writer.Write(Response(1, 3));
    return grpc::Status::OK;
  };
  Make(/*max_streams=*/1);
  std::vector<std::vector<Sequence>> seen(kReaders);
  std::vector<std::unique_ptr<CatchUp>> readers;
  for (int i = 0; i < kReaders; ++i) {
    readers.push_back(OpenWith(At(0), [&seen, &readers, i](LogSlice slice) {
      for (const EventPtr& event : slice.events) seen[i].push_back(event->cursor.sequence);
      if (slice.to.sequence < 3) readers[i]->Next(100, 1 << 20);
    }));
  }
  for (const auto& each : readers) each->Next(100, 1 << 20);
  Until([&] {
    shard->RunOnce();
    return std::all_of(seen.begin(), seen.end(), [](auto& one) { return one.size() == 3; });
  });
  EXPECT_EQ(hub.requests().size(), size_t{kReaders});
}

// Everyone comes to an end with far fewer slots than readers, whoever yields to whom; none loses or
// repeats an event.
TEST_F(HubReplayTest, ReadersBeyondTheSlotsTakeTurns) {
  constexpr Sequence kLast = 30;
  constexpr int kReaders = 24;
  hub.always = [](const v1::SubscribeRequest& request, auto& writer) {
    const Sequence from = ParseCursor(request.from()).value().sequence;
    for (Sequence next = from + 1; next <= kLast; ++next) {
      writer.Write(Response(next, next));
    }
    return grpc::Status::OK;
  };
  Make(/*max_streams=*/3);
  std::vector<std::vector<Sequence>> seen(kReaders);
  std::vector<std::unique_ptr<CatchUp>> readers;
  for (int i = 0; i < kReaders; ++i) {
    readers.push_back(OpenWith(At(0), [&seen, &readers, i](LogSlice slice) {
      for (const EventPtr& event : slice.events) seen[i].push_back(event->cursor.sequence);
      if (slice.to.sequence < kLast) readers[i]->Next(100, 1 << 20);
    }));
  }
  for (const auto& each : readers) each->Next(100, 1 << 20);
  Until([&] {
    shard->RunOnce();
    return std::all_of(seen.begin(), seen.end(), [](auto& one) { return one.size() >= kLast; });
  });
  for (const auto& one : seen) EXPECT_EQ(one, Range(1, kLast));
}

// One that is destroyed while another waits for its slot gives it all the same.
TEST_F(HubReplayTest, AReaderThatEndsLeavesItsSlot) {
  hub.always = [](const v1::SubscribeRequest&, auto& writer) {
    writer.Write(Response(1, 1));
    return grpc::Status::OK;
  };
  Make(/*max_streams=*/1);
  for (int i = 0; i < 50; ++i) {
    auto first = Open(At(0));
    const auto second = Open(At(0));
    Next(*first);
    const size_t before = slices.size();
    second->Next(100, 1 << 20);
    first.reset();
    Until([&] {
      shard->RunOnce();
      return slices.size() > before;
    });
  }
}

}  // namespace
}  // namespace tocsin::bridge
