// OutStream over two ends in memory, over a loopback connection, and encrypted over either: the
// same tests for all.
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
#include <boost/asio/ip/tcp.hpp>
#include <functional>
#include <memory>
#include <optional>

#include "core/http/memory_stream.h"
#include "core/http/out_stream.h"
#include "core/http/socket_stream.h"
#include "tests/core/tls_pair.h"

namespace tocsin::http {
namespace {

namespace asio = boost::asio;

struct Owner : OutOwner {
  void OnBatchSent() override {
    ++batches_sent;
    if (on_batch_sent) on_batch_sent();
  }
  void OnSendFailed() override { ++failures; }

  int batches_sent = 0;
  int failures = 0;
  std::function<void()> on_batch_sent;
};

enum class Carrier { kMemory, kSocket, kTlsOverMemory, kTlsOverSocket };

testing::StreamPair Connect(asio::io_context& io, Carrier carrier) {
  if (carrier == Carrier::kTlsOverMemory || carrier == Carrier::kTlsOverSocket) {
    return testing::Encrypt(
        io, Connect(io, carrier == Carrier::kTlsOverMemory ? Carrier::kMemory : Carrier::kSocket));
  }
  if (carrier == Carrier::kMemory) {
    return MemoryStream::MakePair(io);
  }
  asio::ip::tcp::acceptor acceptor(io, {asio::ip::make_address("127.0.0.1"), 0});
  Socket client(io.get_executor());
  client.connect(acceptor.local_endpoint());
  auto accepted = acceptor.accept();
  Socket server(io.get_executor());
  server.assign(asio::ip::tcp::v4(), accepted.release());
  return {std::make_unique<SocketStream>(std::move(server)),
          std::make_unique<SocketStream>(std::move(client))};
}

class OutStreamTest : public ::testing::TestWithParam<Carrier> {
 protected:
  OutStreamTest() : owner(std::make_shared<Owner>()) {
    auto [server, other] = Connect(io, GetParam());
    client = std::move(other);
    out.emplace(std::move(server));
    out->SetOwner(owner);
  }

