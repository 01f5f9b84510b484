// BodyReader: rows of bodies, every split of their bytes, and Beast's parser as a second opinion.
#include <gtest/gtest.h>

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <ostream>
#include <random>

#include "core/http/body_reader.h"

namespace tocsin::http {
namespace {

constexpr size_t kBound = 16;

struct Row {
  std::string name;
  std::string bytes;
  int status;  // 0: taken
  std::string body = {};
  std::string left = {};
};

std::ostream& operator<<(std::ostream& out, const Row& row) { return out << row.name; }

HttpRequest Chunked() {
  HttpRequest request;
  request.chunked = true;
  return request;
}

HttpRequest OfLength(uint64_t length) {
  HttpRequest request;
  request.content_length = length;
  return request;
}

struct Outcome {
  std::string body;
  std::string left;
  int status = 0;
  bool done = false;
};

// Takes `bytes` in pieces that end at the given places.
Outcome Read(BodyReader reader, std::string_view bytes, const std::vector<size_t>& cuts = {}) {
  Outcome outcome;
  size_t begin = 0;
  reader.Take("");
  for (size_t i = 0; i <= cuts.size() && !reader.refusal(); ++i) {
    const size_t end = i < cuts.size() ? cuts[i] : bytes.size();
    begin += reader.Take(bytes.substr(begin, end - begin));
    if (reader.done()) break;
  }
  outcome.done = reader.done() && !reader.refusal();
  outcome.status = reader.refusal() ? reader.refusal()->status : 0;
  outcome.left = bytes.substr(begin);
  outcome.body = reader.Release();
  return outcome;
}

class ChunkedBodyTest : public testing::TestWithParam<Row> {};

TEST_P(ChunkedBodyTest, IsTakenOrRefusedHoweverItsBytesCome) {
  const Row& row = GetParam();
  for (size_t cut = 0; cut <= row.bytes.size(); ++cut) {
    const Outcome outcome = Read(BodyReader(Chunked(), kBound), row.bytes, {cut});
    ASSERT_EQ(outcome.status, row.status) << "cut at " << cut;
    if (row.status != 0) continue;
    ASSERT_TRUE(outcome.done) << "cut at " << cut;
    ASSERT_EQ(outcome.body, row.body);
    ASSERT_EQ(outcome.left, row.left);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Rows, ChunkedBodyTest,
    testing::Values(
        Row{"One", "5\r\nhello\r\n0\r\n\r\n", 0, "hello"},
        Row{"Two", "2\r\nab\r\n3\r\ncde\r\n0\r\n\r\n", 0, "abcde"}, Row{"None", "0\r\n\r\n", 0, ""},
        Row{"ZerosBefore", "0005\r\nhello\r\n000\r\n\r\n", 0, "hello"},
        Row{"HexOfEitherCase", "A\r\n0123456789\r\n1\r\nx\r\n0\r\n\r\n", 0, "0123456789x"},
        Row{"Extension", "5;name=\"va;lue\"\r\nhello\r\n0;end\r\n\r\n", 0, "hello"},
        Row{"SpaceBeforeExtension", "5 ;a\r\nhello\r\n0\r\n\r\n", 0, "hello"},
        Row{"NextRequestBehind", "1\r\nx\r\n0\r\n\r\nGET /", 0, "x", "GET /"},
        Row{"AsLongAsTheBound", "10\r\n0123456789abcdef\r\n0\r\n\r\n", 0, "0123456789abcdef"},
        Row{"LongerThanTheBound", "10\r\n0123456789abcdef\r\n1\r\nx\r\n0\r\n\r\n", 413},
        Row{"HugeSize", "fffffffffffffff\r\n", 413},
        Row{"SizeTooLong", "1234567890abcdef0\r\n", 400}, Row{"NegativeSize", "-1\r\n", 400},
        Row{"PlusSize", "+1\r\nx\r\n", 400}, Row{"HexPrefix", "0x1\r\nx\r\n", 400},
        Row{"EmptySize", "\r\n", 400}, Row{"SpaceFirst", " 1\r\nx\r\n", 400},
        Row{"BareLf", "1\nx\r\n0\r\n\r\n", 400}, Row{"ControlInLine", "1;a\rb\r\nx\r\n", 400},
        Row{"DataTooLong", "1\r\nxy\r\n", 400}, Row{"DataWithoutLineEnd", "1\r\nx0\r\n\r\n", 400},
        Row{"Trailer", "1\r\nx\r\n0\r\nX: a\r\n\r\n", 400},
        Row{"SmuggledInTrailer", "0\r\nHost: evil\r\n\r\n", 400},
        Row{"LongExtension", "1;" + std::string(300, 'a') + "\r\n", 400}),
    [](const auto& row) { return row.param.name; });

TEST(BodyReaderTest, ABodyOfALengthEndsThere) {
  for (size_t cut = 0; cut <= 7; ++cut) {
    const Outcome outcome = Read(BodyReader(OfLength(5), kBound), "hello!!", {cut});
    EXPECT_TRUE(outcome.done);
    EXPECT_EQ(outcome.body, "hello");
    EXPECT_EQ(outcome.left, "!!");
  }
}

TEST(BodyReaderTest, ALengthBeyondTheBoundIsRefusedBeforeAnyOfItComes) {
  EXPECT_EQ(Read(BodyReader(OfLength(kBound + 1), kBound), "").status, 413);
  EXPECT_EQ(Read(BodyReader(OfLength(1), 0), "").status, 413);
  EXPECT_EQ(Read(BodyReader(OfLength(kBound), kBound), "").status, 0);
}

TEST(BodyReaderTest, WithoutABodyNothingIsTaken) {
  const Outcome outcome = Read(BodyReader(HttpRequest(), 0), "GET / HTTP/1.1");
  EXPECT_TRUE(outcome.done);
  EXPECT_EQ(outcome.left, "GET / HTTP/1.1");
}

// ---- the oracle ----

Outcome ReadByBeast(std::string_view bytes) {
  namespace bhttp = boost::beast::http;
  bhttp::request_parser<bhttp::string_body> parser;
  parser.eager(true);
  boost::beast::error_code error;
  const std::string all =
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + std::string(bytes);
  size_t used = 0;
  while (used < all.size() && !parser.is_done()) {
    const size_t taken =
        parser.put(boost::asio::buffer(all.data() + used, all.size() - used), error);
    used += taken;
    if (error && error != bhttp::error::need_more) return {.status = 400};
    if (error == bhttp::error::need_more && taken == 0) break;
  }
  return {.body = parser.get().body(), .left = all.substr(used), .done = parser.is_done()};
}

// Whatever we take, Beast takes as the same body with the same rest. We refuse more: trailers, and
// control characters in extensions. What we refuse is not shown to Beast: some of it stops the whole
// program there (a failed assertion in parse_chunk_header).
TEST(BodyReaderTest, WhatIsTakenIsWhatBeastReads) {
  std::mt19937 random(7);
  const std::vector<std::string> pieces = {"0\r\n", "1\r\n", "2\r\n", "x",         "yz",
                                           "\r\n",  "a\r\n", "\n",    "\r",        ";e",
                                           "3",     " ",     "0",     "0123456789"};
  int taken = 0;
  for (int round = 0; round < 60'000; ++round) {
    std::string bytes;
    for (unsigned i = 0, count = 1 + random() % 9; i < count; ++i) {
      bytes += random() % 3 == 0 ? std::string("1\r\nx\r\n") : pieces[random() % pieces.size()];
    }
    bytes += random() % 2 == 0 ? "0\r\n\r\n" : "";
    const Outcome ours = Read(BodyReader(Chunked(), 1000), bytes);
    if (!ours.done) continue;
    ++taken;
    const Outcome theirs = ReadByBeast(bytes);
    ASSERT_TRUE(theirs.done) << bytes;
    ASSERT_EQ(ours.body, theirs.body) << bytes;
    ASSERT_EQ(ours.left, theirs.left) << bytes;
  }
  EXPECT_GT(taken, 1000);
}

}  // namespace
}  // namespace tocsin::http
