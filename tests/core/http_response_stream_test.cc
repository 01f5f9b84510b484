// A streamed response: its framing, its batches, and how it ends.
#include <gtest/gtest.h>

#include "core/http/responder.h"
#include "tests/core/http_server_fixture.h"

namespace tocsin::http {
namespace {

struct Events {
  int sent = 0;
  int ticks = 0;
  int gone = 0;
  int destroyed = 0;
  std::optional<absl::Duration> slot;
};

class Owner : public StreamOwner {
 public:
  Owner(ResponseStream& out, Events& events) : out_(out), events_(events) { out_.Send("hello"); }
  ~Owner() override { ++events_.destroyed; }
  void OnBatchSent() override { ++events_.sent; }
  void Tick() override { ++events_.ticks; }
  void Drain(absl::Duration slot) override {
    events_.slot = slot;
    out_.Send("bye");
    out_.End();
    EXPECT_EQ(events_.destroyed, 0) << "never from inside a call";
  }
  void OnClientGone() override { ++events_.gone; }

 private:
  ResponseStream& out_;
  Events& events_;
};

class ResponseStreamTest : public testing::ServerFixture {
 protected:
  void Stream(Responder responder) override {
    HttpResponse head{.status = 200, .content_type = "text/event-stream"};
    std::move(responder).Stream(std::move(head), [&](ResponseStream& stream) {
      out = &stream;
      return std::make_unique<Owner>(stream, events);
    });
  }
  std::string Body() const {
    const size_t head = received.find("\r\n\r\n");
    return head == std::string::npos ? "" : received.substr(head + 4);
  }

  ResponseStream* out = nullptr;
  Events events;
};

TEST_F(ResponseStreamTest, IsChunkedAndBeginsInOnePieceWithItsHead) {
  auto [server, other] = MemoryStream::MakePair(io.io());
  const MemoryStream& sender = *server;
  client = std::move(other);
  ServeHttp(io, service, std::move(server), {});
  Send(Get("/stream"));
  EXPECT_EQ(sender.sends(), 1);
  EXPECT_EQ(Status(), 200);
  EXPECT_TRUE(Has("Transfer-Encoding: chunked\r\n"));
  EXPECT_TRUE(Has("Content-Type: text/event-stream\r\n"));
  EXPECT_FALSE(Has("Content-Length"));
  EXPECT_EQ(Body(), "5\r\nhello\r\n");
  const std::array<std::string_view, 2> parts = {"0123456789", "abcdef"};
  EXPECT_TRUE(out->SendBatch(parts));
  EXPECT_EQ(sender.sends(), 2) << "one gathered write";
  out->Send("");
  EXPECT_TRUE(out->SendBatch(""));
  Turn();
  EXPECT_EQ(Body(), "5\r\nhello\r\n10\r\n0123456789abcdef\r\n")
      << "no empty chunk: it would end it";
}

TEST_F(ResponseStreamTest, EndsWithTheLastChunkAndThenTheConnection) {
  Send(Get("/stream"));
  out->End();
  EXPECT_FALSE(out->SendBatch("late"));
  EXPECT_EQ(events.destroyed, 0);
  Turn();
  EXPECT_EQ(Body(), "5\r\nhello\r\n0\r\n\r\n");
  EXPECT_TRUE(at_end);
  EXPECT_EQ(events.destroyed, 1);
  EXPECT_EQ(events.gone, 0);
}

TEST_F(ResponseStreamTest, IsEndedByClosingOnHttp10) {
  Send("GET /stream HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_FALSE(Has("Transfer-Encoding"));
  EXPECT_TRUE(Has("Connection: close\r\n"));
  EXPECT_EQ(Body(), "hello");
  out->End();
  Turn();
  EXPECT_EQ(Body(), "hello");
  EXPECT_TRUE(at_end);
}

TEST_F(ResponseStreamTest, HeadIsAnsweredWithoutAStream) {
  Send("HEAD /stream HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(Status(), 200);
  EXPECT_EQ(out, nullptr);
  EXPECT_TRUE(at_end);
}

TEST_F(ResponseStreamTest, ABatchThatHasToWaitIsToldWhenItHasLeft) {
  Connect(/*capacity=*/1000);
  Send(Get("/stream"));
  Take();
  EXPECT_FALSE(out->SendBatch(std::string(5000, 'x')));
  out->Send("beside");
  EXPECT_EQ(out->BytesWaiting(), 6u + 5u);
  EXPECT_EQ(events.sent, 0);
  Turn();
  EXPECT_EQ(events.sent, 1);
  EXPECT_TRUE(out->SendBatch("more"));
  Turn();
  EXPECT_EQ(received, "1388\r\n" + std::string(5000, 'x') + "\r\n6\r\nbeside\r\n4\r\nmore\r\n");
}

TEST_F(ResponseStreamTest, WhatWaitsStillLeavesAfterTheEnd) {
  Connect(/*capacity=*/1000);
  Send(Get("/stream"));
  Take();
  EXPECT_FALSE(out->SendBatch(std::string(5000, 'x')));
  out->End();
  for (int i = 0; i < 10; ++i) Pass(absl::Milliseconds(250));
  EXPECT_TRUE(received.ends_with("x\r\n0\r\n\r\n"));
  EXPECT_TRUE(at_end);
}

TEST_F(ResponseStreamTest, TheOwnerTicksAndIsDrained) {
  Send(Get("/stream"));
  Pass(absl::Milliseconds(250));
  EXPECT_EQ(events.ticks, 1);
  io.Drain([] { return absl::Seconds(3); });
  EXPECT_EQ(events.slot, absl::Seconds(3));
  Turn();
  EXPECT_TRUE(received.ends_with("3\r\nbye\r\n0\r\n\r\n"));
  EXPECT_EQ(events.destroyed, 1);
}

TEST_F(ResponseStreamTest, TheOwnerGoesWithTheClient) {
  Send(Get("/stream"));
  Send("a client has nothing to say here");
  EXPECT_EQ(events.destroyed, 0);
  client->Close();
  Turn();
  EXPECT_EQ(events.gone, 1);
  EXPECT_EQ(events.destroyed, 1);
  io.Sweep();
  EXPECT_EQ(io.use().connections, 0u);
}

TEST_F(ResponseStreamTest, AFailedSendEndsItInATurnOfItsOwn) {
  Send(Get("/stream"));
  client->Close();
  EXPECT_FALSE(out->SendBatch("x"));
  EXPECT_EQ(events.destroyed, 0);
  Turn();
  EXPECT_EQ(events.destroyed, 1);
}

TEST_F(ResponseStreamTest, AbortCutsIt) {
  Send(Get("/stream"));
  out->Abort();
  EXPECT_EQ(events.destroyed, 0);
  Turn();
  EXPECT_EQ(events.destroyed, 1);
  EXPECT_EQ(Body(), "5\r\nhello\r\n") << "no last chunk";
}

}  // namespace
}  // namespace tocsin::http
