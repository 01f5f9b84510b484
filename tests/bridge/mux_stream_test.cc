// MuxStream over a loopback connection, with a raw client.
#include "bridge/ws/mux_stream.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <functional>
#include <memory>

#include "bridge/ws/frames.h"
#include "tests/bridge/session_fixture.h"

namespace tocsin::bridge::ws {
namespace {

namespace asio = boost::asio;
using Error = boost::system::error_code;
using testing::Frame;

std::string TextFrame(std::string_view text) {
  std::string frame;
  AppendTextFrame(frame, text);
  return frame;
}

std::string PongFrame(std::string_view payload) {
  std::string frame;
  AppendControlFrame(frame, Opcode::kPong, payload);
  return frame;
}

struct Owner : MuxOwner {
  void OnBatchSent() override {
    ++batches_sent;
    if (on_batch_sent) on_batch_sent();
  }
  void OnSendFailed() override { ++failures; }

  int batches_sent = 0;
  int failures = 0;
  std::function<void()> on_batch_sent;
};

class MuxStreamTest : public ::testing::Test {
 protected:
  MuxStreamTest() : client(io.get_executor()), owner(std::make_shared<Owner>()) {
    asio::ip::tcp::acceptor acceptor(io, {asio::ip::make_address("127.0.0.1"), 0});
    client.connect(acceptor.local_endpoint());
    auto accepted = acceptor.accept();
    Socket socket(io.get_executor());
    socket.assign(asio::ip::tcp::v4(), accepted.release());
    stream.emplace(std::move(socket));
    mux().SetOwner(owner);
  }

  MuxStream& mux() { return *stream; }

