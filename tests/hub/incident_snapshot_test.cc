// The incident table as it stood at one place, over every store. The oracle is what each commit
// says of its incidents.
#include "hub/log/incident_snapshot.h"

#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <set>
#include <thread>

#include "hub/log/memory_log.h"
#include "hub/log/rocksdb_log.h"
#include "tests/hub/hub_fixtures.h"

namespace tocsin::hub {
namespace {

constexpr auto kDetected = v1::INCIDENT_STATE_DETECTED;
constexpr auto kResolved = v1::INCIDENT_STATE_RESOLVED;

class IncidentSnapshotTest : public testing::TestWithParam<std::string> {
 protected:
  IncidentSnapshotTest() {
    if (GetParam() == "memory") {
      log_ = std::make_unique<MemoryLog>();
    } else {
      log_ = OpenRocks(RocksIn(dir_, Durability::kMemory));
    }
  }

  // One commit of one event, after which the incident stands so.
  void Change(uint64_t number, v1::IncidentState state = kDetected, std::string_view title = "") {
    const auto batch = NextBatch(*log_, 1, kStart);
    const Sequence sequence = batch->events.back()->cursor.sequence;
    v1::Incident incident = IncidentCreated(TestUuid(number)).incident();
    incident.set_state(state);
    incident.set_title(title.empty() ? std::to_string(sequence) : std::string(title));
    IncidentPtr& before = known_[number];
    const IncidentPtr after = IncidentState::From(incident, sequence, kStart);
    batch->incidents.push_back({before, after});
    ASSERT_EQ(log_->Append(batch), absl::OkStatus());
    before = after;
  }

  std::unique_ptr<IncidentSnapshot> Snapshot(const v1::Filter& filter = {}) {
    return log_->SnapshotIncidents(*Filter::Compile(filter)).value();
  }

  // Ids by title, all that is left.
  static std::map<std::string, std::string> Rest(IncidentSnapshot& snapshot,
                                                 size_t max_looked_at = 7) {
    std::map<std::string, std::string> titles;
    bool more = true;
    while (more) {
      size_t looked_at = 0;
      more = *snapshot.Read(max_looked_at, [&](std::string_view bytes) {
        v1::Incident incident;
        EXPECT_TRUE(incident.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())));
        EXPECT_TRUE(titles.emplace(incident.id(), incident.title()).second) << "twice";
        return ++looked_at < max_looked_at;
      });
      EXPECT_LE(looked_at, max_looked_at);
    }
    return titles;
  }
  static std::set<std::string> Ids(IncidentSnapshot& snapshot) {
    std::set<std::string> ids;
    for (const auto& [id, title] : Rest(snapshot)) ids.insert(id);
    return ids;
  }

  TempDir dir_;
  std::unique_ptr<Log> log_;
  std::map<uint64_t, IncidentPtr> known_;
};

INSTANTIATE_TEST_SUITE_P(Stores, IncidentSnapshotTest, testing::Values("memory", "rocksdb"),
                         [](const auto& store) { return store.param; });

TEST_P(IncidentSnapshotTest, OfAnEmptyTableIsEmptyAtTheLogsEnd) {
  const auto snapshot = Snapshot();
  EXPECT_EQ(snapshot->place(), log_->extent().latest);
  EXPECT_TRUE(Ids(*snapshot).empty());
}

TEST_P(IncidentSnapshotTest, HasActiveOnesAndThoseThatAreOverAsTheFilterSays) {
  Change(1);
  Change(2, kResolved);
  Change(3);
  Change(3, kResolved);
  EXPECT_EQ(Ids(*Snapshot()), (std::set{TestUuid(1), TestUuid(2), TestUuid(3)}));
  v1::Filter active;
  active.set_active_only(true);
  EXPECT_EQ(Ids(*Snapshot(active)), (std::set{TestUuid(1)}));
  v1::Filter resolved;
  resolved.add_states(kResolved);
  EXPECT_EQ(Ids(*Snapshot(resolved)), (std::set{TestUuid(2), TestUuid(3)}));
}

