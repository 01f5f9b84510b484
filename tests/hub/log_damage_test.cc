// Files of a real log, damaged, cut and deleted behind its back: whatever is lost is said, nothing
// is deleted, and what can be made anew is.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <functional>

#include "core/base/status_macros.h"
#include "hub/dedup.h"
#include "hub/log/rocksdb_log.h"
#include "hub/log/rocksdb_store.h"
#include "hub/log/set_aside.h"
#include "hub/start_resolver.h"
#include "tests/hub/hub_fixtures.h"

namespace tocsin::hub {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using Level = LogReport::Level;

void Overwrite(const fs::path& path, uint64_t at, std::string_view bytes) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(static_cast<std::streamoff>(at));
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

void FlipBit(const fs::path& path, uint64_t at) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekg(static_cast<std::streamoff>(at));
  const char flipped = static_cast<char>(file.get() ^ 1);
  file.seekp(static_cast<std::streamoff>(at));
  file.put(flipped);
}

class LogDamageTest : public testing::Test {
 protected:
  static constexpr Sequence kFirstRun = 10;
  static constexpr Sequence kAll = 50;

  void Append(Log& log, size_t count) {
    ASSERT_EQ(log.Append(NextBatch(log, count, kStart, 300)), absl::OkStatus());
  }

  // A run that was closed, and one of 40 commits that was killed once the mark knew them all.
  void MakeLog(Durability durability = Durability::kAlways) {
    {
      auto log = OpenRocks(RocksIn(dir_, durability));
      Append(*log, kFirstRun);
      ASSERT_EQ(log->Close(), absl::OkStatus());
    }
    MakeMore(kAll, durability);
  }
  // A run that was killed, up to that sequence, of one commit an event.
  void MakeMore(Sequence last, Durability durability = Durability::kAlways) {
    auto log = OpenRocks(RocksIn(dir_, durability));
    record_ends_.clear();
    while (log->extent().latest.sequence < last) {
      Append(*log, 1);
      record_ends_.push_back(fs::file_size(WriteAheadLog()));
    }
    ASSERT_EQ(log->Sync(), absl::OkStatus());
    ASSERT_EQ(log->Trim({}, kStart), absl::OkStatus());
  }
  void MakeClosedLog() {
    MakeLog();
    ASSERT_EQ(OpenRocks(RocksIn(dir_))->Close(), absl::OkStatus());
  }

  std::string Data() const { return dir_.path() + "/data"; }
  std::vector<fs::path> Files(std::string_view ending) const {
    std::vector<fs::path> files;
    for (const auto& entry : fs::recursive_directory_iterator(Data())) {
      if (std::string_view(entry.path().native()).ends_with(ending)) files.push_back(entry.path());
    }
    std::sort(files.begin(), files.end());
    return files;
  }
  fs::path WriteAheadLog() const { return Files(".log").back(); }
  fs::path TableOf(Column column) const {
    auto store = RocksDbStore::Open(Data() + "/log", nullptr);
    rocksdb::ColumnFamilyMetaData files;
    (*store)->db().GetColumnFamilyMetaData((*store)->column(column), &files);
    for (const auto& level : files.levels) {
      for (const auto& file : level.files) return Data() + "/log" + file.name;
    }
    return {};
  }
  std::vector<fs::path> Aside() const {
    std::vector<fs::path> folders;
    for (const auto& entry : fs::directory_iterator(Data())) {
      if (entry.path().filename().native().find(".damaged-") != std::string::npos) {
        folders.push_back(entry.path());
      }
    }
    return folders;
  }

  TempDir dir_;
  std::vector<uintmax_t> record_ends_;  // in the write-ahead log, after each commit
};

// ---- the write-ahead log ----

struct WalDamage {
  const char* name;
  std::function<void(const fs::path&, const std::vector<uintmax_t>& ends)> damage;
  bool salvaged;      // seen by a checksum
  bool file_is_kept;  // if there was anything to keep
};

void PrintTo(const WalDamage& damage, std::ostream* out) { *out << damage.name; }

