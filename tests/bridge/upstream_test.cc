// The stream from the hub and the catch-up streams, before a hub that follows a script.
#include "bridge/upstream/upstream.h"

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <deque>
#include <functional>

#include "bridge/upstream/catch_up.h"
#include "bridge/upstream/grpc_status.h"
#include "core/event/error.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "tests/bridge/session_fixture.h"
#include "tocsin/v1/hub.grpc.pb.h"

namespace tocsin::bridge {
namespace {

using ::testing::ElementsAre;
using testing::kEpoch;
using tocsin::testing::Range;

Cursor At(Sequence sequence) { return {kEpoch, sequence}; }

v1::SubscribeResponse Response(Sequence first, Sequence last) {
  v1::SubscribeResponse response;
  for (Sequence next = first; next <= last; ++next) {
    *response.add_events() = testing::SampleEvent(next);
  }
  response.set_cursor(FormatCursor(At(last)));
  return response;
}

v1::SubscribeResponse Bookmark(Sequence at) { return Response(at + 1, at); }

// A refusal as the hub makes it.
grpc::Status Expired() {
  google::rpc::ErrorInfo info;
  info.set_reason("CURSOR_EXPIRED");
  info.set_domain("tocsin");
  (*info.mutable_metadata())["earliest"] = FormatCursor(At(5));
  (*info.mutable_metadata())["latest"] = FormatCursor(At(9));
  google::rpc::Status rich;
  rich.set_code(grpc::StatusCode::OUT_OF_RANGE);
  rich.add_details()->PackFrom(info);
  return {grpc::StatusCode::OUT_OF_RANGE, "too old", rich.SerializeAsString()};
}

// Each Subscribe follows the next scene; when there are none left, it says nothing until it is
// cancelled.
class ScriptedHub : public v1::EventHub::Service {
 public:
  using Writer = grpc::ServerWriter<v1::SubscribeResponse>;
  using Scene = std::function<grpc::Status(Writer&)>;

  ScriptedHub() {
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_);
    builder.RegisterService(this);
    server_ = builder.BuildAndStart();
  }
  ~ScriptedHub() override { server_->Shutdown(std::chrono::system_clock::now()); }

  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  void Add(Scene scene) {
    MutexLock lock(mutex_);
    scenes_.push_back(std::move(scene));
  }
  std::vector<v1::SubscribeRequest> requests() {
    MutexLock lock(mutex_);
    return requests_;
  }

  // When the scenes are at an end.
  std::function<grpc::Status(const v1::SubscribeRequest&, Writer&)> always;

  grpc::Status Subscribe(grpc::ServerContext* context, const v1::SubscribeRequest* request,
                         Writer* writer) override {
    Scene scene;
    {
      MutexLock lock(mutex_);
      requests_.push_back(*request);
      if (!scenes_.empty()) {
        scene = std::move(scenes_.front());
        scenes_.pop_front();
      }
    }
    const grpc::Status status = scene    ? scene(*writer)
                                : always ? always(*request, *writer)
                                         : grpc::Status::OK;
    if (status.ok()) {
      while (!context->IsCancelled()) {
        MutexLock lock(mutex_);
        never_.WaitFor(mutex_, absl::Milliseconds(5));
      }
    }
    return status;
  }

 private:
  Mutex mutex_;
  CondVar never_;
  std::deque<Scene> scenes_ ABSL_GUARDED_BY(mutex_);
  std::vector<v1::SubscribeRequest> requests_ ABSL_GUARDED_BY(mutex_);
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

const grpc::Status kGone(grpc::StatusCode::UNAVAILABLE, "going down");

// Waits for other threads; fails when it takes unreasonably long.
void Until(const std::function<bool()>& condition) {
  Mutex mutex;
  CondVar never;
  for (int tries = 0; tries < 20'000; ++tries) {
    if (condition()) {
      return;
    }
    MutexLock lock(mutex);
    never.WaitFor(mutex, absl::Milliseconds(1));
  }
  FAIL() << "it does not come";
}

// ---- the one stream ----

class UpstreamTest : public ::testing::Test {
 protected:
  UpstreamTest() : window({1000, 1 << 30}) {}