  void Until(const std::function<bool()>& condition) {
    for (int turn = 0; turn < 100'000 && !condition(); ++turn) {
      io.restart();
      io.run_one_for(std::chrono::milliseconds(20));
    }
    ASSERT_TRUE(condition());
  }
  void ReadSome(size_t most = 65536) {
    std::vector<char> room(most);
    const IoResult result = client->TryRead(room);
    received.append(room.data(), result.bytes);
    at_end |= result.state == IoResult::State::kEnd;
  }
  // Reads as a client that lets the server run between.
  void Receive(const std::function<bool()>& condition) {
    Until([&] {
      ReadSome();
      return condition();
    });
  }
  void ClientSends(std::string_view bytes) {
    ASSERT_EQ(client->TrySend({&bytes, 1}).state, IoResult::State::kDone);
  }
  // Fills what is between the ends until a batch has to wait; answers the bytes given.
  size_t FillUp() {
    size_t batches = 1;
    while (out->SendBatch(std::string(60'000, 'x'))) ++batches;
    return batches * 60'000;
  }

  asio::io_context io;
  std::unique_ptr<ByteStream> client;
  std::shared_ptr<Owner> owner;
  std::optional<OutStream> out;
  std::string received;
  bool at_end = false;
};

std::string NameOf(const ::testing::TestParamInfo<Carrier>& carrier) {
  constexpr const char* kNames[] = {"Memory", "Socket", "TlsOverMemory", "TlsOverSocket"};
  return kNames[static_cast<size_t>(carrier.param)];
}

INSTANTIATE_TEST_SUITE_P(Carriers, OutStreamTest,
                         ::testing::Values(Carrier::kMemory, Carrier::kSocket,
                                           Carrier::kTlsOverMemory, Carrier::kTlsOverSocket),
                         NameOf);

TEST_P(OutStreamTest, ASmallBatchLeavesAtOnceInOrderOfItsParts) {
  EXPECT_TRUE(out->SendBatch("one,"));
  const std::array<std::string_view, 4> parts = {"two,", "", "three,", "four"};
  EXPECT_TRUE(out->SendBatch(parts));
  Receive([&] { return received == "one,two,three,four"; });
  EXPECT_EQ(owner->batches_sent, 0) << "told by the answer, not by the call";
}

TEST_P(OutStreamTest, ManyPartsLeaveInOrder) {
  std::vector<std::string> texts;
  std::string all;
  for (int i = 0; i < 100; ++i) all += texts.emplace_back(std::to_string(i) + ",");
  const std::vector<std::string_view> parts(texts.begin(), texts.end());
  EXPECT_TRUE(out->SendBatch(parts));
  Receive([&] { return received == all; });
}

TEST_P(OutStreamTest, WhatIsNotTakenFollowsWhenThereIsRoom) {
  const size_t filled = FillUp();
  EXPECT_EQ(owner->batches_sent, 0);
  out->Send("beside");
  EXPECT_EQ(out->ReplyBytesQueued(), 6u);
  Receive([&] { return received.size() == filled + 6; });
  EXPECT_EQ(owner->batches_sent, 1);
  EXPECT_EQ(out->ReplyBytesQueued(), 0u);
  EXPECT_EQ(received, std::string(filled, 'x') + "beside");
  EXPECT_TRUE(out->empty());
}

TEST_P(OutStreamTest, APartThatIsCutInTheMiddleGoesOnWhereItWasCut) {
  const size_t filled = FillUp();
  Receive([&] { return owner->batches_sent == 1; });
  std::string all = std::string(filled, 'x');
  bool sent = true;
  while (sent) {
    const std::string a(30'001, 'a'), b(30'002, 'b'), c(7, 'c');
    const std::array<std::string_view, 3> parts = {a, b, c};
    sent = out->SendBatch(parts);
    all += a + b + c;
  }
  Receive([&] { return received.size() == all.size(); });
  EXPECT_EQ(received, all);
}

TEST_P(OutStreamTest, BytesTakenGrowsOnlyWhileThePeerReads) {
  FillUp();
  const uint64_t before = out->BytesTaken();
  EXPECT_EQ(out->BytesTaken(), before);
  Receive([&] { return out->BytesTaken() > before; });
}

TEST_P(OutStreamTest, RepliesFallBetweenBatchesAndNeverInside) {
  std::string expected;
  bool free = true;
  owner->on_batch_sent = [&] { free = true; };
  for (int round = 0; round < 300; ++round) {
    if (round % 3 == 0) {
      const std::string reply = "<" + std::to_string(round) + ">";
      out->Send(reply);
      expected += reply;
    }
    if (free) {
      const std::string batch =
          "[" + std::string(11'200, static_cast<char>('a' + round % 26)) + "]";
      expected += batch;
      free = out->SendBatch(batch);
    }
    io.restart();
    io.poll();
    ReadSome(9'973);  // a slow reader
  }
  Receive([&] { return received.size() == expected.size(); });
  EXPECT_EQ(received, expected);
}

TEST_P(OutStreamTest, GatheredRepliesLeaveTogetherAndBeforeABatch) {
  out->Gather();
  out->Send("one");
  out->Send("two");
  EXPECT_EQ(out->ReplyBytesQueued(), 6u);
  ReadSome();
  EXPECT_EQ(received, "");
  EXPECT_TRUE(out->SendBatch("batch"));
  out->Send("three");
  out->Flush();
  EXPECT_EQ(out->ReplyBytesQueued(), 0u);
  Receive([&] { return received == "onetwobatchthree"; });
}

TEST_P(OutStreamTest, GatheredRepliesWaitBehindWhatWasNotTaken) {
  const size_t filled = FillUp();
  out->Gather();
  out->Send("beside");
  out->Flush();
  Receive([&] { return received.size() == filled + 6; });
  EXPECT_TRUE(received.ends_with("xbeside"));
}

TEST_P(OutStreamTest, NothingFollowsTheLastAndTheShutdownWaitsForTheBytes) {
  FillUp();
  out->SendLast("bye");
  const size_t waiting = out->ReplyBytesQueued();
  out->Send("late");
  out->SendLast("later");
  EXPECT_EQ(out->ReplyBytesQueued(), waiting);
  out->ShutdownWhenSent();
  Receive([&] { return at_end; });
  EXPECT_TRUE(received.ends_with("xbye"));
  EXPECT_FALSE(out->SendBatch("later")) << "nor a batch";
}

TEST_P(OutStreamTest, ReadsWhatHasComeAndSaysWhenThereIsNoMore) {
  std::array<char, 8> room;
  IoResult result = out->Read(room);
  EXPECT_EQ(result.state, IoResult::State::kBlocked);
  bool readable = false;
  out->Wait(result.wait_for, [&](bool ok) { readable = ok; });
  ClientSends("0123456789");
  Until([&] { return readable; });
  result = out->Read(room);
  EXPECT_EQ(result.state, IoResult::State::kDone);
  EXPECT_EQ(result.bytes, 8u);
  EXPECT_EQ(out->Read(room).bytes, 2u);
  EXPECT_EQ(std::string_view(room.data(), 2), "89");
  client->ShutdownSend();
  readable = false;
  out->Wait(Readiness::kReadable, [&](bool ok) { readable = ok; });
  Until([&] { return readable; });
  EXPECT_EQ(out->Read(room).state, IoResult::State::kEnd);
}

TEST_P(OutStreamTest, AbortWakesThoseThatWait) {
  std::optional<bool> woken;
  out->Wait(Readiness::kReadable, [&](bool ok) { woken = ok; });
  out->Abort();
  EXPECT_FALSE(woken.has_value()) << "never from inside";
  Until([&] { return woken.has_value(); });
  EXPECT_FALSE(*woken);
  EXPECT_FALSE(out->is_open());
}

TEST_P(OutStreamTest, APeerThatGoesDropsWhatWaitsAndIsTold) {
  FillUp();
  client->Close();  // with bytes unread: a reset
  Until([&] { return owner->failures == 1; });
  out->Send("into the void");
  EXPECT_EQ(out->ReplyBytesQueued(), 0u);
  EXPECT_EQ(owner->batches_sent, 0);
  EXPECT_EQ(owner->failures, 1) << "once";
}

TEST_P(OutStreamTest, AReleasedStreamGoesOnElsewhere) {
  EXPECT_TRUE(out->SendBatch("first,"));
  OutStream next(out->Release());
  next.SetOwner(owner);
  EXPECT_FALSE(out->is_open());
  EXPECT_TRUE(next.SendBatch("second"));
  Receive([&] { return received == "first,second"; });
}

// An encrypted stream may have to read before it can send on.
TEST(OutStreamWantsTest, ASendThatWantsToReadWaitsForThat) {
  asio::io_context io;
  auto [server, client] = MemoryStream::MakePair(io);
  server->WantOpposite(0, 1);
  OutStream out(std::move(server));
  const auto owner = std::make_shared<Owner>();
  out.SetOwner(owner);
  EXPECT_FALSE(out.SendBatch("hello"));
  io.poll();
  EXPECT_EQ(owner->batches_sent, 0) << "writable is not what it waits for";
  const std::string_view byte = "x";
  client->TrySend({&byte, 1});
  io.restart();
  io.poll();
  EXPECT_EQ(owner->batches_sent, 1);
  std::array<char, 8> room;
  EXPECT_EQ(client->TryRead(room).bytes, 5u);
}

}  // namespace
}  // namespace tocsin::http
