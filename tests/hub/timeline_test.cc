// Timelines of incidents: told by their events while those are held, and by what was kept of them
// after, beside an oracle that remembers every entry. Over both stores, with random trims, restarts
// and trims that are cut short.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <deque>
#include <map>
#include <random>
#include <thread>

#include "absl/strings/str_cat.h"
#include "hub/log/incident_timeline.h"
#include "hub/log/rocksdb_store.h"
#include "tests/hub/alert_fixture.h"

namespace tocsin::hub {
namespace {

using testing::HasSubstr;

std::vector<std::string> Told(const v1::Incident& history) {
  std::vector<std::string> told;
  for (const v1::TimelineEntry& entry : history.timeline()) {
    const auto cursor = entry.metadata().find("cursor");
    told.push_back(absl::StrCat(cursor == entry.metadata().end() ? "given" : cursor->second, " ",
                                entry.description()));
  }
  return told;
}

// The parameter: whether the log is on disk.
class TimelineTest : public testing::TestWithParam<bool> {
 protected:
  TimelineTest() { Start(); }

  RocksDbOptions Options() {
    RocksDbOptions options = RocksIn(dir_, Durability::kMemory);
    options.free_space_reserve = 0;
    options.free_space = [this](const std::string&) -> uint64_t {
      return writes_left_ < 0 || writes_left_-- > 0 ? uint64_t{1} << 40 : 0;
    };
    return options;
  }
  // A memory log lives on.
  void Start() {
    hub_.reset();
    if (GetParam()) {
      log_.reset();
      log_ = OpenRocks(Options());
    } else if (log_ == nullptr) {
      log_ = std::make_unique<MemoryLog>();
    }
    hub_ = std::make_unique<AlertHub>(*log_, clock_);
  }

  void Publish(v1::Event event) {
    clock_.Advance(absl::Milliseconds(1));
    const auto given = event.incident().timeline();
    const PublishOutcome outcome = hub_->Publish({std::move(event)});
    ASSERT_TRUE(outcome.ok()) << outcome.status();
    Learn(given);
  }
  // The oracle's part: what is new in the log, of which the last may have given a timeline.
  void Learn(const google::protobuf::RepeatedPtrField<v1::TimelineEntry>& given = {}) {
    const auto read = log_->Read(place_, 100, 1 << 30);
    ASSERT_TRUE(read.ok()) << read.status();
    for (const EventPtr& record : *read) {
      place_ = record->cursor.sequence;
      const v1::Event event = *DecodeEventField(record->payload);
      if (!event.has_incident()) {
        continue;
      }
      std::deque<std::string>& entries = oracle_[event.incident().id()];
      if (!given.empty()) {
        entries.clear();
      }
      for (const v1::TimelineEntry& entry : given) {
        entries.push_back("given " + entry.description());
      }
      entries.push_back(absl::StrCat(event.cursor(), " ", TimelineOf(event).description()));
      while (entries.size() > kHistoryRows) {
        entries.pop_front();
      }
    }
  }
  void Trim(const Retention& retention) {
    ASSERT_EQ(log_->Trim(retention, clock_.Now()), absl::OkStatus());
    hub_->sequencer().RunOnce();
    std::erase_if(oracle_,
                  [&](const auto& known) { return *log_->GetIncident(known.first) == nullptr; });
  }
  void ExpectAsTheOracle() {
    for (uint64_t number = 0; number < kIncidents; ++number) {
      oracle_.try_emplace(TestUuid(number));
    }
    for (const auto& [id, entries] : oracle_) {
      const auto history = log_->ReadHistory(id);
      ASSERT_TRUE(history.ok()) << history.status();
      ASSERT_THAT(Told(*history), testing::ElementsAreArray(entries)) << id;
    }
  }

