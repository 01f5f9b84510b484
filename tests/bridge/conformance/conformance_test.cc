// The WebSocket layer held to RFC 6455 and RFC 7692, case by case: what conformance suites of the
// field ask of a server, and more. A case passes when the server says exactly what is wanted, however
// the client's bytes are cut, and then ends, or still answers.
#include <gmock/gmock.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "tests/bridge/conformance/echo_server.h"

namespace tocsin::bridge::conformance {
namespace {

// A case of so many bytes comes byte by byte as well.
constexpr size_t kBitByBit = 3'000;

bool Closed(const Lines& lines) {
  return std::any_of(lines.begin(), lines.end(),
                     [](const std::string& line) { return line.starts_with("close"); });
}

class ConformanceTest : public ::testing::TestWithParam<Case> {
 protected:
  static std::string_view OfferFor(const Case& each) {
    return each.name.starts_with("Deflate") ? "permessage-deflate" : "";
  }
  static void Check(EchoServer& server, const Case& each, std::string_view how) {
    Lines wanted = each.wanted;
    if (!Closed(wanted)) {
      server.Send(ClientFrame(kPing, "still there"));
      wanted.emplace_back("pong still there");
    }
    EXPECT_EQ(server.lines(), wanted) << how;
    EXPECT_TRUE(server.EndsWithTheClient()) << how;
  }
  static void SendInPieces(const Case& each, size_t piece) {
    EchoServer server(OfferFor(each));
    const std::string_view bytes = each.bytes;
    for (size_t at = 0; at < bytes.size(); at += piece) {
      server.Send(bytes.substr(at, piece));
    }
    Check(server, each, absl::StrCat("in pieces of ", piece));
  }
};

TEST_P(ConformanceTest, HoldsHoweverTheBytesAreCut) {
  const Case& each = GetParam();
  SendInPieces(each, each.bytes.size());
  SendInPieces(each, 997);
  if (each.bytes.size() <= kBitByBit) {
    SendInPieces(each, 1);
    SendInPieces(each, 3);
  }
  if (!each.closes_after.has_value()) {
    return;
  }
  EchoServer server(OfferFor(each));
  server.Send(each.bytes.substr(0, *each.closes_after - 1));
  EXPECT_FALSE(Closed(server.lines())) << "before the byte that is wrong";
  server.Send(each.bytes.substr(*each.closes_after - 1, 1));
  EXPECT_EQ(server.lines(), each.wanted) << "at the byte that is wrong";
}

const auto kName = [](const ::testing::TestParamInfo<Case>& info) { return info.param.name; };

INSTANTIATE_TEST_SUITE_P(Framing, ConformanceTest, ::testing::ValuesIn(FramingCases()), kName);
INSTANTIATE_TEST_SUITE_P(Pings, ConformanceTest, ::testing::ValuesIn(PingCases()), kName);
INSTANTIATE_TEST_SUITE_P(Reserved, ConformanceTest, ::testing::ValuesIn(ReservedCases()), kName);
INSTANTIATE_TEST_SUITE_P(Fragments, ConformanceTest, ::testing::ValuesIn(FragmentCases()), kName);
INSTANTIATE_TEST_SUITE_P(Utf8, ConformanceTest, ::testing::ValuesIn(Utf8Cases()), kName);
INSTANTIATE_TEST_SUITE_P(Closing, ConformanceTest, ::testing::ValuesIn(CloseCases()), kName);
INSTANTIATE_TEST_SUITE_P(Limits, ConformanceTest, ::testing::ValuesIn(LimitCases()), kName);
INSTANTIATE_TEST_SUITE_P(Compression, ConformanceTest, ::testing::ValuesIn(DeflateCases()), kName);

}  // namespace
}  // namespace tocsin::bridge::conformance
