#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "core/base/log.h"

namespace tocsin {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::MatchesRegex;

TEST(LogTest, TextQuotesOnlyWhatNeedsIt) {
  EXPECT_EQ(LogText("hub started", {{"address", "127.0.0.1:50051"},
                                    {"reason", "two words"},
                                    {"empty", ""},
                                    {"took", absl::Milliseconds(1500)},
                                    {"events", size_t{3}},
                                    {"delta", -4},
                                    {"ratio", 0.5},
                                    {"ready", true}}),
            "hub started address=127.0.0.1:50051 reason=\"two words\" empty=\"\" took=1.5s "
            "events=3 delta=-4 ratio=0.5 ready=true");
}

TEST(LogTest, JsonKeepsTypes) {
  EXPECT_EQ(LogJson("hub started", {{"address", std::string("x")},
                                    {"took", absl::Milliseconds(1500)},
                                    {"events", uint64_t{18446744073709551615u}},
                                    {"bad", 1.0 / 0.0},
                                    {"why", absl::InternalError("gone")},
                                    {"ready", false}}),
            R"("event":"hub started","address":"x","took":1.5,"events":18446744073709551615,)"
            R"("bad":null,"why":"gone","ready":false)");
}

TEST(LogTest, AnEventStaysOneLineWhateverAClientSends) {
  const std::string evil = "a\r\nfake line\x1b[31m\x7f \"quoted\" \\";
  const std::string escaped = R"(a\u000d\nfake line\u001b[31m\u007f \"quoted\" \\)";
  EXPECT_EQ(LogText("refused", {{"origin", evil}}), "refused origin=\"" + escaped + "\"");
  EXPECT_EQ(LogJson("refused", {{"origin", evil}}),
            R"("event":"refused","origin":")" + escaped + "\"");
}

class LogOutputTest : public ::testing::Test {
 protected:
  ~LogOutputTest() override { StartLog(LogLevel::kInfo, LogFormat::kText); }

  static std::string LinesOf(LogLevel lowest, LogFormat format) {
    testing::internal::CaptureStderr();
    StartLog(lowest, format);
    LogDebug("detail");
    LogWarning("disk nearly full", {{"free", 12}});
    return testing::internal::GetCapturedStderr();
  }
};

TEST_F(LogOutputTest, WritesJsonLinesWhereNobodyLooks) {
  const std::string lines = LinesOf(LogLevel::kInfo, LogFormat::kAuto);
  EXPECT_THAT(lines, MatchesRegex(R"(\{"time":"[0-9-]+T[0-9:.]+Z","level":"warning",)"
                                  R"("event":"disk nearly full","free":12\}.)"));
}

TEST_F(LogOutputTest, WritesTextAndEverythingFromTheLowestLevel) {
  const std::string lines = LinesOf(LogLevel::kDebug, LogFormat::kText);
  EXPECT_THAT(lines, HasSubstr("Z debug   detail\n"));
  EXPECT_THAT(lines, HasSubstr("Z warning disk nearly full free=12\n"));
}

TEST_F(LogOutputTest, KeepsQuietBelowTheLowestLevel) {
  EXPECT_THAT(LinesOf(LogLevel::kError, LogFormat::kText), IsEmpty());
}

// Symptom: a hub whose standard error was a pipe that nobody read stopped publishing, and health said
// 200. Cause: a line waited for room in the pipe. The older tests' output was always read.
TEST_F(LogOutputTest, ALineThatNobodyReadsIsLostAndCounted) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const int stderr_before = dup(STDERR_FILENO);
  dup2(ends[1], STDERR_FILENO);
  StartLog(LogLevel::kInfo, LogFormat::kJson);
  const std::string detail(300, 'x');
  const std::string long_detail(20'000, 'x');
  for (int i = 0; i < 1'000; ++i) {
    LogInfo("nobody reads this", {{"detail", i % 10 == 9 ? long_detail : detail}});
  }
  std::string read_back(1 << 20, '\0');
  read_back.resize(static_cast<size_t>(read(ends[0], read_back.data(), read_back.size())));
  LogInfo("read again");
  std::string after(1 << 20, '\0');
  after.resize(static_cast<size_t>(read(ends[0], after.data(), after.size())));
  dup2(stderr_before, STDERR_FILENO);
  const auto lines = std::count(read_back.begin(), read_back.end(), '\n');
  EXPECT_THAT(after, HasSubstr(absl::StrCat("\"lines\":", 1'000 - lines, "}")));
  EXPECT_THAT(after, HasSubstr("read again"));
  for (const int each : {ends[0], ends[1], stderr_before}) {
    close(each);
  }
}

TEST(LogTest, LevelsAndFormatsAreReadByName) {
  EXPECT_EQ(*ParseLogLevel("warning"), LogLevel::kWarning);
  EXPECT_EQ(*ParseLogFormat("json"), LogFormat::kJson);
  EXPECT_THAT(std::string(ParseLogLevel("loud").status().message()), HasSubstr("allowed: debug"));
  EXPECT_THAT(std::string(ParseLogFormat("xml").status().message()), HasSubstr("allowed: auto"));
}

TEST(LogThrottleTest, PassesOnceAPeriodAndCountsTheRest) {
  LogThrottle throttle(absl::Seconds(10));
  EXPECT_TRUE(throttle.Pass(absl::Seconds(1)));
  EXPECT_FALSE(throttle.Pass(absl::Seconds(2)));
  EXPECT_FALSE(throttle.Pass(absl::Seconds(10)));
  EXPECT_TRUE(throttle.Pass(absl::Seconds(11)));
  EXPECT_EQ(throttle.Dropped(), 2u);
  EXPECT_TRUE(throttle.Pass(absl::Seconds(21)));
  EXPECT_EQ(throttle.Dropped(), 0u);
}

}  // namespace
}  // namespace tocsin