class WriteAheadLogTest : public LogDamageTest, public testing::WithParamInterface<WalDamage> {};

using Ends = const std::vector<uintmax_t>&;
INSTANTIATE_TEST_SUITE_P(
    All, WriteAheadLogTest,
    testing::Values(
        WalDamage{"CutBetweenRecords",
                  [](const fs::path& file, Ends ends) { fs::resize_file(file, ends[20]); }, false,
                  true},
        WalDamage{"CutWithinARecord",
                  [](const fs::path& file, Ends ends) { fs::resize_file(file, ends[20] + 9); },
                  true, true},
        WalDamage{
            "CutToHalf",
            [](const fs::path& file, Ends) { fs::resize_file(file, fs::file_size(file) / 2); },
            true, true},
        WalDamage{"Emptied", [](const fs::path& file, Ends) { fs::resize_file(file, 0); }, false,
                  false},
        WalDamage{"Deleted", [](const fs::path& file, Ends) { fs::remove(file); }, false, false},
        WalDamage{"AHeaderZeroed",
                  [](const fs::path& file, Ends ends) {
                    Overwrite(file, ends[30], std::string(7, '\0'));
                  },
                  false, true},
        WalDamage{"ALengthBitFlipped",
                  [](const fs::path& file, Ends ends) { FlipBit(file, ends[30] + 5); }, true, true},
        WalDamage{"ABitFlippedEarly",
                  [](const fs::path& file, Ends ends) { FlipBit(file, ends[4] + 20); }, true, true},
        WalDamage{"ABitFlippedInTheLastRecord",
                  [](const fs::path& file, Ends) { FlipBit(file, fs::file_size(file) - 20); }, true,
                  true}),
    [](const auto& row) { return row.param.name; });

// Symptom: acknowledged events were gone and 'nothing was lost' was said at level info, or 'closed
// cleanly', and the damaged file was deleted. Cause: RocksDB's tolerant mode was taken for the
// strict one, and a write-ahead log that ends early between two records has no damage to see. The
// older test damaged the middle of the file alone.
TEST_P(WriteAheadLogTest, WhatIsLostIsSaidAndKept) {
  MakeLog();
  const fs::path wal = WriteAheadLog();
  const auto size_before = fs::file_size(wal);
  GetParam().damage(wal, record_ends_);
  Cursor lost;
  {
    auto log = OpenRocks(RocksIn(dir_));
    const LogReport report = log->report();
    EXPECT_LT(log->extent().events, kAll);
    EXPECT_GE(log->extent().events, kFirstRun);
    EXPECT_EQ(report.level(), Level::kError) << report.Text();
    EXPECT_TRUE(report.lost());
    EXPECT_EQ(report.known->last, kAll);
    EXPECT_THAT(report.Text(), HasSubstr("sequence 50 was known to be on the disk"));
    EXPECT_EQ(report.salvaged, GetParam().salvaged);
    if (GetParam().file_is_kept) {
      ASSERT_EQ(Aside().size(), 1u);
      EXPECT_THAT(report.Text(), HasSubstr(Aside()[0].native()));
      const fs::path kept = Aside()[0] / wal.filename();
      ASSERT_TRUE(fs::exists(kept));
      EXPECT_LE(fs::file_size(kept), size_before);
      EXPECT_FALSE(fs::exists(Aside()[0] / "tocsin.lock"));
    }
    // Where the last run's own beginning is gone, its epoch is not known; else its end is.
    lost = Cursor{report.known->epoch, kAll};
    const auto resolved =
        ResolveStart(lost, log->extent(), log->epochs(), [](absl::Time) { return Sequence{0}; });
    ASSERT_TRUE(resolved.ok());
    ASSERT_TRUE(resolved->gap.has_value());
    EXPECT_EQ(resolved->gap->reason, GapReason::kEpoch);
    Append(*log, 1);
    ASSERT_EQ(log->Close(), absl::OkStatus());
  }
  const LogReport next = OpenRocks(RocksIn(dir_))->report();
  EXPECT_EQ(next.level(), Level::kInfo) << next.Text();
}

