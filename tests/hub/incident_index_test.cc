// The pages of the index beside an oracle that sorts all rows, with some ten blocks of places:
// incidents come, change and go, many of them at equal times.
#include "hub/query/incident_index.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <vector>

#include "hub/log/incident_state.h"
#include "tests/hub/hub_fixtures.h"

namespace tocsin::hub {
namespace {

class IncidentIndexTest : public ::testing::Test {
 protected:
  // Times of a few values, of many, or such that the later places have the earlier times.
  int64_t RandomTime() {
    const auto number = static_cast<int64_t>(random_() % 1'000'000);
    if (few_times_) return number % 7;
    return random_() % 2 == 0 ? number % 7 : random_() % 2 == 0 ? number : -put_;
  }
  void Put(uint64_t number) {
    IncidentRow row{.id = *PackUuid(TestUuid(number)),
                    .last_sequence = static_cast<Sequence>(++put_),
                    .created = RandomTime(),
                    .updated = RandomTime(),
                    .severity = static_cast<v1::Severity>(random_() % 6),
                    .state = static_cast<v1::IncidentState>(1 + random_() % 6)};
    index_.Put(row);
    rows_[row.id] = row;
  }
  void Forget(uint64_t number) {
    const PackedUuid id = *PackUuid(TestUuid(number));
    index_.Forget(id);
    rows_.erase(id);
  }
  void Change() {
    for (int i = 0; i < 300; ++i) {
      if (const uint64_t number = random_() % kIncidents; random_() % 4 == 0) {
        Forget(number);
      } else {
        Put(number);
      }
    }
  }

  IncidentOrderKey KeyOf(const IncidentRow& row, v1::IncidentOrder by) const {
    switch (by) {
      case v1::INCIDENT_ORDER_SEVERITY:
        return {SeverityRank(row.severity), row.updated, row.id};
      case v1::INCIDENT_ORDER_CREATED_AT:
        return {row.created, 0, row.id};
      default:
        return {row.updated, 0, row.id};
    }
  }
  bool Matches(const Filter& filter, const IncidentRow& row) const {
    return (filter.masks().severities >> row.severity & 1u) != 0 &&
           (filter.masks().states >> row.state & 1u) != 0;
  }
  std::vector<IncidentOrderKey> Oracle(const IncidentQuery& query) const {
    std::vector<IncidentOrderKey> keys;
    for (const auto& [id, row] : rows_) {
      if (Matches(*query.filter, row)) {
        keys.push_back(KeyOf(row, query.ordering.by));
      }
    }
    std::sort(keys.begin(), keys.end());
    if (!query.ordering.ascending) {
      std::reverse(keys.begin(), keys.end());
    }
    return keys;
  }

  IncidentQuery RandomQuery() {
    v1::Filter filter;
    if (random_() % 2 == 0) {
      filter.add_severities(static_cast<v1::Severity>(1 + random_() % 5));
      filter.add_severities(v1::SEVERITY_P2);
    }
    filter.set_active_only(random_() % 3 == 0);
    return {.filter = *Filter::Compile(filter),
            .ordering = {static_cast<v1::IncidentOrder>(1 + random_() % 3), random_() % 2 == 0},
            .limit = 1 + random_() % 60};
  }
  // Reads every page, by token or by number, and changes nothing meanwhile.
  void CheckPages(IncidentQuery query, bool by_number) {
    const std::vector<IncidentOrderKey> expected = Oracle(query);
    query.as_of = static_cast<Sequence>(put_);
    std::vector<IncidentOrderKey> read;
    bool more = true;
    while (more) {
      const IncidentSelection page = index_.Select(query);
      ASSERT_EQ(page.total, expected.size());
      ASSERT_LE(page.entries.size(), query.limit);
      for (const IncidentSelection::Entry& entry : page.entries) {
        ASSERT_EQ(entry.last_sequence, rows_[entry.key.id].last_sequence);
        read.push_back(entry.key);
      }
      more = page.more;
      ASSERT_TRUE(!more || page.entries.size() == query.limit);
      if (by_number) {
        query.skip += query.limit;
      } else if (more) {
        query.after = read.back();
      }
    }
    ASSERT_TRUE(read == expected);
  }

  static constexpr uint64_t kIncidents = 700;
  std::mt19937_64 random_{11};
  int64_t put_ = 0;
  bool few_times_ = false;
  IncidentIndex index_;
  std::map<PackedUuid, IncidentRow> rows_;
};

TEST_F(IncidentIndexTest, PagesAreWhatTheOracleSays) {
  for (uint64_t number = 0; number < kIncidents; ++number) {
    Put(number);
  }
  for (int round = 0; round < 100 && !HasFatalFailure(); ++round) {
    Change();
    CheckPages(RandomQuery(), round % 2 == 0);
  }
}

TEST_F(IncidentIndexTest, APageLeavesOutWhatHasChangedSinceTheFirst) {
  for (uint64_t number = 0; number < kIncidents; ++number) {
    Put(number);
  }
  for (int round = 0; round < 50; ++round) {
    IncidentQuery query = RandomQuery();
    query.as_of = static_cast<Sequence>(put_);
    const IncidentSelection first = index_.Select(query);
    if (!first.more) {
      continue;
    }
    query.after = first.entries.back().key;
    Change();
    const IncidentSelection second = index_.Select(query);
    for (const IncidentSelection::Entry& entry : second.entries) {
      EXPECT_LE(entry.last_sequence, query.as_of);
      EXPECT_TRUE(query.ordering.ascending ? entry.key > *query.after : entry.key < *query.after);
    }
  }
}

// With so many blocks, and times that say nothing of the place, a page gives up their order.
TEST_F(IncidentIndexTest, PagesOfManyBlocksInNoOrderAreWhatTheOracleSays) {
  constexpr uint64_t kMany = 100'000;
  for (uint64_t number = 0; number < kMany; ++number) {
    Put(number);
  }
  for (int round = 0; round < 24; ++round) {
    if (round == 12) {  // from here on the ids decide among very many equal times
      few_times_ = true;
      for (uint64_t number = 0; number < kMany; ++number) {
        Put(number);
      }
    }
    IncidentQuery query = RandomQuery();
    query.limit = 50;
    query.skip = round % 3 * 4'000;
    const std::vector<IncidentOrderKey> expected = Oracle(query);
    const IncidentSelection page = index_.Select(query);
    ASSERT_EQ(page.total, expected.size());
    const size_t first = std::min(query.skip, expected.size());
    ASSERT_EQ(page.entries.size(), std::min(query.limit, expected.size() - first));
    for (size_t i = 0; i < page.entries.size(); ++i) {
      ASSERT_TRUE(page.entries[i].key == expected[first + i]) << round << ' ' << i;
    }
  }
}

TEST_F(IncidentIndexTest, AnEmptyIndexHasAnEmptyPage) {
  for (int round = 0; round < 20; ++round) {
    const IncidentSelection page = index_.Select(RandomQuery());
    EXPECT_EQ(page.total, 0u);
    EXPECT_THAT(page.entries, ::testing::IsEmpty());
    EXPECT_FALSE(page.more);
  }
}

}  // namespace
}  // namespace tocsin::hub
