#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "core/base/log.h"
#include "core/shell/settings_reload.h"

namespace tocsin {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class SettingsReloadTest : public ::testing::Test {
 protected:
  SettingsReloadTest() {
    StartLog(LogLevel::kInfo, LogFormat::kText);
    options_.Count(&number_, "number", "A number.", 1, 10);
    options_.Count(&fixed_, "fixed", "Another.", 1, 10);
    options_.Reloads({"number"});
    Write("number = 2\n");
    const std::string config = "--config=" + file_;
    const char* const argv[] = {"tocsin-hub", config.c_str()};
    EXPECT_TRUE(options_.Parse(2, argv, out_).ok());
  }
  ~SettingsReloadTest() override { std::filesystem::remove(file_); }

  void Write(const std::string& text) { std::ofstream(file_) << text; }

  const std::string file_ =
      testing::TempDir() + "tocsin-reload-" + std::to_string(getpid()) + ".toml";
  size_t number_ = 1;
  size_t fixed_ = 1;
  Options options_{"tocsin-hub", "the hub"};
  std::ostringstream out_;
  std::vector<size_t> applied_;
  int files_ = 0;  // how often they were read
  SettingsReload reload_{options_, [this] { applied_.push_back(number_); }, [this] { ++files_; }};
};

TEST_F(SettingsReloadTest, AppliesTheNewSettingsAndNamesTheRestInOneLine) {
  Write("number = 3\nfixed = 4\n");
  ::testing::internal::CaptureStderr();
  const auto changes = reload_.Run();
  const std::string lines = ::testing::internal::GetCapturedStderr();
  ASSERT_TRUE(changes.ok()) << changes.status();
  EXPECT_THAT(changes->changed, ElementsAre("number"));
  EXPECT_THAT(changes->needs_restart, ElementsAre("fixed"));
  EXPECT_THAT(applied_, ElementsAre(3));
  EXPECT_EQ(fixed_, 1u);
  EXPECT_THAT(lines, HasSubstr("changed in the file, needs a restart settings=--fixed"));
}

// Files that settings name may have changed while the settings have not.
TEST_F(SettingsReloadTest, AppliesAlsoWhereNoSettingHasChanged) {
  EXPECT_TRUE(reload_.Run().ok());
  EXPECT_THAT(applied_, ElementsAre(2));
  EXPECT_EQ(files_, 1);
}

// Certificates and keys do not wait for a file of settings to be mended.
TEST_F(SettingsReloadTest, AWrongFileAppliesNothingAndSaysWhy) {
  Write("number = 11\n");
  ::testing::internal::CaptureStderr();
  const auto changes = reload_.Run();
  const std::string lines = ::testing::internal::GetCapturedStderr();
  EXPECT_FALSE(changes.ok());
  EXPECT_TRUE(applied_.empty());
  EXPECT_EQ(number_, 2u);
  EXPECT_EQ(files_, 1);
  EXPECT_THAT(lines, HasSubstr("settings are wrong, and stay as they were"));
  EXPECT_THAT(lines, HasSubstr("number"));
}

TEST_F(SettingsReloadTest, NothingIsAppliedAfterStop) {
  reload_.Stop();
  EXPECT_FALSE(reload_.Run().ok());
  EXPECT_TRUE(applied_.empty());
  EXPECT_EQ(files_, 0);
}

}  // namespace
}  // namespace tocsin
