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

TEST(PermissionOracle, AnEventComesExactlyWhereBothFiltersLetItPass) {
  AuthHub hub;
  std::mt19937 random(7);
  std::vector<Pair> pairs(kPairs);
  for (Pair& pair : pairs) {
    for (v1::Filter& filter : pair.filters) filter = RandomFilter(random);
    pair.token = hub.Token(PermissionOf(pair.filters[0]));
  }
  const auto subscribe = [&](Pair& pair, const char* from) {
    v1::SubscribeRequest request;
    *request.mutable_filter() = pair.filters[1];
    request.set_from(from);
    request.mutable_bookmark_interval()->set_nanos(100'000'000);
    pair.stream = hub.Subscribe(request, pair.token);
  };
  for (Pair& pair : pairs) subscribe(pair, "latest");
  for (Pair& pair : pairs) pair.stream->AwaitCaughtUp();
  uint64_t last = 0;
  std::string refusal;
  for (size_t i = 0; i < 10 * kEvents && last < kEvents; ++i) {
    v1::PublishRequest request;
    *request.add_events() = MakeEvent(random);
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
  v1::ListEventsResponse corpus;
  ASSERT_TRUE(hub.Call(&v1::EventHub::Stub::ListEvents, everything, corpus, hub.Token(kAll)).ok());
  ASSERT_EQ(corpus.events_size(), static_cast<int>(last));
  size_t delivered = 0;
  size_t stopped_by_permission = 0;
  for (Pair& pair : pairs) {
    std::vector<uint64_t> expected;
    for (const v1::Event& event : corpus.events()) {
      if (testing::OracleMatches(pair.filters, event)) {
        expected.push_back(event.sequence());
      } else if (testing::OracleMatches(pair.filters[1], event)) {
        ++stopped_by_permission;
      }
    }
    ASSERT_EQ(ReadTo(*pair.stream, last), expected)
        << pair.filters[0].ShortDebugString() << "\nand " << pair.filters[1].ShortDebugString();
    subscribe(pair, "earliest");
    ASSERT_EQ(ReadTo(*pair.stream, last), expected) << "read from the log";
    delivered += expected.size();
    pair.stream.reset();
  }
  // Enough of both that the comparison means something.
  EXPECT_GT(delivered, 1000u);
  EXPECT_GT(stopped_by_permission, 10'000u);
}

}  // namespace
}  // namespace tocsin::hub
