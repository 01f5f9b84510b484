// Snapshots in parts, driven by hand: a shard's tasks, the reader's RunOnce, and a clock that
// stands still.
#include "hub/snapshot_reader.h"

#include <gtest/gtest.h>

#include <functional>
#include <map>

#include "core/event/error.h"
#include "core/event/limits.h"
#include "core/stream/shard.h"
#include "hub/snapshot_pause.h"
#include "hub/store_reader.h"
#include "tests/hub/hub_fixtures.h"
#include "tests/hub/wrapped_log.h"
#include "tocsin/v1/hub.pb.h"

namespace tocsin::hub {
namespace {

class SnapshotReaderTest : public testing::Test {
 protected:
  struct Client {
    std::vector<SnapshotPart> parts;
    std::unique_ptr<SnapshotReader::Snapshot> snapshot;

    const absl::Status& status() const { return parts.back().status; }
    size_t incidents() const {
      size_t count = 0;
      for (const SnapshotPart& part : parts) count += part.count;
      return count;
    }
  };

  void SetUp() override { window_.Start(log_.extent().latest); }

  // Incidents with descriptions of so many bytes.
  void AddIncidents(size_t count, size_t bytes = 10) {
    const auto batch = NextBatch(log_, count, kStart);
    for (const EventPtr& event : batch->events) {
      v1::Incident incident = IncidentCreated(TestUuid(event->cursor.sequence)).incident();
      incident.set_description(std::string(bytes, 'd'));
      batch->incidents.push_back(
          {nullptr, IncidentState::From(incident, event->cursor.sequence, kStart)});
    }
    ASSERT_EQ(log_.Append(batch), absl::OkStatus());
  }

  std::unique_ptr<Client> Open(const v1::Filter& filter = {}) {
    auto client = std::make_unique<Client>();
    client->snapshot = reader_.Open(
        shard_, *Filter::Compile(filter),
        [client = client.get()](SnapshotPart part) { client->parts.push_back(std::move(part)); });
    return client;
  }

  void Run() {
    while (reader_.RunOnce()) {
    }
    shard_.RunOnce();
  }

