// MuxStream over a loopback connection, with Beast on top and a raw client below.
#include "bridge/ws/mux_stream.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <functional>
#include <memory>

#include "bridge/ws/frames.h"
#include "tests/bridge/session_fixture.h"

namespace tocsin::bridge::ws {
namespace {

namespace asio = boost::asio;
namespace websocket = boost::beast::websocket;
using Error = boost::system::error_code;
using testing::Frame;

std::string TextFrame(std::string_view text) {
  std::string frame;
  AppendTextFrame(frame, text);
  return frame;
}

// A client's frame, masked with zeros.
std::string ClientFrame(int opcode, std::string_view payload) {
  std::string frame;
  frame += static_cast<char>(0x80 | opcode);
  frame += static_cast<char>(0x80 | payload.size());
  frame.append(4, '\0');
  frame += payload;
  return frame;
}

struct Owner : MuxOwner {
  void OnBatchSent() override {
    ++batches_sent;
    if (on_batch_sent) on_batch_sent();
  }
  std::string BeforeClose(uint16_t code, std::string& reason) override {
    close_code = code;
    reason = replace_reason;
    return before_close;
  }
  void OnSendFailed() override { ++failures; }

  int batches_sent = 0;
  int failures = 0;
  uint16_t close_code = 0;
  std::string before_close;
  std::string replace_reason;
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
    ws = std::make_unique<websocket::stream<MuxStream, false>>(std::move(socket));
    mux().SetOwner(owner);
    Handshake();
  }

  MuxStream& mux() { return ws->next_layer(); }

  void Handshake() {
    boost::beast::http::request<boost::beast::http::empty_body> request;
    request.method(boost::beast::http::verb::get);
    request.target("/ws");
    request.version(11);
    request.set("Host", "test");
    request.set("Upgrade", "websocket");
    request.set("Connection", "Upgrade");
    request.set("Sec-WebSocket-Version", "13");
    request.set("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==");
    bool done = false;
    EXPECT_FALSE(mux().SendBatch(TextFrame("too early")))
        << "nothing goes out before the handshake";
    ws->async_accept(request, [&](Error error) {
      EXPECT_FALSE(error) << error.message();
      done = true;
    });
    Until([&] { return done; });
    Receive([&] { return received.find("\r\n\r\n") != std::string::npos; });
    EXPECT_EQ(received.find("HTTP/1.1 101"), 0u);
    received.erase(0, received.find("\r\n\r\n") + 4);
    mux().Open();
  }

  // Beast's read, which answers pings and closes.
  void ReadOn() {
    ws->async_read_some(asio::buffer(inbox), [this](Error error, size_t) {
      read_error = error;
      if (!error) ReadOn();
    });
  }

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
  std::unique_ptr<websocket::stream<MuxStream, false>> ws;
  std::array<char, 256> inbox;
  Error read_error;
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
  ReadOn();
  int pings = 0;
  size_t sent = 0;
  std::vector<Frame> frames;
  bool free = true;
  owner->on_batch_sent = [&] { free = true; };
  for (int round = 0; round < 300; ++round) {
    if (round % 3 == 0) {
      ClientSends(ClientFrame(9, std::to_string(pings++)));
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
    return data == sent && pongs == static_cast<size_t>(pings);
  });
}

TEST_F(MuxStreamTest, NothingFollowsTheCloseFrameAndItsHandlerWaitsForTheBytes) {
  ReadOn();
  FillUp();
  bool closed = false;
  ws->async_close({websocket::close_code::service_restart, "SERVICE_UNAVAILABLE: bye"},
                  [&](Error) { closed = true; });
  Until([&] { return mux().closing(); });
  mux().Send(TextFrame("late"));
  const size_t waiting = mux().ReplyBytesQueued();
  io.restart();
  io.poll();
  EXPECT_FALSE(closed) << "the close frame is still behind the data";
  EXPECT_EQ(mux().ReplyBytesQueued(), waiting);
  std::vector<Frame> frames;
  Receive([&] {
    for (Frame& frame : Frames()) frames.push_back(std::move(frame));
    return !frames.empty() && frames.back().opcode == 8;
  });
  EXPECT_EQ(frames.back().payload.substr(2), "SERVICE_UNAVAILABLE: bye");
  ClientSends(ClientFrame(8, std::string("\x03\xe8", 2)));
  client.shutdown(asio::ip::tcp::socket::shutdown_send);
  Receive([&] { return closed && at_end; });
  EXPECT_EQ(received, "") << "nothing after the close frame";
}

TEST_F(MuxStreamTest, APeersCloseIsAnsweredAndLetsNothingIn) {
  ReadOn();
  ClientSends(ClientFrame(8, std::string("\x03\xe8", 2)));
  client.shutdown(asio::ip::tcp::socket::shutdown_send);
  Receive([&] { return read_error == websocket::error::closed && received.size() >= 4; });
  EXPECT_FALSE(mux().SendBatch(TextFrame("late")));
  const auto frames = Frames();
  ASSERT_EQ(frames.size(), 1u);
  EXPECT_EQ(frames[0].opcode, 8);
  EXPECT_EQ(owner->close_code, 1000);
}

TEST_F(MuxStreamTest, TheOwnersLastWordsComeBeforeBeastsOwnClose) {
  owner->before_close = TextFrame("error first");
  owner->replace_reason = "INVALID_MESSAGE: not UTF-8";
  ReadOn();
  ClientSends(ClientFrame(1, "\xff\xfe"));
  client.shutdown(asio::ip::tcp::socket::shutdown_send);
  Receive([&] { return !!read_error; });
  Receive([&] { return at_end || received.size() > 20; });
  const auto frames = Frames();
  ASSERT_EQ(frames.size(), 2u);
  EXPECT_EQ(frames[0].payload, "error first");
  EXPECT_EQ(frames[1].opcode, 8);
  EXPECT_EQ(frames[1].payload, std::string("\x03\xef", 2) + "INVALID_MESSAGE: not UTF-8");
  EXPECT_EQ(owner->close_code, 1007);
}

TEST_F(MuxStreamTest, AResetEndsTheReadAndDropsWhatWaits) {
  ReadOn();
  FillUp();
  client.set_option(asio::socket_base::linger(true, 0));
  client.close();
  Until([&] { return !!read_error; });
  Until([&] {
    mux().Send(TextFrame("into the void"));
    return mux().ReplyBytesQueued() == 0;
  });
  EXPECT_EQ(owner->batches_sent, 0);
}

}  // namespace
}  // namespace tocsin::bridge::ws
