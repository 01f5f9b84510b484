#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "core/base/option_values.h"
#include "core/base/options.h"
#include "core/base/version.h"

namespace tocsin {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class OptionsTest : public ::testing::Test {
 protected:
  OptionsTest() {
    options_.Text(&listen_, "listen", "Where to listen.", "HOST:PORT");
    options_.List(&origins_, "allowed-origin", "Who may | connect.");
    options_.Bool(&insecure_, "insecure", "Trust the network.");
    options_.Count(&threads_, "threads", "How many.", 1, 64);
    options_.Bytes(&window_, "recent-bytes", "How much.", 1024, size_t{1} << 30);
    options_.Duration(&heartbeat_, "heartbeat", "How often.", absl::Seconds(1), absl::Hours(1));
    options_.Choice(&store_, "store", "Which store.", {"rocksdb", "memory"});
  }
  ~OptionsTest() override {
    for (const std::string& name : set_) unsetenv(name.c_str());
    std::filesystem::remove(file_);
  }

  void SetEnvironment(const std::string& name, const std::string& value) {
    setenv(name.c_str(), value.c_str(), 1);
    set_.push_back(name);
  }
  std::string WriteFile(const std::string& text) {
    std::ofstream(file_) << text;
    return "--config=" + file_;
  }
  absl::StatusOr<Options::Outcome> Parse(std::vector<std::string> arguments) {
    std::vector<const char*> argv = {"tocsin-hub"};
    for (const std::string& argument : arguments) argv.push_back(argument.c_str());
    return options_.Parse(static_cast<int>(argv.size()), argv.data(), out_);
  }
  void ExpectRuns(std::vector<std::string> arguments) {
    const auto outcome = Parse(std::move(arguments));
    ASSERT_TRUE(outcome.ok()) << outcome.status();
    EXPECT_EQ(*outcome, Options::Outcome::kRun);
  }
  std::string ErrorOf(std::vector<std::string> arguments) {
    const auto outcome = Parse(std::move(arguments));
    return outcome.ok() ? "accepted" : std::string(outcome.status().message());
  }