// Symptom: a disk that damaged the log at every start filled up with folders of damaged files.
// Cause: nothing bounded their number.
// Why older tests missed it: none damages a log more than once.
TEST_F(LogDamageTest, OfTheFoldersSetAsideTheFirstAndTheNewestAreKept) {
  const auto old_folder = [&](int day) {
    return absl::StrCat(Data(), "/log.damaged-2026010", day, "T000000Z");
  };
  MakeLog();
  for (int day = 1; day <= 8; ++day) {
    fs::create_directory(old_folder(day));
    std::ofstream(old_folder(day) + "/000001") << "damaged";
  }
  { EXPECT_EQ(OpenRocks(RocksIn(dir_))->report().dropped.size(), 0u) << "nothing was damaged"; }
  EXPECT_EQ(Aside().size(), 8u);
  MakeMore(2 * kAll);
  FlipBit(WriteAheadLog(), record_ends_[4] + 20);
  const LogReport report = OpenRocks(RocksIn(dir_))->report();
  EXPECT_THAT(report.dropped, testing::ElementsAre(old_folder(2)));
  EXPECT_THAT(report.Text(), HasSubstr("removed to make room"));
  EXPECT_THAT(report.Text(), HasSubstr(old_folder(2)));
  EXPECT_EQ(Aside().size(), kFoldersAside);
  EXPECT_TRUE(fs::exists(old_folder(1) + "/000001"));
  ASSERT_EQ(report.aside.size(), 1u);
  EXPECT_TRUE(fs::exists(report.aside[0]));
}

// A clock that was set back gives the newest folder the oldest name.
TEST_F(LogDamageTest, WhatThisStartSetAsideIsNeverRemoved) {
  const std::string log = dir_.path() + "/log";
  std::vector<std::string> names;
  for (int i = 10; i < 22; ++i) {
    names.push_back(absl::StrCat(log, ".damaged-20260101T0000", i, "Z"));
    fs::create_directory(names.back());
  }
  fs::create_directory(log + ".damaged-new");  // of an opening that is under way
  EXPECT_THAT(DropOldAside(log, {names[1], names[2]}),
              testing::ElementsAre(names[3], names[4], names[5], names[6]));
  EXPECT_TRUE(fs::exists(names[0]) && fs::exists(names[1]) && fs::exists(names[2]));
  EXPECT_TRUE(fs::exists(log + ".damaged-new"));
}

TEST_F(LogDamageTest, ALogThatIsGoneIsNotTakenForANewOne) {
  MakeClosedLog();
  fs::remove_all(Data() + "/log");
  const LogReport report = OpenRocks(RocksIn(dir_))->report();
  EXPECT_EQ(report.level(), Level::kError);
  EXPECT_THAT(report.Text(), HasSubstr("sequence 50 was known to be on the disk, and the log ends "
                                       "at 0"));
}

TEST_F(LogDamageTest, AClosedLogHasNothingInItsWriteAheadLog) {
  MakeClosedLog();
  for (const fs::path& file : Files(".log")) {
    EXPECT_EQ(fs::file_size(file), 0u) << file;
    fs::remove(file);
  }
  auto log = OpenRocks(RocksIn(dir_));
  EXPECT_EQ(log->report().end, LogEnd::kClean);
  EXPECT_EQ(log->report().level(), Level::kInfo) << log->report().Text();
  EXPECT_EQ(log->extent().events, kAll);
}

TEST_F(LogDamageTest, AMarkThatCannotBeReadIsNone) {
  MakeClosedLog();
  std::ofstream(Data() + "/log.durable") << "epoch 12 sequ";
  EXPECT_EQ(OpenRocks(RocksIn(dir_))->report().level(), Level::kInfo);
}

