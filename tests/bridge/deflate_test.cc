// permessage-deflate: what is agreed on, what is compressed and how often, and what is refused.
#include "bridge/ws/deflate.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <random>

#include "bridge/ws/deflated_frames.h"
#include "bridge/ws/extensions.h"
#include "bridge/ws/frame_reader.h"
#include "tests/bridge/client_deflate.h"
#include "tests/bridge/client_frames.h"
#include "tests/bridge/session_fixture.h"

namespace tocsin::bridge::ws {
namespace {

using testing::ClientFrame;
using testing::Compress;
using testing::Decompress;
using Outcome = Inflater::Outcome;

std::string RandomText(size_t size, uint32_t letters) {
  std::mt19937 random(static_cast<uint32_t>(size));
  std::string text(size, '\0');
  for (char& c : text) c = static_cast<char>('!' + random() % letters);
  return text;
}

// ---- what is agreed on ----

constexpr const char* kPlain =
    "permessage-deflate; server_no_context_takeover; client_no_context_takeover";
constexpr const char* kBounded =
    "permessage-deflate; server_no_context_takeover; client_no_context_takeover; "
    "server_max_window_bits=12";

TEST(AgreeOnDeflateTest, AnswersTheFirstOfferThatCanBeMet) {
  const struct {
    const char* offers;
    const char* wanted;  // nullptr: none can
  } kCases[] = {
      {"", nullptr},
      {"permessage-deflate", kPlain},
      {"permessage-deflate; client_max_window_bits", kPlain},
      {"permessage-deflate;client_max_window_bits=8;server_no_context_takeover", kPlain},
      {"permessage-deflate; client_no_context_takeover; server_no_context_takeover", kPlain},
      {" permessage-deflate ; client_max_window_bits = 15 ", kPlain},
      {"permessage-deflate; server_max_window_bits=15", kBounded},
      {"permessage-deflate; server_max_window_bits=12", kBounded},
      {"permessage-deflate; server_max_window_bits=\"13\"", kBounded},
      {"permessage-deflate; server_max_window_bits=\"1\\3\"", kBounded},
      {"permessage-deflate; server_max_window_bits=11", nullptr},
      {"permessage-deflate; server_max_window_bits=11, permessage-deflate", kPlain},
      {"x-webkit-deflate-frame, permessage-deflate", kPlain},
      {"foo; a=b; c=\"d\", , permessage-deflate; server_max_window_bits=14", kBounded},
      {"permessage-deflate; server_max_window_bits", nullptr},
      {"permessage-deflate; server_max_window_bits=16", nullptr},
      {"permessage-deflate; server_max_window_bits=7", nullptr},
      {"permessage-deflate; server_max_window_bits=012", nullptr},
      {"permessage-deflate; server_max_window_bits=1e1", nullptr},
      {"permessage-deflate; server_max_window_bits=99999999999999999999", nullptr},
      {"permessage-deflate; client_max_window_bits=7", nullptr},
      {"permessage-deflate; client_max_window_bits=16", nullptr},
      {"permessage-deflate; client_max_window_bits; client_max_window_bits", nullptr},
      {"permessage-deflate; server_no_context_takeover=1", nullptr},
      {"permessage-deflate; server_no_context_takeover; server_no_context_takeover", nullptr},
      {"permessage-deflate; unknown", nullptr},
      {"permessage-deflate; unknown, permessage-deflate; client_max_window_bits", kPlain},
      {"permessage-bzip2", nullptr},
      {"permessage-deflate2", nullptr},
      // A break of the grammar: nothing after it counts.
      {"permessage-deflate; =8, permessage-deflate", nullptr},
      {"permessage-deflate; client_max_window_bits=, permessage-deflate", nullptr},
      {"permessage-deflate; client_max_window_bits=\"8, permessage-deflate", nullptr},
      {"permessage-deflate foo", nullptr},
      {"\x01, permessage-deflate", nullptr},
      {"permessage-deflate;", nullptr},
  };
  for (const auto& each : kCases) {
    const auto agreed = AgreeOnDeflate(each.offers);
    EXPECT_EQ(agreed.value_or("none"), each.wanted == nullptr ? "none" : each.wanted)
        << each.offers;
  }
}

// ---- out ----

TEST(DeflaterTest, EachMessageStandsAlone) {
  Deflater deflater;
  const std::string text = RandomText(3'000, 30);
  std::string first;
  std::string second;
  deflater.Append(first, text.substr(0, 100), text.substr(100));
  deflater.Append(second, text, "");
  EXPECT_EQ(Decompress(first), text);
  EXPECT_EQ(Decompress(second), text) << "by one that has not seen the first";
  EXPECT_LT(first.size(), text.size());
}

TEST(DeflaterTest, KeepsWithinItsWindowWhateverTheLength) {
  Deflater deflater;
  for (size_t size : {0, 1, 127, 4'000, 70'000, 1'000'000}) {
    for (uint32_t letters : {1, 3, 90}) {
      std::string out = "before";
      const std::string text = RandomText(size, letters);
      deflater.Append(out, text.substr(0, size / 3), text.substr(size / 3));
      EXPECT_EQ(out.substr(0, 6), "before");
      EXPECT_EQ(Decompress(out.substr(6)), text);
    }
  }
}

TEST(DeflaterTest, FindsNothingFurtherBackThanWasAgreed) {
  Deflater deflater;
  const std::string block = RandomText(5'000, 90);  // more than the window
  std::string out;
  deflater.Append(out, block, block);
  EXPECT_EQ(Decompress(out), block + block);
}

class DeflatedFramesTest : public ::testing::Test {
 protected:
  struct Rendered {
    Cursor cursor;
    std::string tail;
  };
  static Rendered Event(Sequence sequence, size_t bytes = 500) {
    return {.cursor = {7, sequence}, .tail = RandomText(bytes + sequence, 20)};
  }
  std::string Frame(std::string_view head, const Rendered& event) {
    std::string out;
    frames.Append(out, head, event.cursor, event.tail);
    return out;
  }
  static std::string Text(const std::string& frame) {
    const size_t header = frame[1] < 126 ? 2 : frame[1] == 126 ? 4 : 10;
    const bool compressed = (frame[0] & 0x40) != 0;
    return compressed ? Decompress(frame.substr(header)) : frame.substr(header);
  }
  DeflatedFrames frames;
};

TEST_F(DeflatedFramesTest, AnEventIsCompressedOnceForAllWithTheSameHead) {
  const Rendered one = Event(1);
  const Rendered two = Event(2);
  for (int session = 0; session < 1'000; ++session) {
    EXPECT_EQ(Text(Frame("head,", one)), "head," + one.tail);
    EXPECT_EQ(Text(Frame("head,", two)), "head," + two.tail);
  }
  EXPECT_EQ(frames.made(), 2u);
  EXPECT_EQ(Text(Frame("other,", one)), "other," + one.tail);
  EXPECT_EQ(frames.made(), 3u);
}

TEST_F(DeflatedFramesTest, WhatIsShortOrDoesNotShrinkGoesAsItIs) {
  const std::string short_frame = Frame("h", Event(1, kDeflateFrom - 3));
  EXPECT_EQ(short_frame[0], '\x81');
  EXPECT_EQ(frames.made(), 0u);
  Rendered noise = Event(2);
  std::mt19937 random(1);
  for (char& c : noise.tail) c = static_cast<char>(random());
  EXPECT_EQ(Frame("h", noise)[0], '\x81');
  EXPECT_EQ(Frame("h", Event(3))[0], '\xc1') << "text, final, RSV1";
}

// More than there are places: what is kept for one is not given to another.
TEST_F(DeflatedFramesTest, EveryHeadGetsItsOwn) {
  const Rendered event = Event(1);
  for (size_t head = 0; head < 5 * DeflatedFrames::kKeptFrames; ++head) {
    const std::string text = "head " + std::to_string(head);
    ASSERT_EQ(Text(Frame(text, event)), text + event.tail);
  }
}

TEST_F(DeflatedFramesTest, LargeEventsStayRightAndBounded) {
  for (Sequence sequence = 1; sequence < 60; ++sequence) {
    const Rendered event = Event(sequence, sequence % 3 == 0 ? 900'000 : 300);
    for (int head = 0; head < 5; ++head) {
      const std::string text = std::to_string(head);
      ASSERT_EQ(Text(Frame(text, event)).size(), text.size() + event.tail.size());
    }
    ASSERT_LE(frames.kept_bytes(), DeflatedFrames::kKeptBytes + 2 * limits::kMiB);
  }
}

// ---- in ----

TEST(InflaterTest, ReadsWhatAnyClientCompresses) {
  Inflater inflater;
  for (size_t size : {0, 1, 100, 5'000, 60'000}) {
    for (int window : {9, 12, 15}) {
      const std::string text = RandomText(size, 40);
      ASSERT_EQ(inflater.Inflate(Compress(text, window), 64 << 10), Outcome::kDone);
      EXPECT_EQ(inflater.text(), text);
    }
  }
}

TEST(InflaterTest, ReadsTheExamplesOfTheRfc) {
  Inflater inflater;
  const std::vector<std::string> hellos = {
      {"\xf2\x48\xcd\xc9\xc9\x07\x00", 7},                          // one block
      {"\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00", 11},         // not compressed
      {"\xf3\x48\xcd\xc9\xc9\x07\x00\x00", 8},                      // marked as the last block
      {"\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00", 13}  // two blocks
  };
  for (const std::string& bytes : hellos) {
    EXPECT_EQ(inflater.Inflate(bytes, 100), Outcome::kDone) << testing::Hex(bytes);
    EXPECT_EQ(inflater.text(), "Hello");
  }
  EXPECT_EQ(inflater.Inflate(std::string("\x00", 1), 100), Outcome::kDone);
  EXPECT_EQ(inflater.text(), "");
}

TEST(InflaterTest, ABombIsStoppedAtItsBound) {
  Inflater inflater;
  const std::string bomb = Compress(std::string(16 << 20, 'x'));
  ASSERT_LT(bomb.size(), 20'000u);
  EXPECT_EQ(inflater.Inflate(bomb, 64 << 10), Outcome::kTooLarge);
  EXPECT_LE(inflater.text().size(), (64u << 10) + 1);
  EXPECT_EQ(inflater.Inflate(bomb, 16 << 20), Outcome::kTooDense);
  EXPECT_LE(inflater.text().size(), kMaxInflateRatio * bomb.size() + 1);
  EXPECT_EQ(inflater.Inflate(Compress(std::string(64 << 10, 'x')), 64 << 10), Outcome::kDone)
      << "what is small may be as dense as it likes";
  EXPECT_EQ(inflater.Inflate(Compress(std::string((64 << 10) + 1, 'x')), 64 << 10),
            Outcome::kTooLarge);
  EXPECT_EQ(inflater.Inflate(Compress(RandomText(1 << 20, 20)), 1 << 20), Outcome::kDone);
}

TEST(InflaterTest, CorruptAndCutOffDataIsRefused) {
  Inflater inflater;
  const std::string good = Compress(RandomText(2'000, 20));
  for (size_t cut = 0; cut < good.size(); cut += 1 + cut / 7) {
    EXPECT_EQ(inflater.Inflate(good.substr(0, cut), 64 << 10), Outcome::kCorrupt) << cut;
  }
  EXPECT_EQ(inflater.Inflate("\xff\xff\xff", 100), Outcome::kCorrupt);
  EXPECT_EQ(inflater.Inflate("plain text", 100), Outcome::kCorrupt);
  EXPECT_EQ(inflater.Inflate(good, 64 << 10), Outcome::kDone) << "and the next is read";
}

// Its back references would reach into the message before.
TEST(InflaterTest, NoMessageSeesTheOneBefore) {
  z_stream stream{};
  ASSERT_EQ(deflateInit2(&stream, 9, Z_DEFLATED, -15, 9, Z_DEFAULT_STRATEGY), Z_OK);
  const auto next = [&](std::string text) {
    std::string out(1'000, '\0');
    stream.next_in = reinterpret_cast<Bytef*>(text.data());
    stream.avail_in = static_cast<uInt>(text.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    EXPECT_EQ(deflate(&stream, Z_SYNC_FLUSH), Z_OK);
    out.resize(out.size() - stream.avail_out - 4);
    return out;
  };
  const std::string secret = RandomText(300, 60);
  const std::string first = next(secret);
  const std::string second = next(secret);
  deflateEnd(&stream);
  Inflater inflater;
  EXPECT_EQ(inflater.Inflate(first, 1'000), Outcome::kDone);
  EXPECT_EQ(inflater.Inflate(second, 1'000), Outcome::kCorrupt);
}

// ---- in frames ----

class CompressedFramesTest : public ::testing::Test {
 protected:
  static constexpr size_t kLimit = 10'000;

  // What it says to the bytes, whole and byte by byte.
  std::string Say(const std::string& bytes) {
    FrameReader reader(kLimit, &inflater);
    std::string said = Feed(reader, bytes);
    FrameReader slow(kLimit, &inflater);
    std::string slowly;
    for (char c : bytes) slowly += Feed(slow, std::string(1, c));
    EXPECT_EQ(said, slowly);
    return said;
  }
  static std::string Feed(FrameReader& reader, std::string bytes) {
    std::string said;
    std::span<char> rest(bytes);
    while (true) {
      const Received received = reader.Next(rest);
      switch (received.kind) {
        case Received::Kind::kNothing:
          return said;
        case Received::Kind::kText:
          said += "text " + std::string(received.payload) + "\n";
          break;
        case Received::Kind::kTooLarge:
          said += "too large " + std::string(received.payload) + "\n";
          break;
        case Received::Kind::kFailed:
          said += "failed " + std::to_string(received.code) + "\n";
          break;
        default:
          said += "other\n";
      }
    }
  }
  Inflater inflater;
};

TEST_F(CompressedFramesTest, MessagesAreInflatedAlsoInFragments) {
  const std::string hello = Compress("hello hello hello");
  EXPECT_EQ(Say(ClientFrame(1, hello, {.reserved = 4})), "text hello hello hello\n");
  EXPECT_EQ(Say(ClientFrame(1, hello.substr(0, 3), {.final = false, .reserved = 4}) +
                ClientFrame(9, "") + ClientFrame(0, hello.substr(3)) + ClientFrame(1, "plain")),
            "other\ntext hello hello hello\ntext plain\n");
}

TEST_F(CompressedFramesTest, TheBitIsOnlyForTheFirstFrameOfAMessage) {
  const std::string hello = Compress("hello");
  EXPECT_EQ(Say(ClientFrame(1, "a", {.final = false}) + ClientFrame(0, hello, {.reserved = 4})),
            "failed 1002\n");
  EXPECT_EQ(Say(ClientFrame(9, hello, {.reserved = 4})), "failed 1002\n");
  EXPECT_EQ(Say(ClientFrame(8, "", {.reserved = 4})), "failed 1002\n");
  EXPECT_EQ(Say(ClientFrame(1, hello, {.reserved = 6})), "failed 1002\n");
  FrameReader without(kLimit, nullptr);
  EXPECT_EQ(Feed(without, ClientFrame(1, hello, {.reserved = 4})), "failed 1002\n")
      << "not agreed on";
}

TEST_F(CompressedFramesTest, WhatIsWrongInsideHasItsCloseCode) {
  EXPECT_EQ(Say(ClientFrame(1, "corrupt!", {.reserved = 4})), "failed 1007\n");
  EXPECT_EQ(Say(ClientFrame(1, Compress("\xff\xfe"), {.reserved = 4})), "failed 1007\n")
      << "UTF-8 inside";
  EXPECT_EQ(Say(ClientFrame(1, Compress(std::string(kLimit + 1, 'x')), {.reserved = 4}) +
                ClientFrame(1, "y")),
            "too large \n");
  EXPECT_EQ(Say(ClientFrame(1, std::string(Inflater::MaxCompressedBytes(kLimit) + 1, 'x'),
                            {.reserved = 4})),
            "too large \n");
}

TEST_F(CompressedFramesTest, WhatDoesNotShrinkMayStillBeAsLongAsTheLimit) {
  std::string noise = RandomText(kLimit, 94);
  std::mt19937 random(3);
  for (char& c : noise) c = static_cast<char>(' ' + random() % 95);
  // Stored blocks: longer than what they hold.
  std::string stored;
  for (size_t at = 0; at < noise.size(); at += 1'000) {
    stored += std::string("\x00\xe8\x03\x17\xfc", 5) + noise.substr(at, 1'000);
  }
  stored += '\0';
  ASSERT_GT(stored.size(), kLimit);
  EXPECT_EQ(Say(ClientFrame(1, stored, {.reserved = 4})), "text " + noise + "\n");
}

TEST_F(CompressedFramesTest, AnUnfinishedMessageHoldsItsCompressedBytes) {
  FrameReader reader(kLimit, &inflater);
  const std::string payload = Compress(std::string(kLimit, 'x'));
  Feed(reader,
       ClientFrame(1, payload.substr(0, payload.size() - 1), {.final = false, .reserved = 4}));
  EXPECT_EQ(reader.held_bytes(), payload.size() - 1);
}

}  // namespace
}  // namespace tocsin::bridge::ws
