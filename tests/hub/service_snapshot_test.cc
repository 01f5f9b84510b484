// Subscribe with snapshot over a real socket: the incidents at one place, in parts, and then every
// change after it. The oracle is a stream of all events from the earliest.
#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <random>
#include <thread>

#include "core/event/cursor.h"
#include "core/event/limits.h"
#include "service_fixture.h"

namespace tocsin::hub {
namespace {

using Incidents = std::map<std::string, std::string>;  // encoded, by id

struct Taken {
  Incidents incidents;
  size_t parts = 0;
  std::string cursor;
};

v1::SubscribeRequest SnapshotRequest(const v1::Filter& filter = {}) {
  v1::SubscribeRequest request;
  *request.mutable_filter() = filter;
  request.set_snapshot(true);
  return request;
}

// Reads the snapshot up to its last part.
Taken TakeSnapshot(TestStream& stream) {
  Taken taken;
  v1::SubscribeResponse response;
  while (true) {
    if (!stream.Read(response)) {
      ADD_FAILURE() << "ended: " << stream.Finish().error_message();
      return taken;
    }
    EXPECT_EQ(response.events_size(), 0);
    EXPECT_TRUE(taken.cursor.empty() || response.cursor() == taken.cursor);
    taken.cursor = response.cursor();
    ++taken.parts;
    for (const v1::Incident& incident : response.snapshot().incidents()) {
      EXPECT_TRUE(taken.incidents.emplace(incident.id(), incident.SerializeAsString()).second);
    }
    if (response.snapshot().kind() == v1::SnapshotMark::KIND_LAST) {
      return taken;
    }
    EXPECT_EQ(response.snapshot().kind(), v1::SnapshotMark::KIND_PART);
  }
}

Sequence SequenceOf(const std::string& cursor) {
  const auto parsed = ParseCursor(cursor);
  EXPECT_TRUE(parsed.ok()) << cursor;
  return parsed.ok() ? parsed->sequence : 0;
}

v1::Event Change(std::mt19937& random, uint64_t incidents) {
  v1::Event event = IncidentCreated(TestUuid(1 + random() % incidents));
  event.set_type(v1::EVENT_TYPE_INCIDENT_UPDATED);
  v1::Incident& incident = *event.mutable_incident();
  incident.set_title(std::to_string(random()));
  incident.set_state(random() % 3 == 0 ? v1::INCIDENT_STATE_RESOLVED
                                       : v1::INCIDENT_STATE_INVESTIGATING);
  incident.set_severity(random() % 2 == 0 ? v1::SEVERITY_P0 : v1::SEVERITY_P3);
  return event;
}

void PublishChanges(TestHub& hub, std::mt19937& random, uint64_t incidents, size_t count) {
  v1::PublishRequest request;
  for (size_t i = 0; i < count; ++i) *request.add_events() = Change(random, incidents);
  const grpc::Status status = hub.Publish(request);
  ASSERT_TRUE(status.ok()) << status.error_message();
}

void PublishNew(TestHub& hub, uint64_t first, size_t count, size_t bytes = 0) {
  v1::PublishRequest request;
  for (size_t i = 0; i < count; ++i) {
    v1::Event& event = *request.add_events() = IncidentCreated(TestUuid(first + i));
    event.mutable_incident()->set_description(std::string(bytes, 'd'));
  }
  const grpc::Status status = hub.Publish(request);
  ASSERT_TRUE(status.ok()) << status.error_message();
}

class HubSnapshot : public testing::TestWithParam<std::string> {
 protected:
  HubConfig Config() {
    HubConfig config = GetParam() == "memory" ? TestConfig() : DiskConfig(dir_);
    config.durability = Durability::kMemory;
    return config;
  }

