#include "hub/dedup.h"

#include <gtest/gtest.h>

#include "core/base/xxh64.h"
#include "core/event/canonical.h"
#include "hub/content_hash.h"
#include "hub/log/log_codec.h"
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

// The hash is on disk: a change of it without another content rule makes every retry across an
// update a conflict.
TEST(ContentHashTest, IsSpecified) {
  const v1::Event event = SystemEvent("a", TestUuid(1));
  EXPECT_EQ(ContentOf(event).hash, Xxh64(CanonicalBytes(event)));
  EXPECT_EQ(ContentOf(SystemEvent("a")).hash, 0u);  // nobody asks
}

TEST(ContentHashTest, TellsContentsApart) {
  const v1::Event event = SystemEvent("a", TestUuid(1));
  EXPECT_EQ(ContentOf(event).hash, ContentOf(SystemEvent("a", TestUuid(1))).hash);
  EXPECT_NE(ContentOf(event).hash, ContentOf(SystemEvent("b", TestUuid(1))).hash);
  EXPECT_EQ(ContentOf(event).bytes, event.ByteSizeLong());
}

// A record of published ids as it was before contents were hashed by a rule with a number.
std::string WithoutRule(std::string record) { return record.substr(1); }

TEST(DedupRecordTest, ContentsOfThisRuleAreCompared) {
  const std::vector<DedupEntry> written = {Entry(1), Entry(2)};
  std::vector<DedupEntry> read;
  ASSERT_TRUE(DecodeDedup(*EncodeDedup(written), read).ok());
  ASSERT_EQ(read.size(), 2u);
  EXPECT_EQ(read[1].id, TestUuid(2));
  EXPECT_EQ(read[1].content, 22u);
  EXPECT_EQ(DecodeNewestDedup(*EncodeDedup(written))->sequence, 2u);
}

// Symptom: a retry across an update to another hash would be a CONFLICT. Cause: the record did not
// say how its contents were hashed. Older tests wrote and read with one version.
TEST(DedupRecordTest, ContentsOfAnotherRuleAreNot) {
  const std::string record = *EncodeDedup(std::vector<DedupEntry>{Entry(1), Entry(2)});
  const std::string later = "\x02" + WithoutRule(record);
  for (const std::string& other : {WithoutRule(record), later}) {
    std::vector<DedupEntry> read;
    ASSERT_TRUE(DecodeDedup(other, read).ok());
    ASSERT_EQ(read.size(), 2u);
    EXPECT_EQ(read[1].id, TestUuid(2));
    EXPECT_EQ(read[1].sequence, 2u);
    EXPECT_EQ(read[1].content, kUnknownContent);
    EXPECT_EQ(DecodeNewestDedup(other)->id, TestUuid(2));
  }
}

TEST(DedupRecordTest, ACutRecordIsDamaged) {
  const std::string record = *EncodeDedup(std::vector<DedupEntry>{Entry(1), Entry(2)});
  std::vector<DedupEntry> read;
  EXPECT_EQ(DecodeDedup(record.substr(0, record.size() - 2), read).code(),
            absl::StatusCode::kDataLoss);
  EXPECT_EQ(DecodeNewestDedup(record.substr(0, 20)).status().code(), absl::StatusCode::kDataLoss);
}

}  // namespace
}  // namespace tocsin::hub
