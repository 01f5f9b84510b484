#include <gtest/gtest.h>

#include <set>
#include <string>
#include <thread>
#include <vector>

#include "core/event/uuid.h"

namespace tocsin {
namespace {

constexpr int64_t kMillis = 1'767'323'045'678;

TEST(UuidTest, HasVersionVariantAndTime) {
  const std::string id = NewUuid(absl::FromUnixMillis(kMillis));
  ASSERT_TRUE(IsUuid(id)) << id;
  EXPECT_EQ(id[14], '7');
  EXPECT_NE(std::string("89ab").find(id[19]), std::string::npos) << id;
  EXPECT_EQ(std::stoll(id.substr(0, 8) + id.substr(9, 4), nullptr, 16), kMillis);
}

TEST(UuidTest, IncreasesWithinOneMillisecondAndWhenTheClockGoesBack) {
  std::string last;
  // Far more than the counter holds.
  for (int i = 0; i < 20'000; ++i) {
    const std::string id = NewUuid(absl::FromUnixMillis(kMillis + 100 - i / 1000));
    ASSERT_LT(last, id);
    last = id;
  }
}

TEST(UuidTest, ThreadsMakeDifferentOnes) {
  std::vector<std::vector<std::string>> made(4);
  std::vector<std::thread> threads;
  for (auto& ids : made) {
    threads.emplace_back([&ids] {
      for (int i = 0; i < 5000; ++i) {
        ids.push_back(NewUuid(absl::FromUnixMillis(kMillis)));
      }
    });
  }
  std::set<std::string> all;
  for (size_t i = 0; i < threads.size(); ++i) {
    threads[i].join();
    all.insert(made[i].begin(), made[i].end());
  }
  EXPECT_EQ(all.size(), 20'000u);
}

TEST(UuidTest, KnowsTheTextForm) {
  EXPECT_TRUE(IsUuid("0190B6A5-7c1e-7000-8000-00000000000F"));
  EXPECT_TRUE(IsUuid("00000000-0000-0000-0000-000000000000"));
  for (const char* text :
       {"", "0190b6a57c1e70008000000000000001", "0190b6a5-7c1e-7000-8000-00000000001",
        "0190b6a5-7c1e-7000-8000-0000000000011", "0190b6a5_7c1e-7000-8000-000000000001",
        "0190b6a5-7c1e-7000-8000-00000000000g", "{190b6a5-7c1e-7000-8000-00000000000}"}) {
    EXPECT_FALSE(IsUuid(text)) << text;
  }
}

TEST(UuidTest, CanonicalFormIsLowerCase) {
  EXPECT_EQ(CanonicalUuid("0190B6A5-7C1E-7000-8000-00000000000F"),
            "0190b6a5-7c1e-7000-8000-00000000000f");
}

}  // namespace
}  // namespace tocsin
