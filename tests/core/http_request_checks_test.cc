// The rows are ways in which Boost 1.81's parser, left alone, takes a request that a proxy before
// it frames differently, or throws; and the bounds on a request's head.
#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <vector>

#include "core/http/message.h"
#include "core/http/request_checks.h"
#include "core/http/request_head.h"

namespace tocsin::http {
namespace {

struct Row {
  std::string name;
  std::string head;
  int status;  // 0: taken
};

std::ostream& operator<<(std::ostream& out, const Row& row) { return out << row.name; }

std::string Get(const std::string& fields) { return "GET /ws HTTP/1.1\r\n" + fields + "\r\n"; }
std::string WithHost(const std::string& fields) { return Get("Host: a\r\n" + fields); }

std::string ManyFields(int count) {
  std::string fields;
  for (int i = 0; i < count; ++i) fields += "X-" + std::to_string(i) + ": 1\r\n";
  return fields;
}

class RequestHeadTest : public testing::TestWithParam<Row> {};

TEST_P(RequestHeadTest, IsTakenOrRefusedWithTheRightStatus) {
  HttpRequest request;
  const std::optional<Refusal> refusal = ParseHead(GetParam().head, request);
  ASSERT_EQ(refusal.has_value(), GetParam().status != 0) << (refusal ? refusal->detail : "taken");
  if (!refusal) return;
  EXPECT_EQ(refusal->status, GetParam().status) << refusal->detail;
  EXPECT_FALSE(refusal->detail.empty());
}

INSTANTIATE_TEST_SUITE_P(
    Rows, RequestHeadTest,
    testing::Values(
        Row{"Plain", WithHost(""), 0}, Row{"HostWithPort", Get("Host: a.example:8080\r\n"), 0},
        Row{"HostIpv6", Get("Host: [::1]:8080\r\n"), 0},
        Row{"Upgrade", WithHost("Connection: Upgrade\r\nUpgrade: websocket\r\n"), 0},
        Row{"OneLength", WithHost("Content-Length: 0\r\n"), 0},
        Row{"Fields64", WithHost(ManyFields(63)), 0}, Row{"TabInValue", WithHost("X: a\tb\r\n"), 0},
        Row{"Latin1InValue", WithHost("X: \xe9\r\n"), 0},
        Row{"Http10Get", "GET /health HTTP/1.0\r\nHost: a\r\n\r\n", 0},
        // Transfer-Encoding in every form.
        Row{"Chunked", WithHost("Transfer-Encoding: chunked\r\n"), 0},
        Row{"ChunkedUpperCase", WithHost("TRANSFER-ENCODING: Chunked\r\n"), 0},
        Row{"ChunkedTwice",
            WithHost("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), 400},
        Row{"ChunkedChunked", WithHost("Transfer-Encoding: chunked, chunked\r\n"), 501},
        Row{"ChunkedWithTrailer", WithHost("Trailer: X\r\nTransfer-Encoding: chunked\r\n"), 0},
        Row{"Gzip", WithHost("Transfer-Encoding: gzip\r\n"), 501},
        Row{"GzipAndLength", WithHost("Transfer-Encoding: gzip\r\nContent-Length: 5\r\n"), 501},
        Row{"ChunkedIdentityAndLength",
            WithHost("Transfer-Encoding: chunked, identity\r\nContent-Length: 5\r\n"), 501},
        Row{"Identity", WithHost("Transfer-Encoding: identity\r\n"), 501},
        Row{"EmptyEncoding", WithHost("Transfer-Encoding:\r\n"), 501},
        Row{"ChunkedThenLength", WithHost("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"),
            400},
        Row{"LengthThenChunked", WithHost("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"),
            400},
        Row{"Http10Chunked", "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
            400},
        // Host.
        Row{"NoHost", Get(""), 400}, Row{"TwoHosts", WithHost("Host: b\r\n"), 400},
        Row{"TwoEqualHosts", WithHost("host: a\r\n"), 400}, Row{"EmptyHost", Get("Host:\r\n"), 400},
        Row{"HostList", Get("Host: a, b\r\n"), 400}, Row{"HostWithPath", Get("Host: a/b\r\n"), 400},
        Row{"HostWithUser", Get("Host: u@a\r\n"), 400},
        Row{"Http10NoHost", "GET /health HTTP/1.0\r\n\r\n", 0},
        Row{"Http10TwoHosts", "GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n", 400},
        // Content-Length.
        Row{"TwoEqualLengths", WithHost("Content-Length: 5\r\nContent-Length: 5\r\n"), 400},
        Row{"TwoLengths", WithHost("Content-Length: 5\r\nContent-Length: 6\r\n"), 400},
        Row{"LengthList", WithHost("Content-Length: 5, 5\r\n"), 400},
        Row{"LengthPlus", WithHost("Content-Length: +5\r\n"), 400},
        Row{"LengthMinus", WithHost("Content-Length: -5\r\n"), 400},
        Row{"LengthHex", WithHost("Content-Length: 0x5\r\n"), 400},
        Row{"LengthEmpty", WithHost("Content-Length:\r\n"), 400},
        Row{"LengthHuge", WithHost("Content-Length: 1000000000000000000\r\n"), 413},
        Row{"LengthTooLarge", WithHost("Content-Length: 99999999999999999999\r\n"), 400},
        // Version.
        Row{"Http10Upgrade",
            "GET /ws HTTP/1.0\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
            505},
        Row{"Http12", "GET / HTTP/1.2\r\nHost: a\r\n\r\n", 505},
        Row{"Http20", "GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505},
        Row{"Http09", "GET /\r\n\r\n", 400},
        Row{"LowerCaseVersion", "GET / http/1.1\r\nHost: a\r\n\r\n", 505},
        Row{"Http2Preface", "PRI * HTTP/2.0\r\n\r\n", 505},
        // Lines and bytes.
        Row{"ObsFold", WithHost("X: a\r\n b\r\n"), 400},
        Row{"ObsFoldTab", WithHost("X: a\r\n\tb\r\n"), 400},
        Row{"FoldedFirst", "GET / HTTP/1.1\r\n Host: a\r\n\r\n", 400},
        Row{"SpaceBeforeColon", Get("Host : a\r\n"), 400}, Row{"NoColon", WithHost("X\r\n"), 400},
        Row{"BareLf", "GET / HTTP/1.1\nHost: a\n\r\n\r\n", 400},
        Row{"BareCr", WithHost("X: a\rb\r\n"), 400},
        Row{"Nul", WithHost(std::string("X: a\0b\r\n", 9)), 400},
        Row{"Delete", WithHost("X: a\x7f\r\n"), 400},
        Row{"Escape", WithHost("X: \x1b[31m\r\n"), 400},
        Row{"BadFieldName", WithHost("X(: a\r\n"), 400},
        Row{"TabInRequestLine", "GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        Row{"Latin1InTarget", "GET /\xe9 HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        Row{"AbsoluteTarget", "GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n", 0},
        Row{"AbsoluteTargetWithoutPath", "GET HTTPS://a:1?q HTTP/1.1\r\nHost: a\r\n\r\n", 0},
        Row{"AbsoluteTargetWithUser", "GET http://u@a/ HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        Row{"AbsoluteTargetWithoutHost", "GET http:///x HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        Row{"AbsoluteTargetNoHttp", "GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        Row{"Asterisk", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", 0},
        Row{"AsteriskGet", "GET * HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        Row{"Expect", WithHost("Expect: 100-Continue\r\n"), 0},
        Row{"ExpectOther", WithHost("Expect: 200-ok\r\n"), 417},
        Row{"AuthorityTarget", "CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        Row{"Empty", "", 400}, Row{"EmptyLineOnly", "\r\n\r\n", 400},
        Row{"HalfHead", "GET / HTTP/1.1\r\nHost: a\r\n", 400},
        Row{"MoreThanAHead", WithHost("") + "GET", 400},
        // Bounds.
        Row{"Fields65", WithHost(ManyFields(64)), 431},
        Row{"LongTarget",
            "GET /" + std::string(kMaxTargetBytes, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n", 414},
        Row{"LongHead", WithHost("X: " + std::string(kMaxHeadBytes, 'a') + "\r\n"), 431}),
    [](const testing::TestParamInfo<Row>& row) { return row.param.name; });

TEST(RequestHead, KeepsWhatTheRequestSays) {
  HttpRequest request;
  ASSERT_FALSE(
      ParseHead("GET /ws?a=1 HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nOrigin: https://b\r\n"
                "Content-Length: 12\r\n\r\n",
                request));
  EXPECT_EQ(request.method, "GET");
  EXPECT_EQ(request.path(), "/ws");
  EXPECT_EQ(request.query(), "a=1");
  EXPECT_EQ(request.Header("ORIGIN"), "https://b");
  EXPECT_EQ(request.Header("Cookie"), std::nullopt);
  EXPECT_EQ(request.content_length, 12u);
  EXPECT_TRUE(request.keep_alive);
  EXPECT_TRUE(request.upgrade);
}

TEST(RequestHead, AnAbsoluteTargetIsItsPathAndItsHost) {
  HttpRequest request;
  ASSERT_FALSE(ParseHead("GET http://b.example:1/x?y HTTP/1.1\r\nHost: a\r\n\r\n", request));
  EXPECT_EQ(request.target, "/x?y");
  EXPECT_EQ(request.Header("Host"), "b.example:1");
  ASSERT_FALSE(ParseHead("GET http://b?y HTTP/1.1\r\nHost: a\r\n\r\n", request));
  EXPECT_EQ(request.target, "/?y");
}

TEST(RequestHead, ClosesWhenAsked) {
  HttpRequest request;
  ASSERT_FALSE(ParseHead(WithHost("Connection: close\r\n"), request));
  EXPECT_FALSE(request.keep_alive);
  ASSERT_FALSE(ParseHead("GET / HTTP/1.0\r\nHost: a\r\n\r\n", request));
  EXPECT_FALSE(request.keep_alive);
}

}  // namespace
}  // namespace tocsin::http
