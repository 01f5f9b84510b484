#include "hub/dedup.h"

#include <gtest/gtest.h>

#include "hub/content_hash.h"
#include "tests/hub/hub_fixtures.h"

namespace tocsin::hub {
namespace {

DedupEntry Entry(uint64_t number, absl::Time time = kStart) {
  return {TestUuid(number), number * 11, number, time, TestUuid(900 + number)};
}

TEST(DedupWindowTest, RemembersAnId) {
  DedupWindow window;
  window.Add(Entry(1));
  ASSERT_NE(window.Find(TestUuid(1)), nullptr);
  EXPECT_EQ(window.Find(TestUuid(1))->content, 11u);
  EXPECT_EQ(window.Find(TestUuid(1))->sequence, 1u);
  EXPECT_EQ(UnpackUuid(window.Find(TestUuid(1))->incident), TestUuid(901));
  EXPECT_EQ(window.Find(TestUuid(2)), nullptr);
}

TEST(DedupWindowTest, ForgetsByAge) {
  DedupWindow window({.age = absl::Minutes(10), .ids = 100});
  window.Add(Entry(1));
  window.Add(Entry(2, kStart + absl::Minutes(1)));
  window.Expire(kStart + absl::Minutes(10));
  EXPECT_EQ(window.size(), 2u);
  window.Expire(kStart + absl::Minutes(10) + absl::Microseconds(1));
  EXPECT_EQ(window.Find(TestUuid(1)), nullptr);
  EXPECT_NE(window.Find(TestUuid(2)), nullptr);
}

TEST(DedupWindowTest, ForgetsByCountTheOldestFirst) {
  DedupWindow window({.age = absl::Minutes(10), .ids = 3});
  for (uint64_t i = 1; i <= 5; ++i) window.Add(Entry(i));
  window.Expire(kStart);
  EXPECT_EQ(window.size(), 3u);
  EXPECT_EQ(window.Find(TestUuid(2)), nullptr);
  EXPECT_NE(window.Find(TestUuid(3)), nullptr);
}

TEST(DedupWindowTest, AnIdThatTheLogHasTwiceCountsAsTheNewer) {
  DedupWindow window({.age = absl::Minutes(10), .ids = 100});
  DedupEntry again = Entry(1, kStart + absl::Minutes(20));
  again.sequence = 50;
  window.Load({Entry(1), again});
  window.Expire(kStart + absl::Minutes(21));
  ASSERT_NE(window.Find(TestUuid(1)), nullptr);
  EXPECT_EQ(window.Find(TestUuid(1))->sequence, 50u);
}

TEST(PackedUuidTest, RoundTripsAndRefusesTheRest) {
  const std::string id = "0190b6a5-7c1e-7abc-8def-000000000001";
  EXPECT_EQ(UnpackUuid(*PackUuid(id)), id);
  EXPECT_EQ(UnpackUuid(*PackUuid("")), "");
  EXPECT_FALSE(PackUuid("0190b6a57c1e7abc8def000000000001").has_value());
  EXPECT_FALSE(PackUuid("0190b6a5-7c1e-7abc-8def-00000000000g").has_value());
  EXPECT_FALSE(PackUuid("0190b6a5-7c1e-7abc-8def+000000000001").has_value());
}

// The hash is on disk: a change of these values makes every retry across an update a conflict.
TEST(ContentHashTest, NeverChanges) {
  EXPECT_EQ(StableHash(""), 7175312947680778460ULL);
  EXPECT_EQ(StableHash("tocsin"), 8457886650574478124ULL);
  EXPECT_EQ(StableHash("an event of more than eight bytes"), 12130398183752583401ULL);
}

TEST(ContentHashTest, TellsContentsApart) {
  const v1::Event event = SystemEvent("a", TestUuid(1));
  EXPECT_EQ(ContentOf(event).hash, ContentOf(SystemEvent("a", TestUuid(1))).hash);
  EXPECT_NE(ContentOf(event).hash, ContentOf(SystemEvent("b", TestUuid(1))).hash);
  EXPECT_NE(StableHash(std::string_view("\0", 1)), StableHash(std::string_view("\0\0", 2)));
  EXPECT_EQ(ContentOf(event).bytes, event.ByteSizeLong());
}

}  // namespace
}  // namespace tocsin::hub