  void Until(const std::function<bool()>& condition) {
    for (int turn = 0; turn < 100'000 && !condition(); ++turn) {
      io.restart();
      io.run_one_for(std::chrono::milliseconds(20));
    }
    ASSERT_TRUE(condition());
  }
  // Reads as a slow or fast client, letting the server run between.
  void Receive(const std::function<bool()>& condition) {
    Until([&] {
      char buffer[65536];
      const ssize_t n = ::recv(client.native_handle(), buffer, sizeof buffer, MSG_DONTWAIT);
      if (n > 0) received.append(buffer, static_cast<size_t>(n));
      at_end |= n == 0;
      return condition();
    });
  }
  std::vector<Frame> Frames() { return testing::TakeFrames(received); }
  void ClientSends(std::string_view bytes) {
    asio::write(client, asio::buffer(bytes.data(), bytes.size()));
  }
  // Fills the kernel's buffers until a batch has to wait.
  size_t FillUp() {
    size_t batches = 1;
    while (mux().SendBatch(TextFrame(std::string(60'000, 'x')))) ++batches;
    return batches;
  }

  asio::io_context io;
  asio::ip::tcp::socket client;
  std::shared_ptr<Owner> owner;
  std::optional<MuxStream> stream;
  std::string received;
  bool at_end = false;
};

TEST_F(MuxStreamTest, ASmallBatchLeavesAtOnce) {
  EXPECT_TRUE(mux().SendBatch(TextFrame("one") + TextFrame("two")));
  EXPECT_TRUE(mux().SendBatch(TextFrame("three")));
  Receive([&] { return received.size() >= 5u + 5u + 7u; });
  const auto frames = Frames();
  ASSERT_EQ(frames.size(), 3u);
  EXPECT_EQ(frames[2].payload, "three");
  EXPECT_EQ(owner->batches_sent, 0) << "told by the answer, not by the call";
}

TEST_F(MuxStreamTest, WhatTheKernelDoesNotTakeFollowsWhenThereIsRoom) {
  const size_t batches = FillUp();
  EXPECT_EQ(owner->batches_sent, 0);
  mux().Send(TextFrame("beside"));
  EXPECT_EQ(mux().ReplyBytesQueued(), TextFrame("beside").size());
  Receive([&] { return owner->batches_sent == 1 && mux().ReplyBytesQueued() == 0; });
  std::vector<Frame> frames;
  Receive([&] {
    for (Frame& frame : Frames()) frames.push_back(std::move(frame));
    return frames.size() == batches + 1;
  });
  EXPECT_EQ(frames.back().payload, "beside");
  EXPECT_EQ(frames[batches - 1].payload.size(), 60'000u);
}

TEST_F(MuxStreamTest, BytesTakenGrowsOnlyWhileThePeerReads) {
  FillUp();
  const uint64_t before = mux().BytesTaken();
  EXPECT_EQ(mux().BytesTaken(), before);
  Receive([&] { return mux().BytesTaken() > before; });
}

TEST_F(MuxStreamTest, ControlFramesFallBetweenDataFramesAndNeverInside) {
  size_t pongs_sent = 0;
  size_t sent = 0;
  bool free = true;
  owner->on_batch_sent = [&] { free = true; };
  for (int round = 0; round < 300; ++round) {
    if (round % 3 == 0) {
      mux().Send(PongFrame(std::to_string(pongs_sent++)));
    }
    if (free) {
      std::string batch;
      for (int i = 0; i < 16; ++i) batch += TextFrame(std::string(700, static_cast<char>('a' + i)));
      sent += 16;
      free = mux().SendBatch(batch);
    }
    io.restart();
    io.poll();
    // A slow reader: now and then a little.
    char buffer[9'973];
    const ssize_t n = ::recv(client.native_handle(), buffer, sizeof buffer, MSG_DONTWAIT);
    if (n > 0) received.append(buffer, static_cast<size_t>(n));
  }
  size_t pongs = 0;
  size_t data = 0;
  Receive([&] {
    for (const Frame& frame : Frames()) {
      if (frame.opcode == 10) {
        EXPECT_EQ(frame.payload, std::to_string(pongs++));
      } else {
        EXPECT_EQ(frame.opcode, 1);
        EXPECT_EQ(frame.payload, std::string(700, static_cast<char>('a' + data % 16)));
        ++data;
      }
    }
    return data == sent && pongs == pongs_sent;
  });
}

TEST_F(MuxStreamTest, GatheredRepliesLeaveTogetherAndBeforeABatch) {
  mux().Gather();
  mux().Send(TextFrame("one"));
  mux().Send(TextFrame("two"));
  EXPECT_EQ(mux().ReplyBytesQueued(), 10u);
  char byte;
  EXPECT_EQ(::recv(client.native_handle(), &byte, 1, MSG_DONTWAIT), -1);
  EXPECT_TRUE(mux().SendBatch(TextFrame("batch")));
  mux().Send(TextFrame("three"));
  mux().Flush();
  EXPECT_EQ(mux().ReplyBytesQueued(), 0u);
  Receive([&] { return received.size() >= 5u + 5u + 7u + 7u; });
  std::vector<std::string> payloads;
  for (const Frame& frame : Frames()) payloads.push_back(frame.payload);
  EXPECT_EQ(payloads, (std::vector<std::string>{"one", "two", "batch", "three"}));
}

TEST_F(MuxStreamTest, GatheredRepliesWaitBehindWhatTheKernelDidNotTake) {
  const size_t batches = FillUp();
  mux().Gather();
  mux().Send(TextFrame("beside"));
  mux().Flush();
  std::vector<Frame> frames;
  Receive([&] {
    for (Frame& frame : Frames()) frames.push_back(std::move(frame));
    return frames.size() == batches + 1;
  });
  EXPECT_EQ(frames.back().payload, "beside");
}

TEST_F(MuxStreamTest, NothingFollowsTheCloseFrameAndTheShutdownWaitsForTheBytes) {
  FillUp();
  mux().SendClose(CloseFrame(1012, "SERVICE_UNAVAILABLE: bye"));
  const size_t waiting = mux().ReplyBytesQueued();
  mux().Send(TextFrame("late"));
  mux().SendClose(CloseFrame(1000, ""));
  EXPECT_EQ(mux().ReplyBytesQueued(), waiting);
  mux().ShutdownWhenSent();
  std::vector<Frame> frames;
  Receive([&] {
    for (Frame& frame : Frames()) frames.push_back(std::move(frame));
    return at_end;
  });
  ASSERT_GT(frames.size(), 1u);
  EXPECT_EQ(frames.back().opcode, 8);
  EXPECT_EQ(frames.back().payload.substr(2), "SERVICE_UNAVAILABLE: bye");
  EXPECT_EQ(received, "") << "nothing after the close frame";
  EXPECT_FALSE(mux().SendBatch(TextFrame("later"))) << "nor a batch";
}

TEST_F(MuxStreamTest, ReadsWhatHasComeAndSaysWhenThereIsNoMore) {
  char room[8];
  Error error;
  EXPECT_EQ(mux().Read(room, error), 0u);
  EXPECT_EQ(error, asio::error::would_block);
  bool readable = false;
  mux().WaitReadable([&](Error) { readable = true; });
  ClientSends("0123456789");
  Until([&] { return readable; });
  EXPECT_EQ(mux().Read(room, error), 8u);
  EXPECT_FALSE(error);
  EXPECT_EQ(mux().Read(room, error), 2u);
  EXPECT_EQ(std::string_view(room, 2), "89");
  client.shutdown(asio::ip::tcp::socket::shutdown_send);
  readable = false;
  mux().WaitReadable([&](Error) { readable = true; });
  Until([&] { return readable; });
  EXPECT_EQ(mux().Read(room, error), 0u);
  EXPECT_EQ(error, asio::error::eof);
}

TEST_F(MuxStreamTest, AResetDropsWhatWaitsAndIsTold) {
  FillUp();
  client.set_option(asio::socket_base::linger(true, 0));
  client.close();
  Until([&] { return owner->failures == 1; });
  mux().Send(TextFrame("into the void"));
  EXPECT_EQ(mux().ReplyBytesQueued(), 0u);
  EXPECT_EQ(owner->batches_sent, 0);
  EXPECT_EQ(owner->failures, 1) << "once";
}

}  // namespace
}  // namespace tocsin::bridge::ws