  std::string listen_ = "127.0.0.1:1";
  std::vector<std::string> origins_;
  bool insecure_ = false;
  size_t threads_ = 2;
  size_t window_ = 65536;
  absl::Duration heartbeat_ = absl::Seconds(30);
  std::string store_ = "rocksdb";
  Options options_{"tocsin-hub", "the hub"};
  std::ostringstream out_;
  std::vector<std::string> set_;
  const std::string file_ =
      testing::TempDir() + "tocsin-options-" + std::to_string(getpid()) + ".toml";
};

TEST_F(OptionsTest, DefaultsStayWhereNothingIsGiven) {
  ExpectRuns({});
  EXPECT_EQ(listen_, "127.0.0.1:1");
  EXPECT_EQ(heartbeat_, absl::Seconds(30));
}

TEST_F(OptionsTest, ReadsEveryKindFromFlags) {
  ExpectRuns({"--listen", "x:2", "--allowed-origin=a", "--allowed-origin", "b,c", "--insecure",
              "--threads=8", "--recent-bytes=1 MiB", "--heartbeat", "1m30s", "--store=memory"});
  EXPECT_EQ(listen_, "x:2");
  EXPECT_THAT(origins_, ElementsAre("a", "b,c"));
  EXPECT_TRUE(insecure_);
  EXPECT_EQ(threads_, 8u);
  EXPECT_EQ(window_, 1048576u);
  EXPECT_EQ(heartbeat_, absl::Seconds(90));
  EXPECT_EQ(store_, "memory");
}

TEST_F(OptionsTest, ReadsEveryKindFromTheFile) {
  ExpectRuns(
      {WriteFile("listen = 'x:2'\nallowed-origin = ['a', 'b']\ninsecure = true\nthreads = 8\n"
                 "recent-bytes = '1MiB'\nheartbeat = '5m'\nstore = 'memory'\n")});
  EXPECT_EQ(listen_, "x:2");
  EXPECT_THAT(origins_, ElementsAre("a", "b"));
  EXPECT_TRUE(insecure_);
  EXPECT_EQ(threads_, 8u);
  EXPECT_EQ(window_, 1048576u);
  EXPECT_EQ(heartbeat_, absl::Minutes(5));
  EXPECT_EQ(store_, "memory");
}

TEST_F(OptionsTest, ReadsEveryKindFromTheEnvironment) {
  SetEnvironment("TOCSIN_LISTEN", "x:2");
  SetEnvironment("TOCSIN_ALLOWED_ORIGIN", "a,b");
  SetEnvironment("TOCSIN_INSECURE", "1");
  SetEnvironment("TOCSIN_THREADS", "8");
  SetEnvironment("TOCSIN_HEARTBEAT", "");  // as if it were not there
  SetEnvironment("TOCSIN_OF_THE_BRIDGE", "passed over");
  ExpectRuns({});
  EXPECT_EQ(listen_, "x:2");
  EXPECT_THAT(origins_, ElementsAre("a", "b"));
  EXPECT_TRUE(insecure_);
  EXPECT_EQ(threads_, 8u);
  EXPECT_EQ(heartbeat_, absl::Seconds(30));
}

TEST_F(OptionsTest, FlagsWinOverEnvironmentOverFile) {
  const std::string config = WriteFile("threads = 3\nlisten = 'file'\nstore = 'memory'\n");
  SetEnvironment("TOCSIN_THREADS", "4");
  SetEnvironment("TOCSIN_LISTEN", "environment");
  ExpectRuns({config, "--threads=5"});
  EXPECT_EQ(threads_, 5u);
  EXPECT_EQ(listen_, "environment");
  EXPECT_EQ(store_, "memory");
}

TEST_F(OptionsTest, TheFileMayBeNamedByTheEnvironment) {
  WriteFile("threads = 3\n");
  SetEnvironment("TOCSIN_CONFIG", file_);
  ExpectRuns({});
  EXPECT_EQ(threads_, 3u);
}

TEST_F(OptionsTest, TheProgramsSectionWinsAndTheOthersIsPassedOver) {
  ExpectRuns(
      {WriteFile("threads = 3\nstore = 'memory'\n[bridge]\nanything = 1.5e3\n"
                 "[hub]\nthreads = 4\n")});
  EXPECT_EQ(threads_, 4u);
  EXPECT_EQ(store_, "memory");
}

TEST_F(OptionsTest, AnUnknownKeyNamesItsLineAndWhatIsClose) {
  const std::string error = ErrorOf({WriteFile("threads = 3\nhartbeat = '1s'\n")});
  EXPECT_THAT(error, HasSubstr(file_ + ":2: hartbeat: unknown key"));
  EXPECT_THAT(error, HasSubstr("did you mean 'heartbeat'?"));
  EXPECT_THAT(ErrorOf({WriteFile("[hub]\nthread = 1")}),
              HasSubstr(":2: [hub] thread: unknown key"));
  EXPECT_THAT(ErrorOf({WriteFile("\n\n[hbu]\nthreads = 1")}), HasSubstr("unknown section [hbu]"));
}

TEST_F(OptionsTest, AWrongValueInTheFileNamesItsLine) {
  EXPECT_THAT(ErrorOf({WriteFile("\nthreads = 65")}),
              HasSubstr(":2: threads: '65' is out of range; allowed: 1 to 64"));
  EXPECT_THAT(ErrorOf({WriteFile("insecure = 'yes'")}), HasSubstr("without quotes"));
  EXPECT_THAT(ErrorOf({WriteFile("threads = true")}), HasSubstr("cannot be true or false"));
  EXPECT_THAT(ErrorOf({WriteFile("allowed-origin = 'a'")}), HasSubstr("array of strings"));
  EXPECT_THAT(ErrorOf({WriteFile("listen = ['a']")}), HasSubstr("must be one value"));
  EXPECT_THAT(ErrorOf({WriteFile("threads = 1.5")}), HasSubstr(":1: threads: must be a string"));
  EXPECT_THAT(ErrorOf({WriteFile("threads = ")}), HasSubstr(":1: "));
  EXPECT_THAT(ErrorOf({"--config=/nowhere/tocsin.toml"}),
              HasSubstr("/nowhere/tocsin.toml: No such"));
}

TEST_F(OptionsTest, AWrongValueNamesTheFlagOrVariable) {
  EXPECT_THAT(ErrorOf({"--threads=0"}), HasSubstr("--threads: '0' is out of range"));
  EXPECT_THAT(ErrorOf({"--threads=-1"}), HasSubstr("--threads: '-1' is not a whole number"));
  EXPECT_THAT(ErrorOf({"--heartbeat=30"}), HasSubstr("with its unit"));
  EXPECT_THAT(ErrorOf({"--heartbeat=2h"}), HasSubstr("allowed: 1s to 1h"));
  EXPECT_THAT(ErrorOf({"--recent-bytes=1"}), HasSubstr("allowed: 1KiB to 1GiB"));
  EXPECT_THAT(ErrorOf({"--store=memry"}),
              HasSubstr("allowed: rocksdb, memory; did you mean 'memory'?"));
  EXPECT_THAT(ErrorOf({"--insecure=maybe"}), HasSubstr("--insecure: 'maybe' is not true or false"));
  EXPECT_THAT(ErrorOf({"--listen"}), HasSubstr("--listen"));
  SetEnvironment("TOCSIN_STORE", "disk");
  EXPECT_THAT(ErrorOf({"--store=memory"}), HasSubstr("TOCSIN_STORE: 'disk' is unknown"));
}

TEST_F(OptionsTest, AnUnknownFlagNamesWhatIsClose) {
  EXPECT_THAT(ErrorOf({"--listne=x"}),
              HasSubstr("unknown flag --listne; did you mean '--listen'?"));
  EXPECT_THAT(ErrorOf({"--zzz"}), Not(HasSubstr("did you mean")));
  EXPECT_THAT(ErrorOf({"start"}), HasSubstr("unexpected argument 'start'"));
}

TEST_F(OptionsTest, CheckConfigChecksAndSaysSo) {
  bool checked = false;
  options_.Check([&] {
    checked = true;
    return insecure_ ? absl::InvalidArgumentError("together they are wrong") : absl::OkStatus();
  });
  const auto outcome = Parse({"--check-config", "--threads=3"});
  ASSERT_TRUE(outcome.ok());
  EXPECT_EQ(*outcome, Options::Outcome::kExit);
  EXPECT_EQ(out_.str(), "configuration is valid\n");
  EXPECT_TRUE(checked);
  EXPECT_THAT(ErrorOf({"--check-config", "--insecure"}), HasSubstr("together they are wrong"));
  EXPECT_THAT(ErrorOf({"--check-config", "--threads=0"}), HasSubstr("out of range"));
}

TEST_F(OptionsTest, RereadTakesWhatMayChangeAndNamesWhatNeedsARestart) {
  options_.Reloads({"allowed-origin", "threads"});
  ExpectRuns({WriteFile("threads = 3\nlisten = 'old'\n"), "--store=memory"});
  WriteFile("threads = 4\nlisten = 'new'\nallowed-origin = ['a']\nstore = 'rocksdb'\n");
  const auto changes = options_.Reread();
  ASSERT_TRUE(changes.ok()) << changes.status();
  EXPECT_THAT(changes->changed, ElementsAre("allowed-origin", "threads"));
  EXPECT_THAT(changes->needs_restart, ElementsAre("listen"));
  EXPECT_EQ(threads_, 4u);
  EXPECT_THAT(origins_, ElementsAre("a"));
  EXPECT_EQ(listen_, "old");
  EXPECT_EQ(store_, "memory");  // the flag still wins
  // What needs a restart is told until it comes; the rest is no change any more.
  const auto again = options_.Reread();
  EXPECT_TRUE(again->changed.empty());
  EXPECT_THAT(again->needs_restart, ElementsAre("listen"));
}

TEST_F(OptionsTest, RereadOfAKeyThatHasGoneIsTheDefault) {
  options_.Reloads({"threads"});
  ExpectRuns({WriteFile("threads = 3\n")});
  WriteFile("");
  EXPECT_THAT(options_.Reread()->changed, ElementsAre("threads"));
  EXPECT_EQ(threads_, 2u);
}

TEST_F(OptionsTest, RereadOfABadFileChangesNothingAndSaysWhy) {
  options_.Reloads({"allowed-origin", "threads"});
  options_.Check([&] {
    return threads_ == 13 ? absl::InvalidArgumentError("threads: not 13") : absl::OkStatus();
  });
  ExpectRuns({WriteFile("threads = 3\n")});
  for (const auto& [text, why] : std::vector<std::pair<std::string, std::string>>{
           {"allowed-origin = ['a']\nthreads = 65\n", "threads"},
           {"threads = 4\nthread = 4\n", "unknown key"},
           {"threads = 4\nlisten = \n", ":2"},
           {"allowed-origin = ['a']\nthreads = 13\n", "not 13"}}) {
    WriteFile(text);
    const auto changes = options_.Reread();
    ASSERT_FALSE(changes.ok()) << text;
    EXPECT_THAT(std::string(changes.status().message()), HasSubstr(why));
    EXPECT_EQ(threads_, 3u);
    EXPECT_THAT(origins_, testing::IsEmpty());
  }
  std::filesystem::remove(file_);
  EXPECT_THAT(std::string(options_.Reread().status().message()), HasSubstr(file_));
  EXPECT_EQ(threads_, 3u);
}

// A value may be right in the file and wrong beside one that stays as it was.
TEST_F(OptionsTest, RereadIsCheckedAgainBesideWhatStays) {
  options_.Reloads({"threads"});
  options_.Check([&] {
    return threads_ > 3 && !insecure_ ? absl::InvalidArgumentError("threads: needs insecure")
                                      : absl::OkStatus();
  });
  ExpectRuns({WriteFile("threads = 3\n")});
  WriteFile("threads = 4\ninsecure = true\n");
  EXPECT_THAT(std::string(options_.Reread().status().message()), HasSubstr("needs insecure"));
  EXPECT_EQ(threads_, 3u);
  EXPECT_FALSE(insecure_);
}

TEST_F(OptionsTest, HelpVersionAndDocsComeFromTheTable) {
  EXPECT_EQ(*Parse({"--version"}), Options::Outcome::kExit);
  EXPECT_EQ(out_.str(), "tocsin-hub " + std::string(Version()) + "\n");
  EXPECT_EQ(*Parse({"--help"}), Options::Outcome::kExit);
  EXPECT_THAT(out_.str(), HasSubstr("--listen HOST:PORT\n      Where to listen. [127.0.0.1:1]"));
  EXPECT_THAT(out_.str(), HasSubstr("How often. (1s to 1h) [30s]"));
  EXPECT_EQ(*Parse({"--print-config-docs"}), Options::Outcome::kExit);
  EXPECT_THAT(out_.str(),
              HasSubstr("| `--recent-bytes` | `TOCSIN_RECENT_BYTES` | `64KiB` | 1KiB to "
                        "1GiB | How much. |"));
  EXPECT_THAT(out_.str(), HasSubstr("Who may \\| connect."));
}

TEST(OptionValuesTest, SizesReadBack) {
  for (const size_t bytes : {size_t{0}, size_t{1}, size_t{1000}, size_t{65536}, size_t{3} << 30}) {
    EXPECT_EQ(*ParseBytes(FormatBytes(bytes)), bytes);
  }
  EXPECT_EQ(*ParseBytes("2kb"), 2000u);
  EXPECT_FALSE(ParseBytes("99999999999TiB").ok());
  EXPECT_FALSE(ParseBytes("1.5MiB").ok());
  EXPECT_FALSE(ParseBytes("-1").ok());
  EXPECT_FALSE(ParseBytes("").ok());
}

TEST(OptionValuesTest, TimesReadBack) {
  for (const absl::Duration time : {absl::Milliseconds(100), absl::Seconds(90), absl::Hours(168)}) {
    EXPECT_EQ(*ParseDuration(FormatDurationText(time)), time);
  }
  EXPECT_EQ(FormatDurationText(absl::Hours(168)), "7d");
  EXPECT_FALSE(ParseDuration("d").ok());
  EXPECT_FALSE(ParseDuration("soon").ok());
}

}  // namespace
}  // namespace tocsin
