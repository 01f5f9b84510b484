#include "cli/flags.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/app.h"
#include "cli/exit_codes.h"

namespace tocsin::cli {
namespace {

using ::testing::HasSubstr;

struct Ended {
  int code;
  std::string err;
};

// What the whole command line does with arguments that need no hub.
Ended Start(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "tocsin");
  testing::internal::CaptureStderr();
  testing::internal::CaptureStdout();
  const int code = Main(static_cast<int>(arguments.size()), arguments.data());
  testing::internal::GetCapturedStdout();
  return {code, testing::internal::GetCapturedStderr()};
}

TEST(CommandLineTest, AMistypedCommandNamesTheClosest) {
  const Ended ended = Start({"stauts"});
  EXPECT_EQ(ended.code, kUsage);
  EXPECT_THAT(ended.err, HasSubstr("there is no command 'stauts'; did you mean 'status'?"));
}

TEST(CommandLineTest, AMistypedFlagNamesTheClosest) {
  const Ended ended = Start({"sub", "--severites", "P0"});
  EXPECT_EQ(ended.code, kUsage);
  EXPECT_THAT(ended.err,
              HasSubstr("tocsin sub has no flag --severites; did you mean '--severities'?"));
  EXPECT_THAT(Start({"sub", "--hbu=x"}).err, HasSubstr("did you mean '--hub'?"));
}

TEST(CommandLineTest, WrongValuesAreUsageErrors) {
  for (const std::vector<const char*>& arguments :
       std::vector<std::vector<const char*>>{{},
                                             {"sub", "--output=xml"},
                                             {"sub", "--from=yesterday"},
                                             {"sub", "--severities=P9"},
                                             {"sub", "--count=many"},
                                             {"sub", "extra"},
                                             {"status", "--timeout=10"},
                                             {"status", "--timeout=-1s"},
                                             {"pub"},
                                             {"pub", "escalated", "--file=x"},
                                             {"pub", "--file=x", "--title=y"},
                                             {"pub", "--file=x", "--rate=fast"},
                                             {"pub", "--file=x", "--batch=0"},
                                             {"pub", "incident-created"},
                                             {"completion", "fish"}}) {
    const Ended ended = Start(arguments);
    EXPECT_EQ(ended.code, kUsage) << (arguments.empty() ? "" : arguments.back());
    EXPECT_FALSE(ended.err.empty());
  }
}

TEST(CommandLineTest, HelpAndVersionAreNoErrors) {
  EXPECT_EQ(Start({"--help"}).code, kOk);
  EXPECT_EQ(Start({"pub", "--help"}).code, kOk);
  EXPECT_EQ(Start({"--version"}).code, kOk);
}

TEST(CommandLineTest, GlobalFlagsStandBeforeOrAfterTheCommand) {
  // Port 9 is for nobody: the address in the error is the one that was given.
  for (const auto& arguments : {std::vector<const char*>{"--hub=127.0.0.1:9", "status"},
                                std::vector<const char*>{"status", "--hub=127.0.0.1:9"}}) {
    const Ended ended = Start(arguments);
    EXPECT_EQ(ended.code, kUnreachable);
    EXPECT_THAT(ended.err, HasSubstr("cannot reach the hub at 127.0.0.1:9"));
  }
}

TEST(CommandLineTest, AFileThatIsNotThereIsNamed) {
  const Ended ended = Start({"pub", "--file=/nowhere/day.jsonl"});
  EXPECT_EQ(ended.code, kFailed);
  EXPECT_THAT(ended.err, HasSubstr("cannot read /nowhere/day.jsonl: No such file"));
}

TEST(FlagsTest, FlagsWithFixedValuesHaveThemForCompletion) {
  EXPECT_EQ(ValuesOf("severity").size(), 5u);
  EXPECT_EQ(ValuesOf("states").size(), 6u);
  EXPECT_EQ(ValuesOf("types").size(), 14u);
  EXPECT_TRUE(ValuesOf("title").empty());
}

}  // namespace
}  // namespace tocsin::cli
