#include "bridge/ws/frames.h"

#include <gtest/gtest.h>

#include "bridge/ws/close_code.h"
#include "bridge/ws/handshake.h"
#include "tests/bridge/session_fixture.h"

namespace tocsin::bridge::ws {
namespace {

TEST(FramesTest, LengthsAreWrittenInTheShortestForm) {
  for (const auto& [length, header] :
       {std::pair{size_t{0}, size_t{2}}, {125, 2}, {126, 4}, {65535, 4}, {65536, 10}}) {
    std::string frame;
    AppendTextFrame(frame, std::string(length, 'x'));
    EXPECT_EQ(frame.size(), header + length);
    const auto frames = testing::TakeFrames(frame);
    ASSERT_EQ(frames.size(), 1u) << length;
    EXPECT_EQ(frames[0].opcode, 1);
    EXPECT_EQ(frames[0].payload, std::string(length, 'x'));
  }
}

TEST(FramesTest, TwoPartsMakeOneFrame) {
  std::string frame;
  AppendTextFrame(frame, "{\"a\":", "1}");
  EXPECT_EQ(testing::TakeFrames(frame).at(0).payload, "{\"a\":1}");
}

TEST(FramesTest, ACloseFrameHasItsCodeAndAReasonThatFits) {
  std::string frame = CloseFrame(1013, "SLOW_CONSUMER: why");
  const auto frames = testing::TakeFrames(frame);
  EXPECT_EQ(frames.at(0).opcode, 8);
  EXPECT_EQ(frames.at(0).payload, "\x03\xf5SLOW_CONSUMER: why");
  // 61 two-byte characters and one byte more than fits.
  std::string reason;
  for (int i = 0; i < 62; ++i) reason += "é";
  std::string cut = CloseFrame(1000, reason);
  EXPECT_EQ(testing::TakeFrames(cut).at(0).payload.size(), 2u + 122u);
}

TEST(FramesTest, ACloseWithoutACodeIsEmpty) {
  EXPECT_EQ(CloseFrame(kNoCloseCode, "never said"), std::string("\x88\x00", 2));
}

TEST(FramesTest, ControlFramesCarryTheirPayload) {
  std::string frames;
  AppendControlFrame(frames, Opcode::kPing, "");
  AppendControlFrame(frames, Opcode::kPong, std::string(125, 'x'));
  EXPECT_EQ(frames, std::string("\x89\x00\x8a\x7d", 4) + std::string(125, 'x'));
}

TEST(HandshakeTest, AnswersTheKeyOfTheRfc) {
  const std::string answer = HandshakeResponse("dGhlIHNhbXBsZSBub25jZQ==");
  EXPECT_EQ(answer,
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n");
}

}  // namespace
}  // namespace tocsin::bridge::ws
