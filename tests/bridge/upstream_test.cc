// The stream from the hub, before a hub that follows a script.
#include "bridge/upstream/upstream.h"

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>

#include "core/rpc/hub_channel.h"
#include "core/rpc/hub_thread.h"
#include "tests/bridge/scripted_hub.h"

namespace tocsin::bridge {
namespace {

using testing::At;
using testing::Bookmark;
using ::testing::ElementsAre;
using testing::Expired;
using testing::kGone;
using testing::Response;
using testing::ScriptedHub;
using testing::Until;
using tocsin::testing::Range;

class UpstreamTest : public ::testing::Test {
 protected:
  UpstreamTest() : window({1000, 1 << 30}) {}
  ~UpstreamTest() override { thread->Stop(); }  // it uses the rest

  void Start() {
    thread = std::make_unique<rpc::HubThread>(rpc::MakeHubChannel(hub.address()));
    upstream = std::make_unique<Upstream>(thread->link(), window, kRecent, metrics,
                                          Upstream::Callbacks{.on_news = [this] { ++news; },
                                                              .on_state =
                                                                  [this](bool up) {
                                                                    MutexLock lock(mutex);
                                                                    states.push_back(up);
                                                                  }});
    thread->Start([this] { upstream->Start(); });
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

  static constexpr size_t kRecent = 700;

  ScriptedHub hub;
  Window window;
  Metrics metrics;
  Mutex mutex;
  std::vector<bool> states;
  std::atomic<int> news{0};
  std::unique_ptr<rpc::HubThread> thread;
  std::unique_ptr<Upstream> upstream;
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
  EXPECT_EQ(hub.requests().at(0).recent(), kRecent);
  EXPECT_EQ(hub.requests().at(0).on_gap(), v1::ON_GAP_NOTIFY);
  Until([&] { return news == 3; });
  EXPECT_EQ(metrics.events_broadcast.Value(), 3);
}

// Who came in before would take old events for new ones.
TEST_F(UpstreamTest, TheWindowOpensWhenItHoldsTheRecentEvents) {
  hub.Add([](auto& writer) {
    writer.Write(Response(41, 43));
    return kGone;
  });
  hub.Add([this](auto& writer) {
    writer.Write(Response(44, 50));
    Until([&] { return window.view().head == At(50); });
    EXPECT_FALSE(window.view().open);
    EXPECT_FALSE(upstream->connected());
    writer.Write(Bookmark(50));
    return grpc::Status::OK;
  });
  Start();
  Until([&] { return window.view().open; });
  EXPECT_EQ(hub.requests().at(1).from(), FormatCursor(At(43)));
  EXPECT_EQ(Held(), Range(41, 50));
  EXPECT_EQ(metrics.events_broadcast.Value(), 0);
  Until([&] { return States().size() == 1; });
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
  thread->Stop();
  EXPECT_FALSE(upstream->connected());
  EXPECT_FALSE(window.view().open);
}

}  // namespace
}  // namespace tocsin::bridge
