// The tables of incidents, damaged behind the log's back: the next start makes them anew from the
// rows that can be read and from the events, and says so.
#include "hub/log/incident_remake.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>

#include "core/base/status_macros.h"
#include "hub/log/readable_rows.h"
#include "hub/log/rocksdb_log.h"
#include "hub/log/rocksdb_store.h"
#include "tests/hub/alert_fixture.h"
#include "tests/hub/hub_fixtures.h"

namespace tocsin::hub {
namespace {

namespace fs = std::filesystem;
using alert_test::kAlertResolved;
using testing::HasSubstr;
using Level = LogReport::Level;

constexpr Column kTables[] = {Column::kIncidents, Column::kHistory, Column::kOver, Column::kAlerts};
// Of a table file: in its first block, in what is read when it is opened, at its end.
constexpr int kPlaces[] = {30, -200, -60, -4};

void FlipBit(const fs::path& path, int at) {
  const auto size = static_cast<int>(fs::file_size(path));
  const auto place = static_cast<std::streamoff>(at >= 0 ? at : size + at);
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekg(place);
  const char flipped = static_cast<char>(file.get() ^ 1);
  file.seekp(place);
  file.put(flipped);
}

class IncidentRemakeTest : public testing::Test {
 protected:
  static constexpr size_t kIncidents = 150;

  // Of every third one all alerts are resolved, so that it is over; every fifth has moved on from an
  // earlier one with the same alert, which was over while the alert still fired.
  void MakeIncidents() {
    const auto log = OpenRocks(RocksIn(dir_, Durability::kMemory));
    {
      AlertHub hub(*log, clock_);
      for (size_t i = 0; i < kIncidents; ++i) MakeIncident(hub, i);
    }
    Look(*log, before_);
    ASSERT_EQ(log->Close(), absl::OkStatus());
  }
  void MakeIncident(AlertHub& hub, size_t i) {
    const v1::Alert alert = AlertNamed(absl::StrCat("alert ", i));
    if (i % 5 == 0) {
      ids_.push_back(hub.Submit(alert).incident_id());
      ASSERT_TRUE(hub.Publish({StateChange(alert_test::kResolved, ids_.back())}).ok());
      clock_.Advance(absl::Seconds(1));
    }
    ids_.push_back(hub.Submit(Until(alert, clock_.Now() + absl::Hours(1))).incident_id());
    v1::Event comment = StateChange(v1::EVENT_TYPE_COMMENT_ADDED, ids_.back());
    comment.mutable_comment_added()->set_comment("looking");
    ASSERT_TRUE(hub.Publish({comment, comment}).ok());
    hub.Submit(alert);
    ASSERT_TRUE(hub.Publish({IncidentCreated(TestUuid(1000 + i))}).ok());
    ids_.push_back(TestUuid(1000 + i));
    if (i % 3 == 0) hub.Submit(AlertNamed(absl::StrCat("alert ", i), kAlertResolved));
    clock_.Advance(absl::Seconds(1));
  }
  // More comments than are kept, on an incident of its own.
  void MakeTalkative() {
    const auto log = OpenRocks(RocksIn(dir_, Durability::kMemory));
    AlertHub hub(*log, clock_);
    ids_.push_back(TestUuid(5));
    ASSERT_TRUE(hub.Publish({IncidentCreated(ids_.back())}).ok());
    for (size_t i = 0; i < kHistoryRows + 20; ++i) {
      v1::Event comment = StateChange(v1::EVENT_TYPE_COMMENT_ADDED, ids_.back());
      comment.mutable_comment_added()->set_comment(absl::StrCat("comment ", i));
      ASSERT_TRUE(hub.Publish({comment}).ok());
    }
    before_.clear();
    Look(*log, before_);
    ASSERT_EQ(log->Close(), absl::OkStatus());
  }

  // All that is kept of each incident, and which alerts are open.
  void Look(const Log& log, std::map<std::string, std::string>& said) const {
    for (const std::string& id : ids_) {
      const auto all = Said(log, id);
      ASSERT_TRUE(all.ok()) << all.status();
      said[id] = *all;
    }
    const auto open = log.ReadOpenAlerts();
    ASSERT_TRUE(open.ok()) << open.status();
    for (const OpenAlert& alert : *open) {
      said[absl::StrCat("open ", alert.fingerprint)] = absl::StrCat(
          alert.incident, " ", alert.ends_at ? absl::FormatTime(*alert.ends_at) : "never");
    }
    for (size_t i = 0; i < kIncidents; ++i) {
      const std::string fingerprint = absl::StrCat("alert ", i);
      said["taken " + fingerprint] = *log.IncidentOfFingerprint(fingerprint);
    }
    size_t scanned = 0;
    ASSERT_EQ(log.ScanIncidents([&](const StoredIncident&) { return ++scanned > 0; }),
              absl::OkStatus());
    said["scanned"] = absl::StrCat(scanned);
  }
  static absl::StatusOr<std::string> Said(const Log& log, const std::string& id) {
    ASSIGN_OR_RETURN(const IncidentPtr state, log.GetIncident(id));
    if (state == nullptr) return "unknown";
    ASSIGN_OR_RETURN(const v1::Incident history, log.ReadHistory(id));
    ASSIGN_OR_RETURN(const std::vector<AlertRow> alerts, log.ReadAlerts(id));
    std::string said =
        absl::StrCat(state->last_sequence, " ", state->alerts.rows, " ", state->alerts.open,
                     state->Parse().DebugString(), history.DebugString());
    for (const AlertRow& row : alerts) {
      absl::StrAppend(&said, row.shown.DebugString(), absl::FormatTime(row.firing_at),
                      row.sequence);
    }
    return said;
  }

