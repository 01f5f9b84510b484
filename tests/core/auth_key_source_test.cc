// Which keys are used when: the files or the address change, fail, and come back.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>

#include "core/auth/key_files.h"
#include "core/auth/refusal.h"
#include "tests/core/auth_fixture.h"
#include "tests/core/auth_keys.h"

namespace tocsin {
namespace {

using testing::FakeKeyReader;
using testing::FakeKeys;
using ::testing::HasSubstr;
using testing::kTestSecret;

using Sought = KeySource::Sought;

constexpr std::string_view kSecondSecret = "a second secret of more than 32 bytes";

std::vector<KeyText> Secret(std::string_view secret) {
  return {{KeyText::Form::kSecret, "FILE", std::string(secret)}};
}

// Of an address: read every 10 minutes, for a kid every 30 s, kept for a day.
class KeySourceTest : public ::testing::Test {
 protected:
  bool Has(std::string_view secret) const {
    const KeySetPtr set = source_.Keys();
    const auto signer = SigningKey::OfSecret(secret);
    return set != nullptr && set->keys()[0].Verifies("text", signer->Sign("text"));
  }

  ManualClock clock_;
  FakeKeys keys_{Secret(kTestSecret)};
  KeySource source_{std::make_unique<FakeKeyReader>(keys_), KeySourceOptions::ForAddress(), clock_};
};

TEST_F(KeySourceTest, ItDoesNotStartWithoutKeys) {
  EXPECT_EQ(source_.Keys(), nullptr);
  keys_.texts = absl::UnavailableError("no answer");
  EXPECT_THAT(std::string(source_.Load().message()), HasSubstr("no answer"));
  EXPECT_EQ(source_.Keys(), nullptr);
  keys_.texts = Secret("short");
  EXPECT_FALSE(source_.Load().ok());
  EXPECT_EQ(source_.Keys(), nullptr);
  keys_.texts = Secret(kTestSecret);
  EXPECT_TRUE(source_.Load().ok());
  EXPECT_TRUE(Has(kTestSecret));
}

TEST_F(KeySourceTest, ANewSetReplacesTheOldOneWhole) {
  ASSERT_TRUE(source_.Load().ok());
  const KeySetPtr before = source_.Keys();
  keys_.texts = Secret(kSecondSecret);
  EXPECT_EQ(source_.RunOnce(), absl::Minutes(10));
  EXPECT_EQ(keys_.readings, 1);
  clock_.Advance(absl::Minutes(10));
  source_.RunOnce();
  EXPECT_TRUE(Has(kSecondSecret));
  EXPECT_FALSE(Has(kTestSecret));
  // A verification that goes on keeps its own.
  EXPECT_EQ(before->keys().size(), 1u);
}

TEST_F(KeySourceTest, EqualTextsAreNotParsedAgain) {
  ASSERT_TRUE(source_.Load().ok());
  const KeySetPtr before = source_.Keys();
  clock_.Advance(absl::Minutes(10));
  source_.RunOnce();
  EXPECT_EQ(keys_.readings, 2);
  EXPECT_EQ(source_.Keys(), before);
}

TEST_F(KeySourceTest, TheLastGoodSetStaysForADay) {
  ASSERT_TRUE(source_.Load().ok());
  for (const auto& bad : {absl::StatusOr<std::vector<KeyText>>(absl::UnavailableError("away")),
                          absl::StatusOr<std::vector<KeyText>>(Secret("short"))}) {
    keys_.texts = bad;
    clock_.Advance(absl::Minutes(10));
    // Tried again soon.
    EXPECT_EQ(source_.RunOnce(), absl::Seconds(30));
    EXPECT_TRUE(Has(kTestSecret));
    EXPECT_FALSE(source_.state().error.empty());
  }
  // The same wrong text is still wrong.
  clock_.Advance(absl::Minutes(10));
  source_.RunOnce();
  EXPECT_THAT(source_.state().error, HasSubstr("has 5 bytes"));
  EXPECT_EQ(source_.state().failures, 3u);
  clock_.Advance(absl::Hours(24) - absl::Minutes(30));
  EXPECT_TRUE(Has(kTestSecret));
  clock_.Advance(absl::Seconds(1));
  EXPECT_EQ(source_.Keys(), nullptr);
  keys_.texts = Secret(kTestSecret);
  source_.RunOnce();
  EXPECT_TRUE(Has(kTestSecret));
  EXPECT_EQ(source_.state().error, "");
}

TEST_F(KeySourceTest, AnOperatorsWordIsEnoughToReadAgain) {
  ASSERT_TRUE(source_.Load().ok());
  EXPECT_EQ(source_.Seek(), Sought::kNotThere);
  source_.RunOnce();
  EXPECT_EQ(keys_.readings, 1);
  source_.ReadSoon();
  source_.RunOnce();
  EXPECT_EQ(keys_.readings, 2);
  source_.RunOnce();
  EXPECT_EQ(keys_.readings, 2);
}

TEST_F(KeySourceTest, AnUnknownKidIsAskedForOnceIn30Seconds) {
  ASSERT_TRUE(source_.Load().ok());
  EXPECT_EQ(source_.Seek(), Sought::kNotThere);
  clock_.Advance(absl::Seconds(30));
  for (int i = 0; i < 1000; ++i) {
    EXPECT_EQ(source_.Seek(), Sought::kUnderWay);
  }
  EXPECT_EQ(keys_.readings, 1);
  source_.RunOnce();
  EXPECT_EQ(keys_.readings, 2);
  for (int i = 0; i < 29; ++i) {
    EXPECT_EQ(source_.Seek(), Sought::kNotThere);
    source_.RunOnce();
    clock_.Advance(absl::Seconds(1));
  }
  EXPECT_EQ(keys_.readings, 2);
}

TEST_F(KeySourceTest, WhatCannotBeReadIsNoAnswerAboutAKid) {
  ASSERT_TRUE(source_.Load().ok());
  clock_.Advance(absl::Seconds(30));
  keys_.texts = absl::UnavailableError("away");
  EXPECT_EQ(source_.Seek(), Sought::kUnderWay);
  source_.RunOnce();
  EXPECT_EQ(source_.Seek(), Sought::kUnderWay);
  EXPECT_EQ(keys_.readings, 2);
  EXPECT_EQ(source_.RunOnce(), absl::Seconds(30));
}

// The thread sees a new set within the time between two readings, while others verify.
TEST(KeySourceThreadTest, KeysAreReplacedUnderVerifiers) {
  class Turning : public KeyReader {
   public:
    absl::StatusOr<std::vector<KeyText>> Read() override {
      return Secret(++turn_ % 2 == 0 ? kTestSecret : kSecondSecret);
    }

   private:
    int turn_ = 0;
  };
  KeySourceOptions options = KeySourceOptions::ForFiles();
  options.every = absl::Microseconds(100);
  KeySource source(std::make_unique<Turning>(), options, Clock::Real());
  ASSERT_TRUE(source.Load().ok());
  source.Start();
  std::vector<std::thread> verifiers;
  std::atomic<int> good = 0;
  for (int i = 0; i < 3; ++i) {
    verifiers.emplace_back([&] {
      const auto first = SigningKey::OfSecret(kTestSecret)->Sign("text");
      const auto second = SigningKey::OfSecret(kSecondSecret)->Sign("text");
      while (source.state().readings < 200) {
        const KeySetPtr set = source.Keys();
        good += set->keys()[0].Verifies("text", first) != set->keys()[0].Verifies("text", second);
        source.Seek();
      }
    });
  }
  for (std::thread& each : verifiers) each.join();
  source.Stop();
  EXPECT_GT(good, 0);
}

class KeyFilesTest : public ::testing::Test {
 protected:
  KeyFilesTest() { std::filesystem::create_directories(dir_); }
  ~KeyFilesTest() override { std::filesystem::remove_all(dir_); }