// Under interval the mark says what was synced; the rest may be there or not.
TEST_F(LogDamageTest, TheMarkIsNeverAheadOfTheDisk) {
  MakeLog(Durability::kInterval);
  {
    auto log = OpenRocks(RocksIn(dir_, Durability::kInterval));
    EXPECT_EQ(log->report().known->last, kAll);
    Append(*log, 5);  // not synced
    ASSERT_EQ(log->Trim({}, kStart), absl::OkStatus());
  }
  const LogReport report = OpenRocks(RocksIn(dir_, Durability::kInterval))->report();
  EXPECT_EQ(report.known->last, kAll);
  EXPECT_EQ(report.last, kAll + 5);
  EXPECT_EQ(report.level(), Level::kWarning);
}

// ---- other files ----

// Symptom: without the 16 bytes of CURRENT the hub began a new log and deleted every table file.
// Cause: RocksDB creates where it finds no CURRENT, and deletes what it does not know. No older
// test took files away.
TEST_F(LogDamageTest, DataWithoutCurrentIsLeftAlone) {
  MakeClosedLog();
  const size_t tables = Files(".sst").size();
  ASSERT_GT(tables, 0u);
  std::ifstream current(Data() + "/log/CURRENT");
  std::string manifest;
  std::getline(current, manifest);
  fs::remove(Data() + "/log/CURRENT");
  const absl::Status refused = RocksDbLog::Open(RocksIn(dir_)).status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(refused.message()), HasSubstr("echo " + manifest));
  EXPECT_EQ(Files(".sst").size(), tables);
  std::ofstream(Data() + "/log/CURRENT") << manifest << '\n';
  EXPECT_EQ(OpenRocks(RocksIn(dir_))->extent().events, kAll);
}

// Symptom: after a start that had failed for a damaged MANIFEST, which was then brought back, the
// hub said that the log was damaged and lost. Cause: the mark of a salvage was set before it.
TEST_F(LogDamageTest, AStartThatFailsLeavesNothingBehind) {
  MakeClosedLog();
  const fs::path manifest = [&] {
    for (const auto& entry : fs::directory_iterator(Data() + "/log")) {
      if (entry.path().filename().native().starts_with("MANIFEST")) return entry.path();
    }
    return fs::path();
  }();
  fs::copy_file(manifest, dir_.path() + "/kept");
  Overwrite(manifest, 10, "damage");
  const absl::Status refused = RocksDbLog::Open(RocksIn(dir_)).status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kDataLoss) << refused;
  EXPECT_THAT(std::string(refused.message()), HasSubstr("nothing was changed"));
  EXPECT_TRUE(Aside().empty());
  fs::copy_file(dir_.path() + "/kept", manifest, fs::copy_options::overwrite_existing);
  auto log = OpenRocks(RocksIn(dir_));
  EXPECT_EQ(log->report().level(), Level::kInfo) << log->report().Text();
  EXPECT_EQ(log->extent().events, kAll);
}

// ---- what is beside the events ----

// One bit: in the first block of a table file, in what is read when the file is opened, at its end.
class DamagedTableTest : public LogDamageTest, public testing::WithParamInterface<int> {
 protected:
  void Damage(Column column) {
    const fs::path table = TableOf(column);
    const auto size = static_cast<int64_t>(fs::file_size(table));
    FlipBit(table, static_cast<uint64_t>(GetParam() >= 0 ? GetParam() : size + GetParam()));
  }
};

INSTANTIATE_TEST_SUITE_P(All, DamagedTableTest, testing::Values(30, -200, -60, -4));