  TempDir dir_;
};

INSTANTIATE_TEST_SUITE_P(Stores, HubSnapshot, testing::Values("memory", "rocksdb"),
                         [](const auto& store) { return store.param; });

TEST_P(HubSnapshot, OfNothingIsOneEmptyPartAndTheChangesFollow) {
  TestHub hub(Config());
  auto stream = hub.Subscribe(SnapshotRequest());
  const Taken taken = TakeSnapshot(*stream);
  EXPECT_EQ(taken.parts, 1u);
  EXPECT_EQ(taken.cursor, hub.Status().latest());
  EXPECT_TRUE(taken.incidents.empty());
  const uint64_t published = hub.PublishIncident(v1::SEVERITY_P0);
  EXPECT_EQ(stream->ReadSequences(1), std::vector<uint64_t>{published});
}

TEST_P(HubSnapshot, ComesInPartsOfBoundedSize) {
  TestHub hub(Config());
  PublishNew(hub, 1, 1'000);
  for (int i = 0; i < 3; ++i) PublishNew(hub, 1'001 + 20 * i, 20, 100'000);
  auto stream = hub.Subscribe(SnapshotRequest());
  v1::SubscribeResponse response;
  size_t incidents = 0;
  do {
    ASSERT_TRUE(stream->Read(response));
    incidents += static_cast<size_t>(response.snapshot().incidents_size());
    EXPECT_LE(response.ByteSizeLong(), limits::kSnapshotPartBytes + 110'000);
    EXPECT_LE(response.snapshot().incidents_size(),
              static_cast<int>(limits::kSnapshotPartIncidents));
  } while (response.snapshot().kind() != v1::SnapshotMark::KIND_LAST);
  EXPECT_EQ(incidents, 1'060u);
}

// Of all events up to the snapshot's place comes the set, and of those after it each that matches
// comes once.
TEST_P(HubSnapshot, IsTheSetAtItsPlaceAndThenEveryChangeWhileEventsArePublished) {
  constexpr uint64_t kIncidents = 300;
  constexpr int kRounds = 12;
  TestHub hub(Config());
  std::atomic<bool> stop{false};
  std::thread publisher([&] {
    std::mt19937 random(3);
    while (!stop) PublishChanges(hub, random, kIncidents, 20);
  });
  v1::Filter all;
  v1::Filter worst;
  worst.add_severities(v1::SEVERITY_P0);
  worst.set_active_only(true);
  struct Got {
    v1::Filter filter;
    Taken snapshot;
    std::vector<uint64_t> changes;
  };
  std::vector<Got> rounds;
  for (int round = 0; round < kRounds; ++round) {
    Got got{round % 2 == 0 ? all : worst, {}, {}};
    auto stream = hub.Subscribe(SnapshotRequest(got.filter));
    got.snapshot = TakeSnapshot(*stream);
    got.changes = stream->ReadSequences(200);
    rounds.push_back(std::move(got));
  }
  stop = true;
  publisher.join();

  std::vector<v1::Event> events;
  v1::SubscribeRequest everything;
  everything.set_from("earliest");
  auto stream = hub.Subscribe(everything);
  const Sequence end = SequenceOf(hub.Status().latest());
  v1::SubscribeResponse response;
  while (events.size() < end && stream->Read(response)) {
    events.insert(events.end(), response.events().begin(), response.events().end());
  }
  ASSERT_EQ(events.size(), end);
  for (const Got& got : rounds) {
    const auto matches = [&](const v1::Event& event) {
      return got.filter.severities().empty() ||
             (event.incident().severity() == v1::SEVERITY_P0 &&
              event.incident().state() != v1::INCIDENT_STATE_RESOLVED);
    };
    const Sequence place = SequenceOf(got.snapshot.cursor);
    std::map<std::string, const v1::Event*> newest;
    for (Sequence s = 1; s <= place; ++s) newest[events[s - 1].incident().id()] = &events[s - 1];
    Incidents expected;
    for (const auto& [id, event] : newest) {
      if (matches(*event)) expected[id] = event->incident().SerializeAsString();
    }
    EXPECT_EQ(got.snapshot.incidents, expected) << "at " << place;
    std::vector<uint64_t> changes;
    for (Sequence s = place + 1; s <= got.changes.back(); ++s) {
      if (matches(events[s - 1])) changes.push_back(s);
    }
    EXPECT_EQ(got.changes, changes) << "after " << place;
  }
}

TEST_P(HubSnapshot, ItsStreamIsResumedByCursorAsAnyOther) {
  TestHub hub(Config());
  hub.PublishIncident(v1::SEVERITY_P0);
  auto stream = hub.Subscribe(SnapshotRequest());
  const Taken taken = TakeSnapshot(*stream);
  stream.reset();
  const uint64_t next = hub.PublishIncident(v1::SEVERITY_P0);
  v1::SubscribeRequest resume;
  resume.set_from(taken.cursor);
  EXPECT_EQ(hub.Subscribe(resume)->ReadSequences(1), std::vector<uint64_t>{next});
}

// Bigger than what the sockets between hub and client take in.
void FillTable(TestHub& hub) {
  for (uint64_t i = 0; i < 30; ++i) PublishNew(hub, 1 + 10 * i, 10, 100'000);
}

TEST_P(HubSnapshot, AClientThatTakesNothingIsCutAsASlowConsumerAndHoldsNothing) {
  HubConfig config = Config();
  config.shard.stuck_after = absl::Milliseconds(300);
  TestHub hub(config);
  FillTable(hub);
  auto stuck = hub.Subscribe(SnapshotRequest());
  auto live = hub.Subscribe();
  live->AwaitCaughtUp();
  ASSERT_TRUE(Eventually([&] { return hub.Status().subscriptions() == 1; }));
  const grpc::Status cut = stuck->Finish();
  EXPECT_EQ(cut.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(cut.error_message().substr(0, 13), "SLOW_CONSUMER");
  const uint64_t next = hub.PublishIncident(v1::SEVERITY_P0);
  EXPECT_EQ(live->ReadSequences(1), std::vector<uint64_t>{next});
  EXPECT_NE(hub.GetOps("/metrics").find("tocsin_snapshots_running 0"), std::string::npos);
}

TEST_P(HubSnapshot, AClientThatGoesInTheMidstLeavesNothing) {
  TestHub hub(Config());
  FillTable(hub);
  for (int i = 0; i < 20; ++i) {
    auto stream = hub.Subscribe(SnapshotRequest());
    v1::SubscribeResponse response;
    ASSERT_TRUE(stream->Read(response));
    stream->Cancel();
  }
  EXPECT_TRUE(Eventually([&] {
    return hub.Status().subscriptions() == 0 &&
           hub.GetOps("/metrics").find("tocsin_snapshots_running 0") != std::string::npos;
  }));
}

TEST_P(HubSnapshot, ADrainInTheMidstTellsTheClientWhenToComeBack) {
  TestHub hub(Config());
  FillTable(hub);
  auto stream = hub.Subscribe(SnapshotRequest());
  v1::SubscribeResponse response;
  ASSERT_TRUE(stream->Read(response));
  std::thread drain([&] { EXPECT_EQ(hub.hub().Drain(), absl::OkStatus()); });
  bool closing = false;
  while (stream->Read(response)) closing |= response.has_closing();
  EXPECT_TRUE(closing);
  EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::UNAVAILABLE);
  drain.join();
}

TEST_P(HubSnapshot, AFilterThatIsWrongIsRefusedBeforeAnythingIsRead) {
  TestHub hub(Config());
  v1::Filter wrong;
  wrong.add_incident_ids("INC-1");
  const grpc::Status status = hub.Subscribe(SnapshotRequest(wrong))->Finish();
  EXPECT_EQ(DetailsOf(status).info.reason(), "INVALID_FILTER");
  EXPECT_NE(hub.GetOps("/metrics").find("tocsin_snapshots_total 0"), std::string::npos);
}

}  // namespace
}  // namespace tocsin::hub