  WrappedLog log_;
  Window window_{{4, 1 << 20}};
  ManualClock clock_;
  StoreReader log_reader_{log_, window_};
  Shard shard_{window_, log_reader_, clock_, {}};
  SnapshotReader reader_{log_, clock_};
};

TEST_F(SnapshotReaderTest, AnEmptyOneIsOneLastPart) {
  const auto client = Open();
  Run();
  ASSERT_EQ(client->parts.size(), 1u);
  EXPECT_TRUE(client->parts[0].last);
  EXPECT_EQ(client->parts[0].count, 0u);
  EXPECT_EQ(client->parts[0].place, log_.extent().latest);
}

TEST_F(SnapshotReaderTest, PartsAreBoundedInCountAndBytesAndComeAsTheyAreAskedFor) {
  AddIncidents(2'500);
  AddIncidents(100, limits::kSnapshotPartBytes / 10);
  const auto client = Open();
  for (size_t asked = 1;; ++asked) {
    Run();
    Run();
    ASSERT_EQ(client->parts.size(), asked) << "nothing comes that was not asked for";
    const SnapshotPart& part = client->parts.back();
    EXPECT_LE(part.count, limits::kSnapshotPartIncidents);
    EXPECT_LE(part.incidents.size(), limits::kSnapshotPartBytes * 11 / 10 + 1'000);
    EXPECT_EQ(part.place, log_.extent().latest);
    v1::SnapshotMark mark;
    ASSERT_TRUE(mark.ParseFromString(part.incidents));
    EXPECT_EQ(static_cast<size_t>(mark.incidents_size()), part.count);
    if (part.last) {
      break;
    }
    EXPECT_GT(part.count, 0u);
    client->snapshot->Next();
  }
  EXPECT_EQ(client->incidents(), 2'600u);
  EXPECT_GE(client->parts.size(), 10u);
}

TEST_F(SnapshotReaderTest, OneThatSeldomMatchesTakesTurnsWithOthers) {
  AddIncidents(5 * SnapshotReader::kLookedAtPerTurn);
  v1::Filter none;
  none.add_sources("no such source");
  const auto seldom = Open(none);
  const auto other = Open();
  EXPECT_TRUE(reader_.RunOnce());
  EXPECT_TRUE(reader_.RunOnce());
  shard_.RunOnce();
  EXPECT_TRUE(seldom->parts.empty());
  EXPECT_EQ(other->parts.size(), 1u);
  Run();
  ASSERT_EQ(seldom->parts.size(), 1u);
  EXPECT_TRUE(seldom->parts[0].last);
}

TEST_F(SnapshotReaderTest, SoManyAreReadAtATimeAndTheOthersWaitInOrder) {
  AddIncidents(2 * limits::kSnapshotPartIncidents);
  std::vector<std::unique_ptr<Client>> clients;
  for (size_t i = 0; i < SnapshotReader::kMaxRunning + 2; ++i) clients.push_back(Open());
  Run();
  EXPECT_EQ(reader_.running(), SnapshotReader::kMaxRunning);
  EXPECT_EQ(reader_.waiting(), 2u);
  EXPECT_TRUE(clients[SnapshotReader::kMaxRunning]->parts.empty());
  AddIncidents(1);
  clients[0]->snapshot->Next();  // its last part
  Run();
  EXPECT_EQ(reader_.waiting(), 2u);  // which may not have gone yet
  clients[0]->snapshot.reset();
  Run();
  EXPECT_EQ(reader_.waiting(), 1u);
  ASSERT_EQ(clients[SnapshotReader::kMaxRunning]->parts.size(), 1u);
  EXPECT_EQ(clients[SnapshotReader::kMaxRunning]->parts[0].place, log_.extent().latest);
  EXPECT_NE(clients[1]->parts[0].place, log_.extent().latest);
}

TEST_F(SnapshotReaderTest, PastThoseThatWaitOneIsRefusedAndToldWhenToComeBack) {
  AddIncidents(2 * limits::kSnapshotPartIncidents);
  std::vector<std::unique_ptr<Client>> clients;
  const size_t most = SnapshotReader::kMaxRunning + SnapshotReader::kMaxWaiting;
  for (size_t i = 0; i < most + 1; ++i) clients.push_back(Open());
  Run();
  EXPECT_EQ(reader_.waiting(), SnapshotReader::kMaxWaiting);
  ASSERT_EQ(clients.back()->parts.size(), 1u);
  EXPECT_EQ(clients.back()->status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_GT(ErrorDetailsOf(clients.back()->status()).retry_after, absl::ZeroDuration());
  EXPECT_TRUE(clients[most - 1]->parts.empty());
}

TEST_F(SnapshotReaderTest, OneThatTakesNothingEndsAndMakesRoom) {
  AddIncidents(3 * limits::kSnapshotPartIncidents);
  const auto stuck = Open();
  const auto taking = Open();
  Run();
  clock_.Advance(limits::kStuckAfter - absl::Milliseconds(1));
  taking->snapshot->Next();
  Run();
  EXPECT_EQ(stuck->parts.size(), 1u);
  clock_.Advance(absl::Milliseconds(1));
  Run();
  ASSERT_EQ(stuck->parts.size(), 2u);
  EXPECT_EQ(ErrorCodeOf(stuck->status()), ErrorCode::kSlowConsumer);
  EXPECT_EQ(reader_.running(), 1u);
  EXPECT_EQ(taking->parts.size(), 2u);
  EXPECT_TRUE(taking->status().ok());
}

TEST_F(SnapshotReaderTest, TheLastPartMustBeTakenInTimeToo) {
  const auto client = Open();
  Run();
  ASSERT_TRUE(client->parts.back().last);
  clock_.Advance(limits::kStuckAfter);
  Run();
  EXPECT_EQ(ErrorCodeOf(client->status()), ErrorCode::kSlowConsumer);
}

TEST_F(SnapshotReaderTest, OneThatTakesTooLongInAllEnds) {
  const absl::Duration step = limits::kStuckAfter - absl::Seconds(2);
  AddIncidents((limits::kSnapshotTime / step + 2) * limits::kSnapshotPartIncidents);
  const auto client = Open();
  absl::Duration passed;
  while (client->parts.empty() || client->status().ok()) {
    ASSERT_LE(passed, limits::kSnapshotTime);
    Run();
    clock_.Advance(step);
    passed += step;
    client->snapshot->Next();
    Run();
  }
  EXPECT_EQ(ErrorCodeOf(client->status()), ErrorCode::kSlowConsumer);
  EXPECT_EQ(reader_.running(), 0u);
}

TEST_F(SnapshotReaderTest, OneThatHasGoneIsNotDeliveredAndLeavesNothing) {
  AddIncidents(3);
  auto client = Open();
  while (reader_.RunOnce()) {
  }
  client->snapshot.reset();
  Run();
  EXPECT_TRUE(client->parts.empty());
  EXPECT_EQ(reader_.running(), 0u);
}

TEST_F(SnapshotReaderTest, OneMayEndItselfWhenAPartComes) {
  auto client = std::make_unique<Client>();
  client->snapshot = reader_.Open(shard_, Filter::MatchAll(), [&](SnapshotPart part) {
    client->snapshot.reset();
    client->parts.push_back(std::move(part));
  });
  Run();
  EXPECT_EQ(client->parts.size(), 1u);
}

TEST_F(SnapshotReaderTest, StopEndsThemAll) {
  AddIncidents(2 * limits::kSnapshotPartIncidents);
  reader_.Start();
  const auto client = Open();
  while (client->parts.empty()) {
    shard_.RunOnce();
  }
  reader_.Stop();
  client->snapshot->Next();
  EXPECT_FALSE(reader_.RunOnce());
  shard_.RunOnce();
  EXPECT_EQ(client->parts.size(), 1u);
}

// Symptom: beside snapshots a publish took 200 ms instead of 2 on a busy processor.
// Cause: snapshots left nothing of it, and the kernel's thread that syncs the disk did not run.
// Older tests: no test measures time beside snapshots (bench/snapshots.py does).
TEST(SnapshotPauseTest, IsAsLongAsOthersMadeTheReaderWait) {
  EXPECT_EQ(SnapshotPause(absl::Milliseconds(3), absl::Milliseconds(1)), absl::Milliseconds(2));
  EXPECT_EQ(SnapshotPause(absl::Seconds(3), absl::Milliseconds(1)), kMostSnapshotPause);
}

TEST(SnapshotPauseTest, IsNoneOnAnIdleMachine) {
  EXPECT_EQ(SnapshotPause(absl::Microseconds(1010), absl::Microseconds(1000)),
            absl::ZeroDuration());
  EXPECT_EQ(SnapshotPause(absl::Microseconds(999), absl::Microseconds(1000)), absl::ZeroDuration());
}

}  // namespace
}  // namespace tocsin::hub
