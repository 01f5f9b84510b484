// Two hubs append to one log. Whatever they do, they follow the same commits, and so agree on the
// order, on what is a duplicate, and on every incident.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "core/event/error.h"
#include "core/event/wire.h"
#include "hub/sequencer.h"
#include "tests/hub/alert_fixture.h"
#include "tests/hub/hub_fixtures.h"
#include "tests/hub/shared_order.h"

namespace tocsin::hub {
namespace {

constexpr Epoch kEpoch = 77;
const std::string kIncident = TestUuid(500);

struct HubOfTwo {
  explicit HubOfTwo(SharedOrder& order) : log(order, kEpoch) {
    EXPECT_EQ(sequencer.Open(), absl::OkStatus());
  }

  std::shared_ptr<PublishOutcome> Send(std::vector<v1::Event> events,
                                       std::optional<Sequence> expected = {}) {
    auto outcome = std::make_shared<PublishOutcome>(absl::UnknownError("not answered"));
    sequencer.Publish({std::move(events), expected},
                      [outcome](PublishOutcome o) { *outcome = std::move(o); });
    return outcome;
  }
  PublishOutcome Publish(std::vector<v1::Event> events, std::optional<Sequence> expected = {}) {
    const auto outcome = Send(std::move(events), expected);
    sequencer.RunOnce();
    return *outcome;
  }
  std::vector<std::string> Events() {
    Window::Slice slice;
    EXPECT_EQ(window.Read(window.view().base, window.view().head, 100'000, 1 << 30, slice),
              Window::Outcome::kRead);
    std::vector<std::string> events;
    for (const EventPtr& event : slice.events) events.push_back(event->payload);
    return events;
  }

  SharedLog log;
  Window window{{100'000, 1 << 30}};
  ManualClock clock{kStart};
  Sequencer sequencer{log, window, clock, {}};
};

class TwoWritersTest : public testing::Test {
 protected:
  void ExpectAlike() {
    a_.sequencer.RunOnce();
    b_.sequencer.RunOnce();
    EXPECT_EQ(a_.window.view().head, b_.window.view().head);
    EXPECT_EQ(a_.Events(), b_.Events());
  }

  SharedOrder order_;
  HubOfTwo a_{order_};
  HubOfTwo b_{order_};
};

TEST_F(TwoWritersTest, EachFollowsWhatTheOtherAppends) {
  ASSERT_TRUE(a_.Publish({SystemEvent("a1"), SystemEvent("a2")}).ok());
  const PublishOutcome second = b_.Publish({SystemEvent("b1")});
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_EQ((*second)[0].sequence(), 3u);
  ExpectAlike();
  EXPECT_EQ(b_.log.refused, 0);
}

TEST_F(TwoWritersTest, WhoComesSecondIsStagedAgainUponTheFirst) {
  ASSERT_TRUE(a_.Publish({IncidentCreated(kIncident)}).ok());
  // B raises the severity while A's comment is on its way: the comment carries the new severity.
  v1::Event escalated;
  escalated.set_type(v1::EVENT_TYPE_ESCALATED);
  escalated.mutable_incident()->set_id(kIncident);
  escalated.mutable_escalated()->set_incident_id(kIncident);
  escalated.mutable_escalated()->set_to_severity(v1::SEVERITY_P0);
  a_.log.before_append = [&] {
    a_.log.before_append = nullptr;
    ASSERT_TRUE(b_.Publish({escalated}).ok());
  };
  const PublishOutcome comment = a_.Publish({CommentOn(kIncident, "looking")});
  ASSERT_TRUE(comment.ok()) << comment.status();
  EXPECT_EQ((*comment)[0].sequence(), 3u);
  EXPECT_EQ(a_.log.refused, 1);
  const auto read = b_.log.Read(2, 1, 1 << 20);
  const v1::Event event = *DecodeEventField((*read)[0]->payload);
  EXPECT_EQ(event.incident().severity(), v1::SEVERITY_P0);
  EXPECT_EQ(event.comment_added().comment(), "looking");
  ExpectAlike();
}

TEST_F(TwoWritersTest, AnIdIsADuplicateWhereverItCameFirst) {
  const v1::Event event = SystemEvent("once", TestUuid(9));
  a_.log.before_append = [&] {
    a_.log.before_append = nullptr;
    ASSERT_TRUE(b_.Publish({event}).ok());
  };
  const PublishOutcome again = a_.Publish({event});
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_TRUE((*again)[0].duplicate());
  EXPECT_EQ((*again)[0].sequence(), 1u);
  EXPECT_EQ(b_.Publish({SystemEvent("other", TestUuid(9))}).status().code(),
            absl::StatusCode::kAlreadyExists);
  ExpectAlike();
}

TEST_F(TwoWritersTest, AnExpectationIsOfTheLogNotOfTheHub) {
  ASSERT_TRUE(a_.Publish({IncidentCreated(kIncident)}).ok());
  a_.log.before_append = [&] {
    a_.log.before_append = nullptr;
    ASSERT_TRUE(b_.Publish({CommentOn(kIncident, "first")}).ok());
  };
  EXPECT_EQ(a_.Publish({CommentOn(kIncident, "second")}, 1).status().code(),
            absl::StatusCode::kAborted);
  EXPECT_TRUE(a_.Publish({CommentOn(kIncident, "second")}, 2).ok());
  ExpectAlike();
}

TEST_F(TwoWritersTest, WhoIsAlwaysSecondIsToldToComeBack) {
  a_.log.before_append = [&] { ASSERT_TRUE(b_.Publish({SystemEvent("again")}).ok()); };
  const absl::Status status = a_.Publish({SystemEvent("never")}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable) << status;
  EXPECT_EQ(a_.log.refused, kMostStagings);
  a_.log.before_append = nullptr;
  EXPECT_TRUE(a_.Publish({SystemEvent("now")}).ok());
  ExpectAlike();
}

// Both are sent the same alert at once: it has one incident, wherever it came first.
TEST_F(TwoWritersTest, TwinsAtBothHubsOpenOneIncident) {
  const auto submit = [](HubOfTwo& hub, v1::AlertStatus status) {
    auto answer = std::make_shared<v1::SubmitAlertResponse>();
    std::vector<AlertSubmission> alerts(1);
    alerts[0].request.alert = AlertNamed("a", status);
    alerts[0].done = [answer](AlertOutcome outcome) {
      ASSERT_TRUE(outcome.ok()) << outcome.status();
      *answer = outcome->response;
    };
    hub.sequencer.Submit(std::move(alerts));
    hub.sequencer.RunOnce();
    return *answer;
  };
  std::string first;
  a_.log.before_append = [&] {
    first = submit(b_, v1::ALERT_STATUS_FIRING).incident_id();
    a_.log.before_append = nullptr;
  };
  const v1::SubmitAlertResponse second = submit(a_, v1::ALERT_STATUS_FIRING);
  EXPECT_FALSE(second.opened());
  EXPECT_EQ(second.incident_id(), first);
  ExpectAlike();
  EXPECT_EQ(a_.sequencer.open_alerts(), 1u);
  EXPECT_EQ(b_.sequencer.open_alerts(), 1u);
  EXPECT_EQ(submit(b_, v1::ALERT_STATUS_RESOLVED).incident_id(), first);
  ExpectAlike();
  EXPECT_EQ(a_.sequencer.open_alerts(), 0u);
  for (HubOfTwo* hub : {&a_, &b_}) {
    EXPECT_EQ((*hub->log.GetIncident(first))->state, v1::INCIDENT_STATE_RESOLVED);
    EXPECT_EQ(hub->log.ReadAlerts(first)->front().shown.count(), 3u);
  }
}

// Both under load, on threads of their own: every subscriber of either saw one order.
TEST_F(TwoWritersTest, UnderLoadThereIsOneOrder) {
  constexpr int kEach = 300;
  std::atomic<int> answered{0};
  std::atomic<int> duplicates{0};
  a_.sequencer.Start();
  b_.sequencer.Start();
  for (int i = 0; i < kEach; ++i) {
    for (HubOfTwo* hub : {&a_, &b_}) {
      // The same ids at both: one of them is first.
      const bool is_incident = i % 3 == 0;
      v1::Event event =
          is_incident ? IncidentCreated(TestUuid(1'000 + i % 7)) : SystemEvent("load");
      if (is_incident) event.set_type(v1::EVENT_TYPE_INCIDENT_UPDATED);
      event.set_id(TestUuid(10'000 + i));
      hub->sequencer.Publish({{event}, {}}, [&](PublishOutcome outcome) {
        ASSERT_TRUE(outcome.ok()) << outcome.status();
        duplicates += (*outcome)[0].duplicate() ? 1 : 0;
        ++answered;
      });
    }
  }
  a_.sequencer.Stop();
  b_.sequencer.Stop();
  EXPECT_EQ(answered, 2 * kEach);
  EXPECT_EQ(duplicates, kEach);
  ExpectAlike();
  EXPECT_EQ(a_.Events().size(), static_cast<size_t>(kEach));
  for (int i = 0; i < 7; ++i) {
    const IncidentPtr at_a = *a_.log.GetIncident(TestUuid(1'000 + i));
    const IncidentPtr at_b = *b_.log.GetIncident(TestUuid(1'000 + i));
    ASSERT_NE(at_a, nullptr);
    EXPECT_EQ(at_a->core, at_b->core);
    EXPECT_EQ(at_a->last_sequence, at_b->last_sequence);
  }
  EXPECT_EQ(a_.log.ReadDedup()->size(), b_.log.ReadDedup()->size());
}

}  // namespace
}  // namespace tocsin::hub