  v1::Event RandomEvent() {
    const std::string id = TestUuid(random_() % (random_() % 3 == 0 ? 1 : kIncidents));
    const IncidentPtr known = *log_->GetIncident(id);
    v1::Event event = IncidentCreated(id, static_cast<v1::Severity>(1 + random_() % 5));
    if (known == nullptr) {
      return event;
    }
    const uint64_t kind = random_() % 12;
    if (kind < 4) {
      return CommentOn(id, absl::StrCat("comment ", random_() % 1000));
    }
    if (kind < 6) {
      return SystemEvent("noise");
    }
    if (kind == 6 && known->active()) {
      return StateChange(v1::EVENT_TYPE_INCIDENT_RESOLVED, id);
    }
    event.set_type(v1::EVENT_TYPE_INCIDENT_UPDATED);
    event.mutable_incident()->set_state(known->active() ? known->state
                                                        : v1::INCIDENT_STATE_TRIAGED);
    for (uint64_t i = kind == 7 && random_() % 4 == 0 ? random_() % 130 : 0; i > 0; --i) {
      event.mutable_incident()->add_timeline()->set_description(absl::StrCat("entry ", i));
    }
    return event;
  }
  void PublishRandom(size_t events) {
    for (; events > 0; --events) {
      if (random_() % 10 == 0) {
        hub_->Submit(
            AlertNamed(absl::StrCat("alert ", random_() % 3),
                       random_() % 2 == 0 ? v1::ALERT_STATUS_FIRING : v1::ALERT_STATUS_RESOLVED));
        Learn();
      } else {
        Publish(RandomEvent());
      }
    }
  }
  Retention RandomRetention() {
    Retention retention{.max_events = 1 + random_() % 200};
    if (random_() % 5 == 0) {
      clock_.Advance(absl::Seconds(3));
      retention.max_over_age = absl::Seconds(2);
    }
    return retention;
  }
  // Some of what Trim does first is written, and the hub ends there.
  void CutATrimShort() {
    writes_left_ = static_cast<int>(random_() % 3);
    ASSERT_EQ(log_->PrepareTrim(RandomRetention(), clock_.Now()), absl::OkStatus());
    writes_left_ = -1;
    Start();
  }
  size_t RowsOnDisk() {
    hub_.reset();
    log_.reset();
    const auto store = RocksDbStore::Open(dir_.path() + "/data/log", nullptr);
    EXPECT_TRUE(store.ok()) << store.status();
    const auto rows = (*store)->Iterate(Column::kHistory);
    size_t count = 0;
    for (rows->SeekToFirst(); rows->Valid(); rows->Next()) {
      ++count;
    }
    return count;
  }

  static constexpr uint64_t kIncidents = 6;