TEST_P(IncidentSnapshotTest, TypesOfEventsHaveNoBearingOnIt) {
  Change(1);
  v1::Filter comments;
  comments.add_event_types(v1::EVENT_TYPE_COMMENT_ADDED);
  EXPECT_EQ(Ids(*Snapshot(comments)), (std::set{TestUuid(1)}));
}

TEST_P(IncidentSnapshotTest, NamedIncidentsAreGivenAndNoOther) {
  for (uint64_t number = 1; number <= 20; ++number)
    Change(number, number % 2 ? kDetected : kResolved);
  v1::Filter named;
  for (const uint64_t number : {4, 7, 99}) named.add_incident_ids(TestUuid(number));
  EXPECT_EQ(Ids(*Snapshot(named)), (std::set{TestUuid(4), TestUuid(7)}));
  named.set_active_only(true);
  EXPECT_EQ(Ids(*Snapshot(named)), (std::set{TestUuid(7)}));
}

TEST_P(IncidentSnapshotTest, GoesOnWhereItWasStopped) {
  for (uint64_t number = 1; number <= 50; ++number) Change(number);
  const auto snapshot = Snapshot();
  size_t taken = 0;
  ASSERT_TRUE(*snapshot->Read(1'000, [&](std::string_view) { return ++taken < 3; }));
  EXPECT_EQ(taken, 3u);
  ASSERT_TRUE(*snapshot->Read(10, [&](std::string_view) { return ++taken > 0; }));
  EXPECT_EQ(taken, 13u);
  EXPECT_EQ(Rest(*snapshot).size(), 37u);
}

TEST_P(IncidentSnapshotTest, WhatIsAppendedLaterDoesNotShow) {
  for (uint64_t number = 1; number <= 30; ++number) Change(number, kDetected, "old");
  const auto snapshot = Snapshot();
  const Cursor place = log_->extent().latest;
  EXPECT_EQ(snapshot->place(), place);
  size_t taken = 0;
  ASSERT_TRUE(*snapshot->Read(5, [&](std::string_view) { return ++taken > 0; }));
  for (uint64_t number = 1; number <= 60; ++number) Change(number, kResolved, "new");
  EXPECT_EQ(snapshot->place(), place);
  const auto rest = Rest(*snapshot);
  EXPECT_EQ(rest.size(), 25u);
  for (const auto& [id, title] : rest) EXPECT_EQ(title, "old") << id;
}

// A table that is read later than the place is noted, or earlier, would show an incident whose
// newest event lies after the place, or lack one that lies before it.
TEST_P(IncidentSnapshotTest, IsThatOfItsPlaceWhileCommitsGoOn) {
  constexpr uint64_t kIncidents = 8;
  std::atomic<bool> stop{false};
  std::thread writer([&] {
    for (uint64_t i = 0; !stop; ++i) {
      Change(i % kIncidents, i % 3 == 0 ? kResolved : kDetected);
    }
  });
  Sequence before = 0;
  for (int places = 0; places < 60;) {
    const auto snapshot = Snapshot();
    const Sequence place = snapshot->place().sequence;
    places += place != before ? 1 : 0;
    before = place;
    std::map<std::string, std::string> expected;  // each event has its sequence for a title
    for (Sequence s = place > kIncidents ? place - kIncidents + 1 : 1; s <= place; ++s) {
      expected[TestUuid((s - 1) % kIncidents)] = std::to_string(s);
    }
    EXPECT_EQ(Rest(*snapshot, 3), expected) << "at " << place;
    if (HasFailure()) {
      break;
    }
  }
  stop = true;
  writer.join();
}

TEST_P(IncidentSnapshotTest, TheLogIsTrimmedBesideIt) {
  for (uint64_t number = 1; number <= 100; ++number) Change(number);
  const auto snapshot = Snapshot();
  for (uint64_t number = 1; number <= 100; ++number) Change(number, kResolved);
  ASSERT_EQ(log_->Trim({.max_events = 1, .max_over_age = absl::Hours(1)}, kStart + absl::Hours(2)),
            absl::OkStatus());
  EXPECT_EQ(log_->extent().events, 1u);
  EXPECT_EQ(Rest(*snapshot).size(), 100u);
  EXPECT_TRUE(Ids(*Snapshot()).empty());
}

}  // namespace
}  // namespace tocsin::hub
