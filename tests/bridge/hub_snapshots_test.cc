// The bridge's snapshots, before a hub that follows a script.
#include "bridge/upstream/hub_snapshots.h"

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>

#include "core/event/error.h"
#include "core/event/limits.h"
#include "core/rpc/hub_channel.h"
#include "core/rpc/hub_thread.h"
#include "tests/bridge/scripted_hub.h"

namespace tocsin::bridge {
namespace {

using testing::At;
using ::testing::ElementsAre;
using testing::Expired;
using testing::kGone;
using testing::ScriptedHub;
using testing::Until;
namespace json = boost::json;

v1::SubscribeResponse Part(Sequence place, std::vector<std::string> titles, bool last) {
  v1::SubscribeResponse response;
  response.set_cursor(FormatCursor(At(place)));
  v1::SnapshotMark& mark = *response.mutable_snapshot();
  mark.set_kind(last ? v1::SnapshotMark::KIND_LAST : v1::SnapshotMark::KIND_PART);
  for (std::string& title : titles) mark.add_incidents()->set_title(std::move(title));
  return response;
}

class HubSnapshotsTest : public ::testing::Test {
 protected:
  struct Client {
    std::vector<SnapshotMessage> messages;
    std::unique_ptr<Snapshots::Reading> reading;
  };

  HubSnapshotsTest() {
    window.Start(At(0));
    thread.Start();
  }
  ~HubSnapshotsTest() override {
    clients.clear();
    thread.Stop();  // before the shard dies
  }

  Client& Open() {
    clients.push_back(std::make_unique<Client>());
    Client& client = *clients.back();
    client.reading = snapshots.Open(
        shard, Filter::MatchAll(), JsonSnapshots(),
        [&client](SnapshotMessage message) { client.messages.push_back(std::move(message)); });
    return client;
  }
  void Await(const std::function<bool()>& condition) {
    Until([&] {
      shard.RunOnce();
      return condition();
    });
  }
  // The next message, asked for unless it is the first.
  SnapshotMessage Next(Client& client, bool ask = true) {
    const size_t before = client.messages.size();
    if (ask) client.reading->Next();
    Await([&] { return client.messages.size() > before; });
    return client.messages.back();
  }
  static std::vector<std::string> Titles(const SnapshotMessage& message) {
    std::vector<std::string> titles;
    const json::value whole = json::parse("{" + message.text);
    EXPECT_EQ(whole.at("cursor").as_string(), FormatCursor(message.place));
    EXPECT_EQ(whole.at("first").as_bool(), message.first);
    EXPECT_EQ(whole.at("last").as_bool(), message.last);
    for (const json::value& incident : whole.at("incidents").as_array()) {
      titles.emplace_back(incident.at("title").as_string());
    }
    return titles;
  }