// Symptom: one bit in these tables, and the hub refused to start. Cause: they were read back as if
// nothing else knew what they hold. No older test damaged a table.
TEST_P(DamagedTableTest, PublishedIdsAreMadeAnewFromTheEvents) {
  MakeClosedLog();
  Damage(Column::kDedup);
  auto log = OpenRocks(RocksIn(dir_));
  EXPECT_EQ(log->report().level(), Level::kError);
  EXPECT_THAT(log->report().Text(), HasSubstr("published ids was damaged and is made anew"));
  EXPECT_EQ(Aside().size(), log->report().aside.size());
  const std::vector<DedupEntry> entries = *log->ReadDedup();
  ASSERT_EQ(entries.size(), kAll);
  const std::vector<EventPtr> events = *log->Read(0, 100, 1 << 20);
  for (size_t i = 0; i < entries.size(); ++i) {
    EXPECT_EQ(entries[i].id, TestUuid(i + 1));
    EXPECT_EQ(entries[i].sequence, i + 1);
    EXPECT_EQ(entries[i].time, kStart);
    EXPECT_EQ(entries[i].content, kUnknownContent);
  }
  Append(*log, 1);
  ASSERT_EQ(log->Close(), absl::OkStatus());
  log.reset();
  log = OpenRocks(RocksIn(dir_));
  EXPECT_EQ(log->report().level(), Level::kInfo) << log->report().Text();
  EXPECT_EQ(log->ReadDedup()->size(), kAll + 1);
}

// Symptom: a subscriber from `earliest` was given everything and never told that it had caught up.
// Cause: a lost write-ahead log took the record of the log's newest life, whose events were in table
// files, and the place after the last of them went by the name of an older life. Older tests lost
// the events with the record.
TEST_F(LogDamageTest, ALifeWhoseRecordIsGoneIsFoundByItsEvents) {
  std::string old_record;
  {
    auto log = OpenRocks(RocksIn(dir_));
    ASSERT_EQ(log->Close(), absl::OkStatus());
  }
  {
    const auto store = RocksDbStore::Open(Data() + "/log", nullptr);
    old_record = **(*store)->Get(Column::kMeta, "epochs");
  }
  Cursor last;
  {
    auto log = OpenRocks(RocksIn(dir_));
    Append(*log, kFirstRun);
    last = log->extent().latest;
    ASSERT_EQ(log->Close(), absl::OkStatus());
  }
  {
    const auto store = RocksDbStore::Open(Data() + "/log", nullptr);
    ASSERT_TRUE((*store)->db().Put({}, (*store)->column(Column::kMeta), "epochs", old_record).ok());
  }
  auto log = OpenRocks(RocksIn(dir_));
  EXPECT_EQ(log->extent().latest, last);
  EXPECT_EQ(log->report().level(), Level::kError);
  EXPECT_THAT(log->report().Text(), HasSubstr("epochs and its beginning was damaged"));
  EXPECT_EQ((*log->Read(0, 100, 1 << 20)).size(), kFirstRun);
  ASSERT_EQ(log->Close(), absl::OkStatus());
  log.reset();
  log = OpenRocks(RocksIn(dir_));
  EXPECT_EQ(log->report().level(), Level::kInfo) << log->report().Text();
  EXPECT_EQ(log->extent().latest, last);
}

TEST_P(DamagedTableTest, EpochsAndTheBeginningAreMadeAnewFromTheEvents) {
  MakeLog();
  Epochs before;
  LogExtent extent;
  {
    auto log = OpenRocks(RocksIn(dir_));
    ASSERT_EQ(log->Trim({.max_events = 45}, kStart), absl::OkStatus());
    before = log->epochs();
    extent = log->extent();
    ASSERT_EQ(log->Close(), absl::OkStatus());
  }
  Damage(Column::kMeta);
  auto log = OpenRocks(RocksIn(dir_));
  EXPECT_EQ(log->report().level(), Level::kError);
  EXPECT_THAT(log->report().Text(), HasSubstr("epochs and its beginning was damaged"));
  EXPECT_EQ(log->extent().earliest, extent.earliest);
  EXPECT_EQ(log->extent().latest, extent.latest);
  EXPECT_EQ(log->extent().bytes, extent.bytes);
  for (Sequence sequence = 6; sequence <= kAll; ++sequence) {
    EXPECT_EQ(log->epochs().PlaceAfter(sequence), before.PlaceAfter(sequence));
  }
  EXPECT_EQ(*log->PlaceAt(kStart), 5u);
}

}  // namespace
}  // namespace tocsin::hub
