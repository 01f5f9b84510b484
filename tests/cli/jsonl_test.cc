#include "cli/jsonl.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "core/event/uuid.h"

namespace tocsin::cli {
namespace {

using ::testing::HasSubstr;

constexpr char kSystem[] = R"({"type":"system_event","category":"health","message":"up"})";

TEST(JsonLinesTest, ReadsEventsAndPassesOverBlankLines) {
  std::istringstream in(std::string("\n") + kSystem + "\r\n   \n" + kSystem);
  JsonLines lines(in, "f");
  EXPECT_EQ((*lines.Next())->system_event().message(), "up");
  EXPECT_EQ(lines.line(), 2u);
  EXPECT_TRUE(lines.Next()->has_value());
  EXPECT_EQ(lines.line(), 4u);
  EXPECT_FALSE(lines.Next()->has_value());
}

TEST(JsonLinesTest, GivesAnIdToAnEventThatHasNone) {
  const std::string id = "0190b6a5-7c1e-7000-8000-000000000001";
  std::istringstream in(std::string(kSystem) + "\n" + R"({"id":")" + id +
                        R"(","type":"system_event","category":"c","message":"m"})");
  JsonLines lines(in, "f");
  EXPECT_TRUE(IsUuid((*lines.Next())->id()));
  EXPECT_EQ((*lines.Next())->id(), id);
}

TEST(JsonLinesTest, AnErrorNamesFileAndLineAndReadingGoesOn) {
  std::istringstream in(std::string(kSystem) + "\nnonsense\n" +
                        R"({"type":"system_event","colour":"red"})" + "\n" +
                        R"({"type":"incident_created","incident":{"severity":"P0","source":"s"}})" +
                        "\n" + kSystem + "\n");
  JsonLines lines(in, "day.jsonl");
  EXPECT_TRUE(lines.Next().ok());
  EXPECT_THAT(std::string(lines.Next().status().message()), HasSubstr("day.jsonl:2: "));
  EXPECT_THAT(std::string(lines.Next().status().message()), HasSubstr("day.jsonl:3: colour"));
  EXPECT_THAT(std::string(lines.Next().status().message()),
              HasSubstr("day.jsonl:4: incident.title is required"));
  EXPECT_TRUE(lines.Next()->has_value());
  EXPECT_FALSE(lines.Next()->has_value());
}

TEST(JsonLinesTest, ALineThatIsTooLongIsPassedOverWhole) {
  std::istringstream in(std::string(JsonLines::kMostBytes + 10, 'x') + "\n" + kSystem + "\n");
  JsonLines lines(in, "f");
  EXPECT_THAT(std::string(lines.Next().status().message()),
              HasSubstr("f:1: the line is longer than 8MiB"));
  EXPECT_TRUE(lines.Next()->has_value());
}

TEST(JsonLinesTest, KnowsWhetherMoreIsThere) {
  std::istringstream in(std::string(kSystem) + "\n");
  JsonLines lines(in, "f");
  EXPECT_TRUE(lines.HasMore());
  ASSERT_TRUE(lines.Next().ok());
  EXPECT_FALSE(lines.HasMore());
}

}  // namespace
}  // namespace tocsin::cli
