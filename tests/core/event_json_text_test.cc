// Strings, numbers and times as JSON.
#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "core/event/json_writer.h"
#include "tests/core/event_json_helpers.h"

namespace tocsin {
namespace {

using testing::Parsed;
using testing::TimeText;

std::string Escaped(std::string_view text) {
  std::string out;
  AppendJsonString(out, text);
  return out;
}

std::string Number(double number) {
  std::string out;
  AppendJsonNumber(out, number);
  return out;
}

TEST(JsonStringTest, EscapesWhatJsonAndScriptsNeed) {
  EXPECT_EQ(Escaped(""), R"("")");
  EXPECT_EQ(Escaped("a\"b\\c/d"), R"("a\"b\\c/d")");
  EXPECT_EQ(Escaped("\b\f\n\r\t"), R"("\b\f\n\r\t")");
  EXPECT_EQ(Escaped(std::string("\0\x01\x1f\x7f", 4)), R"("\u0000\u0001\u001f\u007f")");
  EXPECT_EQ(Escaped("\u2028\u2029"), R"("\u2028\u2029")");
  EXPECT_EQ(Escaped("x\u2028y\u2027z\u20ac"), "\"x\\u2028y\u2027z\u20ac\"");
  EXPECT_EQ(Escaped("\xe2"), "\"\xe2\"");
  EXPECT_EQ(Escaped("\U0001F525é"), "\"\U0001F525é\"");
}

// The text escaped character by character, as the standard says.
std::string EscapedOneByOne(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    out += c == '"' ? std::string(R"(\")") : c == '\n' ? std::string(R"(\n)") : std::string(1, c);
  }
  return out + '"';
}

// The writer looks at texts in blocks, and the last block may be short. So every length is tried,
// with a character to escape at each place.
TEST(JsonStringTest, EscapesAtEveryPlaceOfEveryLength) {
  for (size_t length = 0; length <= 50; ++length) {
    std::string text;
    for (size_t i = 0; i < length; ++i) {
      text += static_cast<char>('a' + i % 26);
    }
    EXPECT_EQ(Escaped(text), EscapedOneByOne(text));
    for (size_t i = 0; i < length; ++i) {
      std::string one = text;
      one[i] = '"';
      EXPECT_EQ(Escaped(one), EscapedOneByOne(one)) << length << ", at " << i;
      for (size_t j = i + 1; j < length; ++j) {
        std::string two = one;
        two[j] = '\n';
        EXPECT_EQ(Escaped(two), EscapedOneByOne(two)) << length << ", at " << i << " and " << j;
      }
    }
  }
}

TEST(JsonStringTest, ALineSeparatorMayLieAcrossBlocks) {
  for (size_t before = 0; before <= 33; ++before) {
    const std::string start(before, 'x');
    EXPECT_EQ(Escaped(start + "\u2028 and more text"), "\"" + start + "\\u2028 and more text\"");
    EXPECT_EQ(Escaped(start + "\u2028"), "\"" + start + "\\u2028\"");
    EXPECT_EQ(Escaped(start + "\u20ac"), "\"" + start + "\u20ac\"");
  }
}

TEST(JsonStringTest, IsAppended) {
  std::string out = "before";
  AppendJsonString(out, std::string(10'000, '\1'));
  EXPECT_EQ(out.size(), 6u + 2 + 60'000);
  EXPECT_EQ(out.substr(0, 13), R"(before"\u0001)");
}

TEST(JsonNumberTest, IsShortestAndFinite) {
  EXPECT_EQ(Number(0), "0");
  EXPECT_EQ(Number(0.1), "0.1");
  EXPECT_EQ(Number(1e300), "1e+300");
  EXPECT_EQ(Number(std::numeric_limits<double>::quiet_NaN()), "null");
  EXPECT_EQ(Number(std::numeric_limits<double>::infinity()), "null");
}

TEST(JsonNumberTest, ReadsBackToTheLastBit) {
  for (const double number : {0.1, 1.0 / 3, 2.2250738585072014e-308, 1.7976931348623157e308,
                              123456789.123456789, 5e-324, 9007199254740993.0}) {
    EXPECT_EQ(Parsed(Number(number)).to_number<double>(), number);
  }
}

TEST(JsonTimeTest, IsRfc3339InMicroseconds) {
  EXPECT_EQ(TimeText(absl::UnixEpoch()), "1970-01-01T00:00:00.000000Z");
  EXPECT_EQ(TimeText(absl::FromUnixMicros(1'767'323'045'678'901)), "2026-01-02T03:04:05.678901Z");
  EXPECT_EQ(TimeText(absl::FromUnixMicros(-1)), "1969-12-31T23:59:59.999999Z");
  EXPECT_EQ(TimeText(absl::FromUnixSeconds(951'782'400)), "2000-02-29T00:00:00.000000Z");
  EXPECT_EQ(TimeText(absl::InfiniteFuture()), "9999-12-31T23:59:59.999999Z");
  EXPECT_EQ(TimeText(absl::InfinitePast()), "0001-01-01T00:00:00.000000Z");
}

}  // namespace
}  // namespace tocsin