  TempDir dir_;
  ManualClock clock_{kStart};
  std::mt19937_64 random_{11};
  std::atomic<int> writes_left_ = -1;  // below 0: any number
  std::unique_ptr<Log> log_;
  std::unique_ptr<AlertHub> hub_;
  Sequence place_ = 0;
  std::map<std::string, std::deque<std::string>> oracle_;
};

INSTANTIATE_TEST_SUITE_P(Stores, TimelineTest, testing::Bool(), AlertStoreName);

class TimelineOnDiskTest : public TimelineTest {};
INSTANTIATE_TEST_SUITE_P(Stores, TimelineOnDiskTest, testing::Values(true), AlertStoreName);

TEST_P(TimelineTest, TrimsAndRestartsChangeNothing) {
  for (int round = 0; round < 60; ++round) {
    PublishRandom(1 + random_() % 40);
    switch (random_() % 4) {
      case 0:
        if (GetParam()) CutATrimShort();
        break;
      case 1:
        if (GetParam() && random_() % 2 == 0) {
          ASSERT_EQ(log_->Close(), absl::OkStatus());
        }
        Start();
        break;
      default:
        Trim(RandomRetention());
    }
    ASSERT_NO_FATAL_FAILURE(ExpectAsTheOracle()) << "round " << round;
  }
}

// An incident's rows go with it, also those that were written for events that are held still.
TEST_P(TimelineTest, NothingIsLeftOfAnIncidentThatIsDropped) {
  const std::string id = TestUuid(1);
  Publish(IncidentCreated(id));
  for (int i = 0; i < 10; ++i) Publish(CommentOn(id, absl::StrCat(i)));
  Publish(StateChange(v1::EVENT_TYPE_INCIDENT_RESOLVED, id));
  Publish(SystemEvent("newer"));
  Trim({.max_events = 8});
  clock_.Advance(absl::Seconds(3));
  Trim({.max_events = 8, .max_over_age = absl::Seconds(2)});
  ASSERT_EQ(*log_->GetIncident(id), nullptr);
  Trim({.max_events = 4});  // of its events; no row is written for them
  Publish(IncidentCreated(id));
  EXPECT_THAT(log_->ReadHistory(id)->timeline(), testing::SizeIs(1));
  Trim({.max_events = 1});
  EXPECT_THAT(log_->ReadHistory(id)->timeline(), testing::SizeIs(1));
  if (GetParam()) {
    EXPECT_EQ(RowsOnDisk(), 0u);
  }
}

TEST_P(TimelineTest, RowsAreBounded) {
  const std::string id = TestUuid(1);
  Publish(IncidentCreated(id));
  for (int i = 0; i < 400; ++i) {
    Publish(CommentOn(id, absl::StrCat(i)));
    if (i % 3 == 0) Trim({.max_events = 1});
  }
  ExpectAsTheOracle();
  // Notes take 100 of them; of the timeline's, three entries make a row.
  if (GetParam()) {
    EXPECT_LT(RowsOnDisk(), 100u + 100u / 3 + 3);
  }
}

// A trim goes as far as it was prepared, and publishes meanwhile do not make it longer.
TEST_P(TimelineOnDiskTest, ATrimThatWasPreparedGoesNoFurther) {
  Publish(IncidentCreated(TestUuid(1)));
  for (int i = 0; i < 50; ++i) Publish(CommentOn(TestUuid(1), absl::StrCat(i)));
  const Retention retention{.max_events = 10};
  ASSERT_EQ(log_->PrepareTrim(retention, clock_.Now()), absl::OkStatus());
  for (int i = 0; i < 20; ++i) Publish(CommentOn(TestUuid(1), absl::StrCat("later ", i)));
  Trim(retention);
  EXPECT_EQ(log_->extent().events, 30u);
  ExpectAsTheOracle();
  Trim(retention);
  EXPECT_EQ(log_->extent().events, 10u);
  ExpectAsTheOracle();
}

// On a disk that is full no entry is lost: its event stays until there is room.
TEST_P(TimelineOnDiskTest, AFullDiskKeepsTheEvents) {
  Publish(IncidentCreated(TestUuid(1)));
  for (int i = 0; i < 50; ++i) Publish(CommentOn(TestUuid(1), absl::StrCat(i)));
  writes_left_ = 1;  // the look with which a trim begins
  Trim({.max_events = 10});
  writes_left_ = -1;
  EXPECT_EQ(log_->extent().events, 51u);
  ExpectAsTheOracle();
  Trim({.max_events = 10});
  EXPECT_EQ(log_->extent().events, 10u);
  ExpectAsTheOracle();
}

// Every reading sees the newest entries without a gap, whatever is trimmed under it.
TEST_P(TimelineTest, ReadersSeeItWholeDuringTrims) {
  const std::string id = TestUuid(1);
  Publish(IncidentCreated(id));
  for (int i = 0; i < 100; ++i) Publish(CommentOn(id, absl::StrCat(i)));
  std::atomic<bool> stop = false;
  std::atomic<int> readings = 0;
  std::thread reader([&] {
    while (!stop) {
      const auto history = log_->ReadHistory(id);
      ASSERT_TRUE(history.ok()) << history.status();
      ASSERT_EQ(history->timeline_size(), static_cast<int>(kHistoryRows));
      int next = -1;
      for (const v1::TimelineEntry& entry : history->timeline()) {
        const int number = std::stoi(entry.description().substr(sizeof("commented: ") - 1));
        ASSERT_TRUE(next == -1 || number == next) << entry.description();
        next = number + 1;
      }
      ++readings;
    }
  });
  for (int i = 100; i < 400 || readings < 50; ++i) {
    Publish(CommentOn(id, absl::StrCat(i)));
    if (i % 7 == 0) Trim({.max_events = 1 + random_() % 60});
    if (HasFailure()) break;
  }
  stop = true;
  reader.join();
}

// What cannot be read of the log is said in the timeline; the rest is there.
TEST_P(TimelineOnDiskTest, AnEventThatCannotBeReadIsSaid) {
  const std::string id = TestUuid(1);
  Publish(IncidentCreated(id));
  for (int i = 1; i < 6; ++i) Publish(CommentOn(id, absl::StrCat(i)));
  Trim({.max_events = 4});
  hub_.reset();
  log_.reset();
  {
    const auto store = RocksDbStore::Open(dir_.path() + "/data/log", nullptr);
    ASSERT_TRUE(store.ok()) << store.status();
    std::string key(8, '\0');
    key.back() = 4;
    ASSERT_TRUE((*store)->db().Put({}, (*store)->column(Column::kEvents), key, "bad").ok());
  }
  log_ = OpenRocks(Options());
  v1::Incident history = *log_->ReadHistory(id);
  ASSERT_EQ(history.timeline_size(), 5);
  EXPECT_EQ(history.timeline(1).description(), "commented: 1");
  EXPECT_THAT(history.timeline(2).description(), HasSubstr("damaged at sequence 4"));
  EXPECT_EQ(history.timeline(3).description(), "commented: 4");
  // Once retention has taken it, all but its own entry is there.
  ASSERT_EQ(log_->Trim({.max_events = 1}, clock_.Now()), absl::OkStatus());
  history = *log_->ReadHistory(id);
  ASSERT_EQ(history.timeline_size(), 5);
  EXPECT_EQ(history.timeline(2).description(), "commented: 2");
  EXPECT_EQ(history.timeline(3).description(), "commented: 4");
}

}  // namespace
}  // namespace tocsin::hub