  void Start() {
    upstream = std::make_unique<Upstream>(MakeHubChannel(hub.address()), window, metrics,
                                          Upstream::Callbacks{.on_news = [this] { ++news; },
                                                              .on_state =
                                                                  [this](bool up) {
                                                                    MutexLock lock(mutex);
                                                                    states.push_back(up);
                                                                  }});
    upstream->Start();
  }
  std::vector<bool> States() {
    MutexLock lock(mutex);
    return states;
  }
  std::vector<Sequence> Held() {
    Window::Slice slice;
    const Window::View view = window.view();
    window.Read(view.base, view.head, 1000, 1 << 30, slice);
    std::vector<Sequence> held;
    for (const EventPtr& event : slice.events) held.push_back(event->cursor.sequence);
    return held;
  }

  ScriptedHub hub;
  Window window;
  Metrics metrics;
  Mutex mutex;
  std::vector<bool> states;
  std::atomic<int> news{0};
  std::unique_ptr<Upstream> upstream;  // last: its thread uses the rest
};

TEST_F(UpstreamTest, StartsAtTheFirstCursorAndAppendsWholeBatches) {
  hub.Add([](auto& writer) {
    writer.Write(Bookmark(40));
    writer.Write(Response(41, 43));
    writer.Write(Bookmark(50));
    return grpc::Status::OK;
  });
  Start();
  Until([&] { return window.view().head == At(50); });
  EXPECT_EQ(window.view().base, At(40));
  EXPECT_EQ(Held(), Range(41, 43));
  EXPECT_EQ(hub.requests().at(0).from(), "latest");
  EXPECT_EQ(hub.requests().at(0).on_gap(), v1::ON_GAP_NOTIFY);
  Until([&] { return news == 3; });
  EXPECT_EQ(metrics.events_broadcast.Value(), 3);
}

TEST_F(UpstreamTest, ABrokenStreamIsResumedAfterWhatCameAndToldOnceEachWay) {
  hub.Add([](auto& writer) {
    writer.Write(Bookmark(0));
    writer.Write(Response(1, 3));
    return kGone;
  });
  hub.Add([](auto&) { return kGone; });
  hub.Add([](auto& writer) {
    writer.Write(Response(4, 6));
    return grpc::Status::OK;
  });
  Start();
  Until([&] { return window.view().head == At(6) && upstream->connected(); });
  EXPECT_EQ(Held(), Range(1, 6));
  EXPECT_EQ(hub.requests().at(1).from(), FormatCursor(At(3)));
  EXPECT_EQ(hub.requests().at(2).from(), FormatCursor(At(3)));
  Until([&] { return States().size() >= 3; });
  EXPECT_THAT(States(), ElementsAre(true, false, true));
}

TEST_F(UpstreamTest, AGapResetsTheWindowFromWhereItStood) {
  hub.Add([](auto& writer) {
    writer.Write(Bookmark(0));
    writer.Write(Response(1, 3));
    return kGone;
  });
  hub.Add([](auto& writer) {
    v1::SubscribeResponse response = Response(101, 102);
    response.mutable_gap()->set_reason(v1::GAP_REASON_EXPIRED);
    response.mutable_gap()->set_from(FormatCursor(At(3)));
    response.mutable_gap()->set_to(FormatCursor(At(100)));
    writer.Write(response);
    return grpc::Status::OK;
  });
  Start();
  Until([&] { return window.view().head == At(102); });
  EXPECT_EQ(window.view().resets, 1u);
  EXPECT_EQ(window.last_gap()->from, At(3));
  EXPECT_EQ(window.last_gap()->to, At(100));
  EXPECT_EQ(Held(), Range(101, 102));
}

TEST_F(UpstreamTest, AHubThatLostWhatWasSeenBeginsTheWindowAnew) {
  hub.Add([](auto& writer) {
    writer.Write(Bookmark(0));
    writer.Write(Response(1, 30));
    return kGone;
  });
  hub.Add([](auto&) { return Expired(); });
  hub.Add([](auto& writer) {
    writer.Write(Response(10, 11));
    return grpc::Status::OK;
  });
  Start();
  Until([&] { return window.view().head == At(11); });
  EXPECT_EQ(window.last_gap()->reason, GapReason::kDamaged);
  EXPECT_EQ(window.last_gap()->from, At(30));
  EXPECT_EQ(hub.requests().at(2).from(), FormatCursor(At(9)));
}

TEST_F(UpstreamTest, StopEndsAQuietStreamAtOnce) {
  Start();
  Until([&] { return hub.requests().size() == 1; });
  upstream->Stop();
  EXPECT_FALSE(upstream->connected());
  EXPECT_FALSE(window.view().open);
}

// ---- catching up ----

class CatchUpTest : public ::testing::Test {
 protected:
  CatchUpTest() : window({10, 1 << 30}) { window.Start(At(1000)); }