  void Write(const std::string& name, std::string_view text) {
    std::filesystem::create_directories((dir_ / name).parent_path());
    std::ofstream(dir_ / name) << text;
  }
  void Turn() {
    clock_.Advance(absl::Seconds(1));
    source_->RunOnce();
  }
  bool Has(std::string_view secret) const {
    return source_->Keys()->keys()[0].Verifies("t", SigningKey::OfSecret(secret)->Sign("t"));
  }
  void Open(const std::string& name) {
    source_.emplace(std::make_unique<KeyFiles>(KeyFileNames{.secrets = {(dir_ / name).string()}}),
                    KeySourceOptions::ForFiles(), clock_);
    ASSERT_TRUE(source_->Load().ok());
  }

  const std::filesystem::path dir_ =
      std::filesystem::path(::testing::TempDir()) / absl::StrCat("keys-", getpid());
  ManualClock clock_;
  std::optional<KeySource> source_;
};

TEST_F(KeyFilesTest, AFileThatIsWrittenInPlaceIsFound) {
  Write("secret", kTestSecret);
  Open("secret");
  // As an editor leaves it half way.
  Write("secret", "");
  Turn();
  EXPECT_TRUE(Has(kTestSecret));
  Write("secret", kSecondSecret);
  Turn();
  EXPECT_TRUE(Has(kSecondSecret));
  EXPECT_FALSE(Has(kTestSecret));
}

TEST_F(KeyFilesTest, AFileThatIsRenamedOverItIsFound) {
  Write("secret", kTestSecret);
  Open("secret");
  Write("new", kSecondSecret);
  std::filesystem::rename(dir_ / "new", dir_ / "secret");
  Turn();
  EXPECT_TRUE(Has(kSecondSecret));
}

// Kubernetes: secret → ..data/secret, and ..data is a link that is swapped.
TEST_F(KeyFilesTest, AFolderWhoseLinkIsSwappedIsFound) {
  Write("1/secret", kTestSecret);
  Write("2/secret", kSecondSecret);
  std::filesystem::create_symlink("1", dir_ / "data");
  std::filesystem::create_symlink("data/secret", dir_ / "secret");
  Open("secret");
  std::filesystem::create_symlink("2", dir_ / "swap");
  std::filesystem::rename(dir_ / "swap", dir_ / "data");
  Turn();
  EXPECT_TRUE(Has(kSecondSecret));
}

TEST_F(KeyFilesTest, AFileThatIsGoneLeavesTheKeys) {
  Write("secret", kTestSecret);
  Open("secret");
  std::filesystem::remove(dir_ / "secret");
  Turn();
  EXPECT_TRUE(Has(kTestSecret));
  EXPECT_THAT(source_->state().error, HasSubstr("cannot read"));
}

TEST_F(KeyFilesTest, WhatIsTooLargeIsNotRead) {
  Write("secret", std::string(100'000, 'x'));
  EXPECT_THAT(std::string(ReadKeyFile((dir_ / "secret").string()).status().message()),
              HasSubstr("too large"));
  EXPECT_THAT(std::string(ReadKeyFile(dir_.string()).status().message()), HasSubstr("directory"));
}

}  // namespace
}  // namespace tocsin