  ScriptedHub hub;
  Window window{{10, 1 << 30}};
  rpc::HubThread thread{rpc::MakeHubChannel(hub.address())};
  HubSnapshots snapshots{thread.link()};
  testing::VectorLog log{{10, 1 << 30}};
  Shard shard{window, log, Clock::Real(), ShardOptions()};
  std::vector<std::unique_ptr<Client>> clients;
};

TEST_F(HubSnapshotsTest, GivesTheHubsPartsAsJsonAsTheyAreAskedFor) {
  hub.Add([](auto& writer) {
    writer.Write(Part(7, {"a", "b"}, false));
    writer.Write(Part(7, {}, true));
    return grpc::Status::OK;
  });
  Client& client = Open();
  const SnapshotMessage first = Next(client, /*ask=*/false);
  EXPECT_EQ(first.place, At(7));
  EXPECT_TRUE(first.first);
  EXPECT_FALSE(first.last);
  EXPECT_THAT(Titles(first), ElementsAre("a", "b"));
  const SnapshotMessage last = Next(client);
  EXPECT_FALSE(last.first);
  EXPECT_TRUE(last.last);
  EXPECT_THAT(Titles(last), ElementsAre());
  EXPECT_TRUE(hub.requests().at(0).snapshot());
  EXPECT_EQ(hub.requests().at(0).from(), "");
}

TEST_F(HubSnapshotsTest, APartThatIsLongAsJsonIsSeveralMessages) {
  const std::string quotes(100'000, '"');  // twice as long as JSON
  hub.Add([&](auto& writer) {
    writer.Write(Part(7, {"1" + quotes, "2" + quotes, "3" + quotes}, true));
    return grpc::Status::OK;
  });
  Client& client = Open();
  std::vector<std::string> titles;
  for (bool last = false; !last;) {
    const SnapshotMessage message = Next(client, /*ask=*/!client.messages.empty());
    EXPECT_LE(message.text.size(), limits::kSnapshotPartBytes + 210'000);
    for (const std::string& title : Titles(message)) titles.push_back(title.substr(0, 1));
    last = message.last;
  }
  EXPECT_GE(client.messages.size(), 2u);
  EXPECT_THAT(titles, ElementsAre("1", "2", "3"));
}

TEST_F(HubSnapshotsTest, AStreamThatBreaksBeginsAnewAndSaysSo) {
  hub.Add([](auto& writer) {
    writer.Write(Part(7, {"a"}, false));
    return kGone;
  });
  hub.Add([](auto& writer) {
    writer.Write(Part(9, {"b"}, true));
    return grpc::Status::OK;
  });
  Client& client = Open();
  EXPECT_EQ(Next(client, /*ask=*/false).place, At(7));
  const SnapshotMessage anew = Next(client);
  EXPECT_EQ(anew.place, At(9));
  EXPECT_TRUE(anew.first);
  EXPECT_TRUE(anew.last);
  EXPECT_THAT(Titles(anew), ElementsAre("b"));
}

TEST_F(HubSnapshotsTest, WhatTheHubRefusesForGoodIsTheEnd) {
  hub.Add([](auto&) { return Expired(); });
  Client& client = Open();
  EXPECT_EQ(ErrorCodeOf(Next(client, /*ask=*/false).status), ErrorCode::kCursorExpired);
}

TEST_F(HubSnapshotsTest, DamagedPartsAreTheEnd) {
  hub.Add([](auto& writer) {
    writer.Write(testing::Bookmark(3));  // no part at all
    return grpc::Status::OK;
  });
  Client& client = Open();
  EXPECT_FALSE(Next(client, /*ask=*/false).status.ok());
}

TEST_F(HubSnapshotsTest, SoManyAreReadAtATimeAndOneThatEndsMakesRoom) {
  hub.always = [](const v1::SubscribeRequest&, ScriptedHub::Writer& writer) {
    writer.Write(Part(1, {"a"}, false));
    return grpc::Status::OK;
  };
  for (size_t i = 0; i <= HubSnapshots::kMaxRunning; ++i) Open();
  Await([&] {
    return std::all_of(clients.begin(), clients.end() - 1,
                       [](const auto& client) { return client->messages.size() == 1; });
  });
  EXPECT_EQ(snapshots.running(), HubSnapshots::kMaxRunning);
  EXPECT_EQ(snapshots.waiting(), 1u);
  EXPECT_TRUE(clients.back()->messages.empty());
  clients[3]->reading.reset();
  Await([&] { return clients.back()->messages.size() == 1; });
  EXPECT_EQ(snapshots.waiting(), 0u);
}

TEST_F(HubSnapshotsTest, OneThatHasGoneIsNotDelivered) {
  hub.Add([](auto& writer) {
    writer.Write(Part(1, {"a"}, true));
    return grpc::Status::OK;
  });
  Client& client = Open();
  client.reading.reset();
  Await([&] { return snapshots.running() == 0 && snapshots.waiting() == 0; });
  EXPECT_TRUE(client.messages.empty());
}

}  // namespace
}  // namespace tocsin::bridge
