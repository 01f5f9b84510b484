// A permission's filter and a subscription's, through the whole hub, against an oracle that looks
// at the messages by itself: an event comes exactly where each of the two lets it pass.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "auth_fixture.h"
#include "core/event/cursor.h"
#include "core/event/json_writer.h"
#include "tests/core/event_samples.h"
#include "tests/core/filter_oracle.h"

namespace tocsin::hub {
namespace {

constexpr size_t kPairs = 1000;
constexpr size_t kPairsAtATime = 100;
constexpr size_t kEvents = 250;

std::string PermissionOf(const v1::Filter& filter) {
  std::string json;
  AppendJsonFilter(json, filter);
  return absl::StrCat(R"({"subscribe":)", json == "{}" ? "true" : json, "}");
}

// A random event that has what publishing asks for.
v1::Event MakeEvent(std::mt19937& random) {
  v1::Event event = RandomEvent(random);
  if (event.type() == v1::EVENT_TYPE_SYSTEM_EVENT) {
    event.mutable_system_event()->set_category("test");
    event.mutable_system_event()->set_message("m");
  } else if (event.type() == v1::EVENT_TYPE_ALERT_RECEIVED) {
    event.mutable_alert_received()->mutable_alert()->set_title("t");
  } else {
    v1::Event about;
    *about.mutable_incident() = event.incident();
    about.mutable_incident()->set_title("t");
    about.set_type(v1::EVENT_TYPE_INCIDENT_UPDATED);
    if (random() % 2 == 0) {
      about.set_type(v1::EVENT_TYPE_COMMENT_ADDED);
      about.mutable_comment_added()->set_incident_id(event.incident().id());
      about.mutable_comment_added()->set_author("ann");
      about.mutable_comment_added()->set_comment("c");
    }
    event = about;
  }
  return event;
}

struct Pair {
  v1::Filter filters[2];  // the permission's and the subscription's
  std::string token;
  std::unique_ptr<TestStream> stream;
};

// Up to the event of that sequence, which a bookmark tells where it does not match.
std::vector<uint64_t> ReadTo(TestStream& stream, uint64_t last) {
  std::vector<uint64_t> sequences;
  v1::SubscribeResponse response;
  do {
    for (const v1::Event& event : response.events()) sequences.push_back(event.sequence());
  } while ((stream.cursor().empty() || ParseCursor(stream.cursor())->sequence < last) &&
           stream.Read(response));
  return sequences;
}

struct Counted {
  size_t delivered = 0;
  size_t stopped_by_permission = 0;
};

struct PermissionOracle : ::testing::Test {
  // A hub of their own for some pairs: no stream waits unread for longer than its call may take.
  void Check(size_t pairs) {
    AuthHub hub;
    for (size_t i = 0; i < pairs; ++i) pairs_.push_back(RandomPair(hub));
    for (Pair& pair : pairs_) Subscribe(hub, pair, "latest");
    for (Pair& pair : pairs_) pair.stream->AwaitCaughtUp();
    ASSERT_NO_FATAL_FAILURE(Publish(hub));
    for (Pair& pair : pairs_) ASSERT_NO_FATAL_FAILURE(Compare(hub, pair));
    pairs_.clear();
  }

  Pair RandomPair(AuthHub& hub) {
    Pair pair;
    for (v1::Filter& filter : pair.filters) filter = RandomFilter(random_);
    pair.token = hub.Token(PermissionOf(pair.filters[0]));
    return pair;
  }

  void Subscribe(AuthHub& hub, Pair& pair, const char* from) {
    v1::SubscribeRequest request;
    *request.mutable_filter() = pair.filters[1];
    request.set_from(from);
    request.mutable_bookmark_interval()->set_nanos(100'000'000);
    pair.stream = hub.Subscribe(request, pair.token);
  }

  // kEvents random events, which corpus_ has then.
  void Publish(AuthHub& hub) {
    uint64_t last = 0;
    std::string refusal;
    for (size_t i = 0; i < 10 * kEvents && last < kEvents; ++i) {
      v1::PublishRequest request;
      *request.add_events() = MakeEvent(random_);
      v1::PublishResponse response;
      const grpc::Status published =
          hub.Call(&v1::EventHub::Stub::Publish, request, response, hub.Token(kAll));
      // A change of state that makes no sense is refused; another comes.
      if (published.ok()) {
        last = response.results(0).sequence();
      } else {
        refusal = published.error_message();
      }
    }
    ASSERT_EQ(last, kEvents) << refusal;
    v1::ListEventsRequest everything;
    everything.set_limit(1000);
    ASSERT_TRUE(
        hub.Call(&v1::EventHub::Stub::ListEvents, everything, corpus_, hub.Token(kAll)).ok());
    ASSERT_EQ(corpus_.events_size(), static_cast<int>(kEvents));
  }

  // What came live, and what comes from the log, is what the oracle says.
  void Compare(AuthHub& hub, Pair& pair) {
    const std::vector<uint64_t> expected = Expected(pair);
    ASSERT_EQ(ReadTo(*pair.stream, kEvents), expected)
        << pair.filters[0].ShortDebugString() << "\nand " << pair.filters[1].ShortDebugString();
    Subscribe(hub, pair, "earliest");
    ASSERT_EQ(ReadTo(*pair.stream, kEvents), expected) << "read from the log";
    pair.stream.reset();
  }

  std::vector<uint64_t> Expected(const Pair& pair) {
    std::vector<uint64_t> expected;
    for (const v1::Event& event : corpus_.events()) {
      if (testing::OracleMatches(pair.filters, event)) {
        expected.push_back(event.sequence());
      } else if (testing::OracleMatches(pair.filters[1], event)) {
        ++counted_.stopped_by_permission;
      }
    }
    counted_.delivered += expected.size();
    return expected;
  }

  std::mt19937 random_{7};
  std::vector<Pair> pairs_;
  v1::ListEventsResponse corpus_;
  Counted counted_;
};

TEST_F(PermissionOracle, AnEventComesExactlyWhereBothFiltersLetItPass) {
  for (size_t done = 0; done < kPairs; done += kPairsAtATime) {
    ASSERT_NO_FATAL_FAILURE(Check(kPairsAtATime));
  }
  // Enough of both that the comparison means something.
  EXPECT_GT(counted_.delivered, 1000u);
  EXPECT_GT(counted_.stopped_by_permission, 10'000u);
}

}  // namespace
}  // namespace tocsin::hub