  void Make(size_t max_streams = 256) {
    reader = std::make_unique<HubLogReader>(MakeHubChannel(hub.address()), window, max_streams);
    shard = std::make_unique<Shard>(window, *reader, Clock::Real(), ShardOptions());
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
  std::unique_ptr<HubLogReader> reader;
  std::unique_ptr<Shard> shard;
};

TEST_F(CatchUpTest, GivesOneSliceForEachNextInOrder) {
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

TEST_F(CatchUpTest, ABrokenStreamGoesOnUnseenWhereItStood) {
  hub.Add([](auto& writer) {
    writer.Write(Response(1, 2));
    return kGone;
  });
  hub.Add([](auto&) { return grpc::Status(grpc::StatusCode::RESOURCE_EXHAUSTED, "slow"); });
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

TEST_F(CatchUpTest, AGapComesBeforeItsEventsWithWhatIsHeld) {
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

TEST_F(CatchUpTest, ARefusalIsTheSlicesStatus) {
  hub.Add([](auto&) { return Expired(); });
  Make();
  const auto catch_up = Open(At(2000));
  const LogSlice slice = Next(*catch_up);
  EXPECT_EQ(ErrorCodeOf(slice.status), ErrorCode::kCursorExpired);
  EXPECT_EQ(slice.status.code(), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(ErrorDetailsOf(slice.status).earliest, FormatCursor(At(5)));
  EXPECT_EQ(slice.latest, At(9));
}

TEST_F(CatchUpTest, NothingComesAfterTheEnd) {
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
  reader.reset();  // waits for the stream's end: what was to be posted has been
  shard->RunOnce();
  EXPECT_EQ(slices.size(), before);
}

TEST_F(CatchUpTest, StreamsPastTheBoundWaitTheirTurn) {
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
  first->Next(100, 1 << 20);  // due, so it does not rest
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
TEST_F(CatchUpTest, AStreamAtRestMakesRoomAndGoesOnWhereItStood) {
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

// Everyone comes to an end with far fewer slots than readers, whoever yields to whom; none loses or
// repeats an event.
TEST_F(CatchUpTest, ReadersBeyondTheSlotsTakeTurns) {
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

// One that is destroyed while it yields gives its slot all the same.
TEST_F(CatchUpTest, AReaderThatEndsWhileItYieldsLeavesItsSlot) {
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

TEST(GrpcStatusTest, DetailsSurviveAndAStatusWithoutThemIsUnderstood) {
  const absl::Status status = FromGrpcStatus(Expired());
  EXPECT_EQ(ErrorCodeOf(status), ErrorCode::kCursorExpired);
  EXPECT_EQ(ErrorDetailsOf(status).latest, FormatCursor(At(9)));
  EXPECT_EQ(ErrorCodeOf(FromGrpcStatus({grpc::StatusCode::UNAVAILABLE, "x"})),
            ErrorCode::kServiceUnavailable);
  EXPECT_TRUE(IsBrokenStream({grpc::StatusCode::UNAVAILABLE, ""}));
  EXPECT_TRUE(IsBrokenStream(grpc::Status::OK));
  EXPECT_FALSE(IsBrokenStream(Expired()));
}

}  // namespace
}  // namespace tocsin::bridge