  std::vector<fs::path> TablesOf(Column column) const {
    auto store = RocksDbStore::Open(Dir(), nullptr);
    rocksdb::ColumnFamilyMetaData files;
    (*store)->db().GetColumnFamilyMetaData((*store)->column(column), &files);
    std::vector<fs::path> paths;
    for (const auto& level : files.levels) {
      for (const auto& file : level.files) paths.push_back(Dir() + file.name);
    }
    return paths;
  }
  void Damage(Column column, int at) {
    const std::vector<fs::path> tables = TablesOf(column);
    ASSERT_FALSE(tables.empty());
    for (const fs::path& table : tables) FlipBit(table, at);
  }
  std::string Dir() const { return dir_.path() + "/data/log"; }

  // What is said after the next start, which tells of the damage, and after the one that follows.
  void ExpectMadeAnew() {
    for (const Level level : {Level::kError, Level::kInfo}) {
      const auto log = OpenRocks(RocksIn(dir_));
      EXPECT_EQ(log->report().level(), level) << log->report().Text();
      std::map<std::string, std::string> after;
      Look(*log, after);
      EXPECT_EQ(after, before_);
      // And the hub goes on upon it.
      Window window{{100, 1 << 20}};
      EXPECT_EQ(Sequencer(*log, window, clock_, {}).Open(), absl::OkStatus());
      ASSERT_EQ(log->Close(), absl::OkStatus());
    }
  }

