// The frame layer's second opinion: the same bytes through FrameReader and through Beast's WebSocket
// stream. Both must see the same messages, and fail at the same place, but for the rows of kDiffers.
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/beast/_experimental/test/stream.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket/error.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "bridge/ws/close_code.h"
#include "bridge/ws/frame_reader.h"

namespace tocsin::bridge::ws {
namespace {

namespace beast = boost::beast;
namespace websocket = beast::websocket;

constexpr size_t kMaxMessage = 1000;

// What a reader made of the bytes: each message as its kind and payload, then how it ended.
struct Reading {
  std::vector<std::string> messages;  // "text:…" or "binary:…"
  std::string end;                    // "more", "close 1000 bye", "failed", "too large"

  friend bool operator==(const Reading&, const Reading&) = default;
};

std::ostream& operator<<(std::ostream& out, const Reading& reading) {
  for (const std::string& message : reading.messages) out << message << " | ";
  return out << reading.end;
}

Reading ByUs(std::string bytes, size_t piece) {
  Reading reading;
  FrameReader reader(kMaxMessage);
  for (size_t begin = 0; begin < bytes.size(); begin += piece) {
    std::span<char> rest(bytes.data() + begin, std::min(piece, bytes.size() - begin));
    while (true) {
      const Received got = reader.Next(rest);
      const std::string payload(got.payload);
      switch (got.kind) {
        case Received::Kind::kText:
          reading.messages.push_back("text:" + payload);
          continue;
        case Received::Kind::kBinary:
          reading.messages.push_back("binary:" + payload);
          continue;
        case Received::Kind::kPing:
        case Received::Kind::kPong:
          continue;
        case Received::Kind::kClose:
          reading.end = "close " + std::to_string(got.code) + " " + payload;
          return reading;
        case Received::Kind::kFailed:
          reading.end = "failed " + std::to_string(got.code);
          return reading;
        case Received::Kind::kTooLarge:
          reading.end = "too large";
          return reading;
        case Received::Kind::kNothing:
          break;
      }
      break;
    }
  }
  reading.end = "more";
  return reading;
}

Reading ByBeast(const std::string& bytes) {
  boost::asio::io_context io;
  beast::test::stream client(io);
  websocket::stream<beast::test::stream> server(io);
  client.connect(server.next_layer());
  server.next_layer().append(
      "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n");
  server.accept();
  server.read_message_max(kMaxMessage);
  server.next_layer().append({bytes.data(), bytes.size()});
  client.close();  // the end of the bytes is an error of its own: "more"
  Reading reading;
  while (true) {
    beast::flat_buffer buffer;
    beast::error_code error;
    server.read(buffer, error);
    if (!error) {
      reading.messages.push_back((server.got_text() ? "text:" : "binary:") +
                                 beast::buffers_to_string(buffer.data()));
    } else if (error == websocket::error::closed) {
      const websocket::close_reason& reason = server.reason();
      const unsigned code = reason.code == websocket::close_code::none ? kNoCloseCode : reason.code;
      reading.end = "close " + std::to_string(code) + " " +
                    std::string(reason.reason.data(), reason.reason.size());
      return reading;
    } else {
      const bool text = error == websocket::error::bad_frame_payload ||
                        error == websocket::error::bad_close_payload;
      reading.end = error == websocket::error::message_too_big ? "too large"
                    : error == boost::asio::error::eof         ? "more"
                    : text                                     ? "failed 1007"
                                                               : "failed 1002";
      return reading;
    }
  }
}

// A client's frame. `length_bytes`: 0, 2 or 8 bytes of length; -1: the shortest form.
std::string Frame(int first, std::string payload, int length_bytes = -1, bool masked = true) {
  const size_t size = payload.size();
  if (length_bytes < 0) length_bytes = size < 126 ? 0 : size < 65536 ? 2 : 8;
  std::string out(1, static_cast<char>(first));
  const int mask = masked ? 0x80 : 0;
  out += static_cast<char>(mask | (length_bytes == 0   ? static_cast<int>(size)
                                   : length_bytes == 2 ? 126
                                                       : 127));
  for (int i = length_bytes - 1; i >= 0; --i) {
    out += static_cast<char>(static_cast<uint64_t>(size) >> (8 * i));
  }
  if (masked) {
    const std::string key = "\x11\x22\x33\x44";
    out += key;
    for (size_t i = 0; i < size; ++i) payload[i] = static_cast<char>(payload[i] ^ key[i % 4]);
  }
  return out + payload;
}

std::string Close(int code, const std::string& reason = "") {
  std::string payload;
  payload += static_cast<char>(code >> 8);
  payload += static_cast<char>(code);
  return Frame(0x88, payload + reason);
}

struct Row {
  std::string name;
  std::string bytes;
};
std::ostream& operator<<(std::ostream& out, const Row& row) { return out << row.name; }

class FrameOracleTest : public testing::TestWithParam<Row> {};

TEST_P(FrameOracleTest, BothReadTheSame) {
  const Reading theirs = ByBeast(GetParam().bytes);
  for (size_t piece : {1, 2, 7, 1'000'000}) {
    EXPECT_EQ(ByUs(GetParam().bytes, piece), theirs) << "in pieces of " << piece;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Rows, FrameOracleTest,
    testing::Values(
        Row{"Text", Frame(0x81, "hello") + Frame(0x82, "bin")}, Row{"Empty", Frame(0x81, "")},
        Row{"Fragments",
            Frame(0x01, "hel") + Frame(0x89, "p") + Frame(0x00, "l") + Frame(0x80, "o")},
        Row{"EmptyFragments", Frame(0x01, "") + Frame(0x00, "") + Frame(0x80, "")},
        Row{"Long", Frame(0x82, std::string(999, 'x'))},
        Row{"AtTheBound", Frame(0x82, std::string(1000, 'x'))},
        Row{"AboveTheBound", Frame(0x82, std::string(1001, 'x'))},
        Row{"AboveTheBoundInParts",
            Frame(0x02, std::string(600, 'x')) + Frame(0x80, std::string(600, 'x'))},
        Row{"Unmasked", Frame(0x81, "hello", -1, false)}, Row{"Rsv1", Frame(0xc1, "x")},
        Row{"Rsv2", Frame(0xa1, "x")}, Row{"Rsv3", Frame(0x91, "x")},
        Row{"Opcode3", Frame(0x83, "x")}, Row{"Opcode11", Frame(0x8b, "x")},
        Row{"ContinuesNothing", Frame(0x80, "x")},
        Row{"BeginsWithin", Frame(0x01, "x") + Frame(0x81, "y")},
        Row{"FragmentedPing", Frame(0x09, "x")},
        Row{"LongPing", Frame(0x89, std::string(126, 'x'))},
        Row{"Ping125", Frame(0x89, std::string(125, 'x')) + Frame(0x81, "after")},
        Row{"LengthOf16NotShortest", Frame(0x82, "x", 2)},
        Row{"LengthOf64NotShortest", Frame(0x82, std::string(300, 'x'), 8)},
        Row{"BadUtf8", Frame(0x81, "\xff")}, Row{"HalfCharacter", Frame(0x81, "\xe2\x82")},
        Row{"CharacterOverFragments", Frame(0x01, "\xe2\x82") + Frame(0x80, "\xac")},
        Row{"Surrogate", Frame(0x81, "\xed\xa0\x80")}, Row{"Overlong", Frame(0x81, "\xc0\x80")},
        Row{"BinaryIsAnything", Frame(0x82, "\xff\xfe")}, Row{"Close", Close(1000, "bye")},
        Row{"CloseWithoutCode", Frame(0x88, "")}, Row{"CloseOfOneByte", Frame(0x88, "x")},
        Row{"Close999", Close(999)}, Row{"Close1004", Close(1004)}, Row{"Close1005", Close(1005)},
        Row{"Close1006", Close(1006)}, Row{"Close1011", Close(1011)}, Row{"Close1015", Close(1015)},
        Row{"Close2999", Close(2999)}, Row{"Close3000", Close(3000)}, Row{"Close4999", Close(4999)},
        Row{"CloseBadUtf8", Close(1000, "\xff")},
        Row{"CloseBetweenFragments", Frame(0x01, "x") + Close(1000)},
        Row{"AfterClose", Close(1000) + Frame(0x81, "late")},
        Row{"HalfHeader", Frame(0x81, "hello").substr(0, 1)},
        Row{"HalfPayload", Frame(0x81, "hello").substr(0, 8)}),
    [](const auto& row) { return row.param.name; });

// Where the two differ, and why ours is right.
struct Difference {
  std::string name;
  std::string bytes;
  std::string ours;
  std::string theirs;
  std::string why;
};

TEST(FrameOracleDifferences, AreTheseAndNoMore) {
  const Difference rows[] = {
      {"close code 1014", Close(1014), "close 1014 ", "failed 1002",
       "registered with IANA: bad gateway; Beast calls it reserved"},
      {"close code 5000", Close(5000), "failed 1002", "close 5000 ",
       "RFC 6455, section 7.4.2 ends at 4999; Beast takes all above 2999"},
      {"wrong UTF-8 in a message that is not whole", Frame(0x01, "\xff"), "failed 1007",
       "failed 1007", "at its first wrong byte"},
      {"close code 5000 and a reason that is not UTF-8", Close(5000, "\xff"), "failed 1002",
       "failed 1007", "as above: to Beast only the reason is wrong"},
      {"a length with its highest bit set", std::string("\x82\xff\x80\0\0\0\0\0\0\0mask", 14),
       "failed 1002", "too large", "RFC 6455, section 5.2: that bit must be 0"},
      {"a wrong start of a header", std::string("\x00\x8b", 2), "failed 1002", "more",
       "two bytes say that nothing is continued; Beast waits for the masking key"},
      {"wrong UTF-8, whole", Frame(0x01, "\xff") + Frame(0x80, ""), "failed 1007", "failed 1007",
       ""},
  };
  for (const Difference& row : rows) {
    EXPECT_EQ(ByUs(row.bytes, 3).end, row.ours) << row.name << ": " << row.why;
    EXPECT_EQ(ByBeast(row.bytes).end, row.theirs) << row.name;
  }
}

// Frames that are mostly right, with now and then a wrong bit or a cut.
std::string RandomBytes(std::mt19937& random) {
  static const int kFirst[] = {0x81, 0x82, 0x01, 0x02, 0x00, 0x80, 0x89, 0x8a, 0x88, 0x83, 0xc1};
  std::string bytes;
  for (unsigned i = 0, frames = 1 + random() % 6; i < frames; ++i) {
    const int first = kFirst[random() % (random() % 4 == 0 ? 11 : 8)];
    std::string payload;
    for (unsigned n = random() % (random() % 10 == 0 ? 400 : 12); n > 0; --n) {
      payload += random() % 8 == 0 ? static_cast<char>(random()) : 'a';
    }
    if (first == 0x88 && random() % 2 == 0) {
      bytes += Close(static_cast<int>(random() % 5100), "r");
    } else {
      bytes += Frame(first, payload);
    }
  }
  if (random() % 4 == 0) {
    char& byte = bytes[random() % bytes.size()];
    byte = static_cast<char>(byte ^ (1 << random() % 8));
  }
  return random() % 5 == 0 ? bytes.substr(0, random() % (bytes.size() + 1)) : bytes;
}

// What ours says is wrong; empty when nothing is.
std::string WhyNot(std::string bytes) {
  FrameReader reader(kMaxMessage);
  for (std::span<char> rest(bytes); !rest.empty();) {
    const Received got = reader.Next(rest);
    if (got.kind == Received::Kind::kFailed) return std::string(got.payload);
  }
  return "";
}

// The rows above, met by chance.
bool IsKnownDifference(const std::string& bytes, const Reading& ours, const Reading& theirs) {
  if (ours.messages != theirs.messages) {
    return false;
  }
  if (ours.end.starts_with("close 1014")) {
    return theirs.end == "failed 1002";
  }
  if (theirs.end.starts_with("close ")) {
    return ours.end == "failed 1002" && std::stoi(theirs.end.substr(6)) >= 5000;
  }
  if (theirs.end == "failed 1007") {
    return ours.end == "failed 1002" &&
           WhyNot(bytes) == "a close frame's code is none that may be sent";
  }
  if (theirs.end == "too large") {
    return ours.end == "failed 1002" && WhyNot(bytes) == "a length's highest bit is set";
  }
  // A header that is not whole: the first two bytes are enough for ours.
  return ours.end == "failed 1002" && theirs.end == "more" &&
         ByBeast(bytes + std::string(14, '\0')).end == "failed 1002";
}

std::string Hex(std::string_view bytes) {
  return absl::BytesToHexString(absl::string_view(bytes.data(), bytes.size()));
}

TEST(FrameOracleRandom, BothReadTheSame) {
  std::mt19937 random(20'261);
  int failed = 0, whole = 0, known = 0;
  for (int round = 0; round < 20'000; ++round) {
    const std::string bytes = RandomBytes(random);
    const Reading theirs = ByBeast(bytes);
    const Reading ours = ByUs(bytes, 1 + random() % 20);
    failed += theirs.end.starts_with("failed");
    whole += theirs.end == "more";
    if (ours == theirs) continue;
    ASSERT_TRUE(IsKnownDifference(bytes, ours, theirs))
        << "round " << round << ": " << Hex(bytes) << "\nours: " << ours << "\ntheirs: " << theirs;
    ++known;
  }
  EXPECT_LT(known, failed / 4) << "most of what fails fails alike";
  EXPECT_GT(failed, 1000);
  EXPECT_GT(whole, 1000);
}

}  // namespace
}  // namespace tocsin::bridge::ws
