// FrameReader: RFC 6455's rules as a table, and the same outcome however the bytes are split.
#include "bridge/ws/frame_reader.h"

#include <gtest/gtest.h>

#include <random>

#include "absl/strings/str_cat.h"
#include "bridge/ws/close_code.h"
#include "core/base/strings.h"
#include "core/base/utf8.h"
#include "tests/bridge/client_frames.h"

namespace tocsin::bridge::ws {
namespace {

using testing::ClientFrame;
using Kind = Received::Kind;

constexpr size_t kLimit = 1'000;

// What a reader says, one line each: "text hello", "ping x", "close 1000 bye", "too large", "failed
// 1002". Failures of one code differ only in their words.
std::string Line(const Received& received) {
  const std::string payload(received.payload);
  switch (received.kind) {
    case Kind::kNothing:
      return "nothing";
    case Kind::kText:
      return "text " + payload;
    case Kind::kBinary:
      return "binary " + payload;
    case Kind::kPing:
      return "ping " + payload;
    case Kind::kPong:
      return "pong " + payload;
    case Kind::kClose:
      return absl::StrCat("close ", received.code, payload.empty() ? "" : " ", payload);
    case Kind::kTooLarge:
      return "too large";
    case Kind::kFailed:
      EXPECT_FALSE(received.payload.empty());
      return absl::StrCat("failed ", received.code);
  }
  return "?";
}

using Lines = std::vector<std::string>;

void Feed(FrameReader& reader, std::string bytes, Lines& lines) {
  std::span<char> rest(bytes);
  while (true) {
    const Received received = reader.Next(rest);
    if (received.kind == Kind::kNothing) {
      EXPECT_TRUE(rest.empty()) << "all is taken";
      return;
    }
    lines.push_back(Line(received));
  }
}

Lines Read(std::string_view bytes, size_t split = 0) {
  FrameReader reader(kLimit);
  Lines lines;
  Feed(reader, std::string(bytes.substr(0, split)), lines);
  Feed(reader, std::string(bytes.substr(split)), lines);
  return lines;
}

Lines ReadByteByByte(std::string_view bytes) {
  FrameReader reader(kLimit);
  Lines lines;
  for (char byte : bytes) {
    Feed(reader, std::string(1, byte), lines);
  }
  return lines;
}

std::string Bytes(std::initializer_list<int> bytes) {
  std::string text;
  for (int byte : bytes) text += static_cast<char>(byte);
  return text;
}

std::string CodeBytes(int code) { return Bytes({code >> 8, code & 0xff}); }

struct Case {
  const char* name;
  std::string bytes;
  Lines wanted;
};

std::vector<Case> Cases() {
  const std::string longest(kLimit, 'x');
  return {
      {"a text", ClientFrame(1, "hello"), {"text hello"}},
      {"an empty text", ClientFrame(1, ""), {"text "}},
      {"a binary", ClientFrame(2, Bytes({0, 255})), {"binary " + Bytes({0, 255})}},
      {"two texts", ClientFrame(1, "a") + ClientFrame(1, "b"), {"text a", "text b"}},
      {"a ping, a pong", ClientFrame(9, "x") + ClientFrame(10, ""), {"ping x", "pong "}},
      {"a ping of 125", ClientFrame(9, std::string(125, 'p')), {"ping " + std::string(125, 'p')}},
      {"length of 126", ClientFrame(1, std::string(126, 'x')), {"text " + std::string(126, 'x')}},
      {"the longest", ClientFrame(1, longest), {"text " + longest}},
      {"fragments",
       ClientFrame(1, "he", {.final = false}) + ClientFrame(0, "", {.final = false}) +
           ClientFrame(0, "llo"),
       {"text hello"}},
      {"fragments of a binary, one after the other",
       ClientFrame(2, "a", {.final = false}) + ClientFrame(0, "b") + ClientFrame(1, "c"),
       {"binary ab", "text c"}},
      {"control frames between fragments",
       ClientFrame(1, "a", {.final = false}) + ClientFrame(9, "1") +
           ClientFrame(0, "b", {.final = false}) + ClientFrame(10, "2") + ClientFrame(0, "c"),
       {"ping 1", "pong 2", "text abc"}},
      {"empty fragments", ClientFrame(1, "", {.final = false}) + ClientFrame(0, ""), {"text "}},
      {"UTF-8 across fragments",
       ClientFrame(1, "\xe2\x82", {.final = false}) + ClientFrame(0, "\xac"),
       {"text €"}},
      {"a close", ClientFrame(8, CodeBytes(1000) + "bye"), {"close 1000 bye"}},
      {"a close without a code", ClientFrame(8, ""), {"close 1005"}},
      {"a close within a message",
       ClientFrame(1, "a", {.final = false}) + ClientFrame(8, CodeBytes(3000)),
       {"close 3000"}},
      {"unmasked", ClientFrame(1, "hello", {.masked = false}), {"failed 1002"}},
      {"unmasked and empty", Bytes({0x81, 0x00}), {"failed 1002"}},
      {"an unmasked ping", ClientFrame(9, "", {.masked = false}), {"failed 1002"}},
      {"reserved bit 1", ClientFrame(1, "x", {.reserved = 4}), {"failed 1002"}},
      {"reserved bit 2", ClientFrame(1, "x", {.reserved = 2}), {"failed 1002"}},
      {"reserved bit 3", ClientFrame(1, "x", {.reserved = 1}), {"failed 1002"}},
      {"a reserved bit of a ping", ClientFrame(9, "x", {.reserved = 4}), {"failed 1002"}},
      {"nothing to continue", ClientFrame(0, "x"), {"failed 1002"}},
      {"nothing to continue any more",
       ClientFrame(1, "a", {.final = false}) + ClientFrame(0, "b") + ClientFrame(0, "c"),
       {"text ab", "failed 1002"}},
      {"a text within a text",
       ClientFrame(1, "a", {.final = false}) + ClientFrame(1, "b"),
       {"failed 1002"}},
      {"a binary within a text",
       ClientFrame(1, "a", {.final = false}) + ClientFrame(2, "b", {.final = false}),
       {"failed 1002"}},
      {"a fragmented ping", ClientFrame(9, "x", {.final = false}), {"failed 1002"}},
      {"a fragmented close", ClientFrame(8, "", {.final = false}), {"failed 1002"}},
      {"a ping of 126", ClientFrame(9, std::string(126, 'x')), {"failed 1002"}},
      {"a close of 126", ClientFrame(8, CodeBytes(1000) + std::string(124, 'x')), {"failed 1002"}},
      {"125 in two bytes",
       Bytes({0x81, 0xfe, 0, 125}) + std::string(4 + 125, 'x'),
       {"failed 1002"}},
      {"65535 in eight bytes",
       Bytes({0x81, 0xff, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 1, 2, 3, 4}),
       {"failed 1002"}},
      {"a close of one byte", ClientFrame(8, "\x03"), {"failed 1002"}},
      {"a close's reason is no UTF-8", ClientFrame(8, CodeBytes(1000) + "\xff"), {"failed 1007"}},
      {"a text is no UTF-8", ClientFrame(1, "a\xff"), {"failed 1007"}},
      {"a text ends within a character", ClientFrame(1, "a\xe2\x82"), {"failed 1007"}},
      {"fragments that are no UTF-8 together",
       ClientFrame(1, "\xe2", {.final = false}) + ClientFrame(0, "x"),
       {"failed 1007"}},
      {"one byte too long", ClientFrame(1, longest + "x"), {"too large"}},
      {"a fragment too long",
       ClientFrame(1, longest, {.final = false}) + ClientFrame(0, "", {.final = false}) +
           ClientFrame(0, "x"),
       {"too large"}},
      {"after one that is too long",
       ClientFrame(1, longest + "x", {.final = false}) + ClientFrame(9, "p") +
           ClientFrame(0, "rest") + ClientFrame(1, "another") + ClientFrame(8, CodeBytes(1001)),
       {"too large", "ping p", "close 1001"}},
      {"terabytes", Bytes({0x82, 0xff, 0, 0, 1, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6}), {"too large"}},
      {"all bits of a length but the highest",
       Bytes({0x82, 0xff, 127, 255, 255, 255, 255, 255, 255, 255, 1, 2, 3, 4, 5, 6}),
       {"too large"}},
      {"the highest bit of a length",
       Bytes({0x82, 0xff, 128, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6}),
       {"failed 1002"}},
  };
}

TEST(FrameReaderTest, FollowsRfc6455) {
  for (const Case& each : Cases()) {
    EXPECT_EQ(Read(each.bytes), each.wanted) << each.name;
  }
}

TEST(FrameReaderTest, ReservedOpcodesFail) {
  for (int opcode : {3, 4, 5, 6, 7, 11, 12, 13, 14, 15}) {
    EXPECT_EQ(Read(ClientFrame(opcode, "x")), Lines{"failed 1002"}) << opcode;
  }
}

TEST(FrameReaderTest, OnlyCodesThatMayBeSentAreTaken) {
  for (int code = 0; code < 66'000; code += code < 5'100 ? 1 : 997) {
    const bool allowed = (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
                         (code >= 3000 && code <= 4999);
    const std::string wanted = allowed ? absl::StrCat("close ", code) : "failed 1002";
    ASSERT_EQ(Read(ClientFrame(8, CodeBytes(code & 0xffff))), Lines{wanted}) << code;
  }
}

TEST(FrameReaderTest, AnySplitGivesTheSame) {
  for (const Case& each : Cases()) {
    for (size_t split = 0; split <= each.bytes.size(); ++split) {
      ASSERT_EQ(Read(each.bytes, split), each.wanted) << each.name << ", split at " << split;
    }
    EXPECT_EQ(ReadByteByByte(each.bytes), each.wanted) << each.name;
  }
}

TEST(FrameReaderTest, NothingIsReadAfterAFailure) {
  FrameReader reader(kLimit);
  Lines lines;
  Feed(reader, ClientFrame(1, "x", {.masked = false}) + ClientFrame(1, "y"), lines);
  Feed(reader, ClientFrame(9, "z"), lines);
  EXPECT_EQ(lines, Lines{"failed 1002"});
}

TEST(FrameReaderTest, AFrameThatIsWrongIsNotWaitedFor) {
  for (const std::string& bytes : {Bytes({0x81, 0x05}), Bytes({0x83, 0x80}), Bytes({0x89, 0xfe}),
                                   Bytes({0x81 | 0x40, 0x80}), Bytes({0x80, 0x81})}) {
    EXPECT_EQ(Read(bytes), Lines{"failed 1002"});
  }
  EXPECT_EQ(Read(Bytes({0x81, 0xfe, 0x03, 0xe9, 0, 0, 0, 0})), Lines{"too large"})
      << "by its header alone";
}

TEST(FrameReaderTest, KeepsOnlyWhatHasComeOfAnUnfinishedMessage) {
  FrameReader reader(1 << 20);
  Lines lines;
  const std::string frame = ClientFrame(1, std::string(1 << 20, 'x'));
  Feed(reader, frame.substr(0, 14 + 100), lines);
  EXPECT_EQ(reader.held_bytes(), 100u);
  Feed(reader, frame.substr(14 + 100), lines);
  EXPECT_EQ(lines.size(), 1u);
  Feed(reader, "", lines);
  EXPECT_EQ(reader.held_bytes(), 0u) << "nothing between messages";
  Feed(reader, ClientFrame(1, "whole"), lines);
  EXPECT_EQ(reader.held_bytes(), 0u) << "one that is whole is not copied";
}

TEST(FrameReaderTest, HoldsNothingOnceItHasFailed) {
  FrameReader reader(kLimit);
  Lines lines;
  Feed(reader, ClientFrame(1, "begun", {.final = false}) + ClientFrame(9, "ping").substr(0, 8),
       lines);
  EXPECT_GT(reader.held_bytes(), 0u);
  Feed(reader, ClientFrame(9, "ping").substr(8) + ClientFrame(0, "\xff"), lines);
  EXPECT_EQ(lines, (Lines{"ping ping", "failed 1007"}));
  EXPECT_EQ(reader.held_bytes(), 0u);
  EXPECT_EQ(reader.heap_bytes(), 0u);
}

TEST(FrameReaderTest, DiscardPassesMessagesOverAndKeepsNothing) {
  FrameReader reader(kLimit);
  Lines lines;
  Feed(reader, ClientFrame(1, "begun", {.final = false}), lines);
  reader.Discard();
  Feed(reader, ClientFrame(0, std::string(5'000, 'x'), {.final = false}) + ClientFrame(9, "p"),
       lines);
  EXPECT_EQ(reader.held_bytes(), 0u);
  Feed(reader, ClientFrame(0, "\xff") + ClientFrame(1, "more") + ClientFrame(8, ""), lines);
  EXPECT_EQ(lines, (Lines{"ping p", "close 1005"}));
}

TEST(FrameReaderTest, UnmasksAtEveryOffsetOfTheKey) {
  for (size_t size = 0; size < 40; ++size) {
    for (size_t split = 0; split <= size; ++split) {
      std::string text(size, 'a');
      for (size_t i = 0; i < size; ++i) text[i] = static_cast<char>(i * 37);
      std::string masked = text;
      std::array<uint8_t, 4> key = {0x12, 0xff, 0x00, 0x9a};
      for (size_t i = 0; i < size; ++i) masked[i] = static_cast<char>(masked[i] ^ key[i % 4]);
      Unmask(std::span(masked).first(split), key);
      Unmask(std::span(masked).subspan(split), key);
      ASSERT_EQ(masked, text) << size << " " << split;
    }
  }
}

// Random bytes, and frames with a byte changed: it never reads past its input (the sanitizers see
// to that), keeps no more than its bound, and gives the same however they are split.
TEST(FrameReaderTest, RandomBytesAreReadTheSameHoweverTheyAreSplit) {
  std::mt19937 random(7);
  for (int round = 0; round < 3'000; ++round) {
    std::string bytes;
    while (bytes.size() < 300) {
      const int opcode = "\x00\x01\x01\x02\x08\x09\x0a\x0f"[random() % 8];
      bytes += ClientFrame(opcode, std::string(random() % 140, static_cast<char>(random())),
                           {.final = random() % 3 != 0});
    }
    bytes[random() % bytes.size()] = static_cast<char>(random());
    bytes[random() % 8] = static_cast<char>(random());
    const Lines whole = Read(bytes);
    FrameReader reader(kLimit);
    Lines lines;
    for (size_t at = 0; at < bytes.size();) {
      const size_t size = std::min<size_t>(1 + random() % 40, bytes.size() - at);
      Feed(reader, bytes.substr(at, size), lines);
      ASSERT_LE(reader.held_bytes(), kLimit + 125);
      at += size;
    }
    ASSERT_EQ(lines, whole) << "round " << round;
  }
}

TEST(Utf8Test, TakesWhatRfc3629Allows) {
  for (const char* text :
       {"", "plain", "12345678", "1234567é", "é", "€", "😀", "\xed\x9f\xbf", "\xee\x80\x80",
        "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf", "\xc2\x80", "\xe0\xa0\x80", "\xef\xbf\xbf"}) {
    EXPECT_TRUE(IsUtf8(text)) << text;
  }
}

TEST(Utf8Test, RefusesOverlongFormsSurrogatesAndParts) {
  for (const char* text : {"\x80",
                           "\xbf",
                           "\xc0\xaf",
                           "\xc1\xbf",
                           "\xe0\x80\xaf",
                           "\xe0\x9f\xbf",
                           "\xf0\x80\x80\xaf",
                           "\xf0\x8f\xbf\xbf",
                           "\xed\xa0\x80",
                           "\xed\xbf\xbf",
                           "\xf4\x90\x80\x80",
                           "\xf5\x80\x80\x80",
                           "\xfe",
                           "\xff",
                           "\xc2",
                           "\xe2\x82",
                           "\xf0\x9f\x98",
                           "\xe2\x28\xa1",
                           "\xe2\x82\x28",
                           "\xc2\x41",
                           "12345678\xff",
                           "1234567\x80",
                           "12345678abc\xc3"}) {
    EXPECT_FALSE(IsUtf8(text)) << testing::Hex(text);
  }
}

// However a text is cut, it is one or none as a whole; and of one that is none every beginning that a
// text can have is taken, and no longer one.
TEST(Utf8Test, KnowsWithWhichByteATextEnds) {
  // By every code point: with which two bytes a character begins.
  std::vector<bool> begins(1 << 16);
  for (uint32_t point = 0x80; point < 0x110000; ++point) {
    if (point >= 0xd800 && point <= 0xdfff) continue;
    const std::string bytes = testing::EncodeUtf8(point);
    begins[static_cast<uint8_t>(bytes[0]) << 8 | static_cast<uint8_t>(bytes[1])] = true;
  }
  // As many bytes as a text can have there.
  const auto good_bytes = [&](std::string_view text) {
    for (size_t at = 0; at < text.size();) {
      const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[at + i]); };
      const size_t size = byte(0) < 0x80 ? 1 : byte(0) < 0xe0 ? 2 : byte(0) < 0xf0 ? 3 : 4;
      if (size > 1 && (byte(0) < 0xc2 || byte(0) > 0xf4)) return at;
      for (size_t i = 1; i < size; ++i) {
        if (at + i == text.size()) return text.size();
        if (i == 1 ? !begins[byte(0) << 8 | byte(1)] : (byte(i) & 0xc0) != 0x80) return at + i;
      }
      at += size;
    }
    return text.size();
  };
  std::mt19937 random(11);
  constexpr std::string_view kBytes =
      "\x41\x7f\x80\x8f\x90\x9f\xa0\xbf\xc1\xc2\xdf\xe0\xe1\xec\xed\xee\xef\xf0\xf1\xf3\xf4\xf5"
      "\xff";
  for (int round = 0; round < 50'000; ++round) {
    std::string text;
    for (unsigned n = random() % 12; n > 0; --n) text += kBytes[random() % kBytes.size()];
    Utf8Check check;
    size_t taken = 0;
    while (taken < text.size() && check.Take(text.substr(taken, 1))) ++taken;
    ASSERT_EQ(taken, good_bytes(text)) << testing::Hex(text);
    ASSERT_EQ(IsUtf8(text), taken == text.size() && check.whole()) << testing::Hex(text);
    const size_t cut = random() % (text.size() + 1);
    Utf8Check in_two;
    ASSERT_EQ(in_two.Take(text.substr(0, cut)) && in_two.Take(text.substr(cut)),
              taken == text.size())
        << testing::Hex(text) << " cut at " << cut;
  }
}

// Every code point, by a second way of writing it.
TEST(Utf8Test, KnowsEveryCodePoint) {
  for (uint32_t point = 0; point < 0x110000 + 100; ++point) {
    const bool valid = point < 0x110000 && (point < 0xd800 || point > 0xdfff);
    ASSERT_EQ(IsUtf8(testing::EncodeUtf8(point)), valid) << point;
  }
}

}  // namespace
}  // namespace tocsin::bridge::ws