  TempDir dir_;
  ManualClock clock_{kStart};
  std::vector<std::string> ids_;
  std::map<std::string, std::string> before_;
};

class DamagedTablesTest : public IncidentRemakeTest,
                          public testing::WithParamInterface<std::tuple<Column, int>> {};

INSTANTIATE_TEST_SUITE_P(All, DamagedTablesTest,
                         testing::Combine(testing::ValuesIn(kTables), testing::ValuesIn(kPlaces)));

// Symptom: one bit in the table of alerts and the hub did not start; in another of these tables, and
// some incidents could not be asked for again, nor published about. Cause: only what is read at a
// start was looked at, and nothing was made anew. The older test expected just that.
TEST_P(DamagedTablesTest, AreMadeAnewFromTheEvents) {
  MakeIncidents();
  const auto [column, at] = GetParam();
  Damage(column, at);
  ExpectMadeAnew();
}

TEST_F(IncidentRemakeTest, AllTablesAtOnceAreMadeAnewToo) {
  MakeIncidents();
  MakeTalkative();
  for (const Column column : kTables) Damage(column, 30);
  ExpectMadeAnew();
}

TEST_F(IncidentRemakeTest, WhatWasSetAsideAndMadeAnewIsNamed) {
  MakeIncidents();
  Damage(Column::kAlerts, 30);
  const LogReport report = OpenRocks(RocksIn(dir_))->report();
  EXPECT_THAT(report.Text(), testing::AllOf(HasSubstr("the table of alerts was damaged and is made "
                                                      "anew"),
                                            HasSubstr(Dir() + ".damaged-")));
  EXPECT_EQ(report.aside.size(), 1u);
}

// Symptom: after a damaged MANIFEST incidents stood as they had stood hours before, beside all of
// their events, and nothing said so. Cause: what RocksDB had written of the events' table was found,
// and not what it had written of the incidents' at the same time; a start compared neither. Older
// tests did not get as far: they waited for a subscriber that was never told it had caught up.
TEST_F(IncidentRemakeTest, TablesThatLieBehindTheEventsAreMadeAnewFromThem) {
  MakeIncidents();
  std::map<Column, std::map<std::string, std::string>> old;
  {
    const auto store = *RocksDbStore::Open(Dir(), nullptr);
    for (const Column column : {kTables[0], kTables[1], kTables[2], kTables[3], Column::kMeta}) {
      const auto rows = store->Iterate(column);
      for (rows->SeekToFirst(); rows->Valid(); rows->Next()) {
        old[column][rows->key().ToString()] = rows->value().ToString();
      }
    }
  }
  {
    const auto log = OpenRocks(RocksIn(dir_));
    AlertHub hub(*log, clock_);
    ASSERT_TRUE(hub.Publish({CommentOn(ids_[1], "later"), CommentOn(ids_[2], "later")}).ok());
    hub.Submit(AlertNamed("alert 1", kAlertResolved));
    ASSERT_EQ(log->Close(), absl::OkStatus());
  }
  MakeTalkative();
  {
    const auto store = *RocksDbStore::Open(Dir(), nullptr);
    for (const auto& [column, rows] : old) {
      ASSERT_TRUE(store->db().DeleteRange({}, store->column(column), "", "\xff\xff").ok());
      for (const auto& [key, value] : rows) {
        ASSERT_TRUE(store->db().Put({}, store->column(column), key, value).ok());
      }
    }
  }
  ExpectMadeAnew();
}

// A start that ends after so many tables were emptied leaves the next one all it needs.
TEST_F(IncidentRemakeTest, AStartThatIsCutShortIsGoneOnFrom) {
  MakeIncidents();
  for (size_t emptied = 0; emptied <= std::size(kTables); ++emptied) {
    for (const Column column : kTables) Damage(column, 30);
    {
      auto store = *RocksDbStore::Open(Dir(), nullptr);
      size_t left = emptied;
      IncidentRemake remake(*store, 1, IncidentRemake::Tables::kAsTheEvents,
                            [&](Column column, std::string_view) {
                              if (left-- == 0)
                                return absl::UnavailableError("the machine goes down");
                              return store->MakeAnew(column).status();
                            });
      EXPECT_EQ(remake.Run().ok(), emptied == std::size(kTables));
    }
    std::map<std::string, std::string> after;
    const auto log = OpenRocks(RocksIn(dir_));
    Look(*log, after);
    EXPECT_EQ(after, before_) << emptied;
    ASSERT_EQ(log->Close(), absl::OkStatus());
  }
}

// What neither rows nor events tell is named, and nothing that is said is wrong.
TEST_P(DamagedTablesTest, OfWhatTheLogNoLongerHoldsRowsThatCanBeReadStay) {
  MakeIncidents();
  {
    const auto log = OpenRocks(RocksIn(dir_));
    const uint64_t half = log->extent().events / 2;
    ASSERT_EQ(log->Trim({.max_events = half}, clock_.Now()), absl::OkStatus());
    before_.clear();
    Look(*log, before_);
    ASSERT_EQ(log->Close(), absl::OkStatus());
  }
  const auto [column, at] = GetParam();
  Damage(column, at);
  const auto log = OpenRocks(RocksIn(dir_));
  EXPECT_EQ(log->report().level(), Level::kError);
  EXPECT_EQ(column != Column::kOver,
            log->report().Text().find("no longer in the log") != std::string::npos)
      << log->report().Text();
  size_t lost = 0;
  for (const std::string& id : ids_) {
    const IncidentPtr state = *log->GetIncident(id);
    if (state == nullptr) {
      EXPECT_EQ(column, Column::kIncidents);
      ++lost;
      continue;
    }
    const std::string core = absl::StrCat(state->last_sequence, " ");
    EXPECT_TRUE(before_[id].starts_with(core)) << before_[id];
    EXPECT_THAT(before_[id], HasSubstr(state->Parse().DebugString()));
  }
  EXPECT_LT(lost, ids_.size() / 2 + 1);
  Window window{{100, 1 << 20}};
  EXPECT_EQ(Sequencer(*log, window, clock_, {}).Open(), absl::OkStatus());
}

// ---- rows past damage ----

// An older version of a row, in another file, shows where the newer one cannot be read; but it is
// not given.
TEST_F(IncidentRemakeTest, OnlyRowsInForceAreRead) {
  constexpr int kRows = 20'000;
  const auto key = [](int row) { return absl::StrCat("row ", absl::Dec(row, absl::kZeroPad6)); };
  fs::create_directories(dir_.path() + "/data");
  {
    auto store = *RocksDbStore::Open(Dir(), nullptr);
    for (const char* value : {"old", "new"}) {
      for (int row = 0; row < kRows; ++row) {
        ASSERT_TRUE(store->db().Put({}, store->column(Column::kHistory), key(row), value).ok());
      }
      ASSERT_TRUE(store->db().Flush({}, store->column(Column::kHistory)).ok());
    }
  }
  const std::vector<fs::path> tables = TablesOf(Column::kHistory);
  ASSERT_EQ(tables.size(), 2u);
  FlipBit(std::max(tables[0], tables[1]), static_cast<int>(fs::file_size(tables[0]) / 3));
  auto store = *RocksDbStore::Open(Dir(), nullptr);
  std::vector<std::string> read;
  const auto rows = store->Iterate(Column::kHistory);
  const auto whole = TakeReadableRows(*rows, "", [&](std::string_view at, std::string_view value) {
    EXPECT_EQ(value, "new") << at;
    read.emplace_back(at);
    return absl::OkStatus();
  });
  ASSERT_TRUE(whole.ok()) << whole.status();
  EXPECT_FALSE(*whole);
  EXPECT_TRUE(std::is_sorted(read.begin(), read.end()));
  EXPECT_GT(read.size(), kRows * 9 / 10);
  EXPECT_LT(read.size(), kRows);
  EXPECT_EQ(read.back(), key(kRows - 1));
}

}  // namespace
}  // namespace tocsin::hub
