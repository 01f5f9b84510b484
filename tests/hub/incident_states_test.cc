#include "hub/incident_states.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/event/error.h"
#include "tests/hub/alert_fixture.h"
#include "tests/hub/wrapped_log.h"

namespace tocsin::hub {
namespace {

using testing::ElementsAre;

constexpr auto kDetected = v1::INCIDENT_STATE_DETECTED;
constexpr auto kTriaged = v1::INCIDENT_STATE_TRIAGED;
constexpr auto kInvestigating = v1::INCIDENT_STATE_INVESTIGATING;
constexpr auto kRemediating = v1::INCIDENT_STATE_REMEDIATING;
constexpr auto kResolved = v1::INCIDENT_STATE_RESOLVED;
constexpr auto kClosed = v1::INCIDENT_STATE_CLOSED;
constexpr auto kUpdated = v1::EVENT_TYPE_INCIDENT_UPDATED;

TEST(IncidentStatesTest, TheTable) {
  EXPECT_THAT(StatesAfter(kDetected, kUpdated),
              ElementsAre(kDetected, kTriaged, kInvestigating, kRemediating, kResolved, kClosed));
  for (const v1::IncidentState state : {kTriaged, kInvestigating, kRemediating}) {
    EXPECT_THAT(StatesAfter(state, kUpdated),
                ElementsAre(kTriaged, kInvestigating, kRemediating, kResolved, kClosed));
  }
  EXPECT_THAT(StatesAfter(kResolved, kUpdated),
              ElementsAre(kTriaged, kInvestigating, kRemediating, kResolved, kClosed));
  EXPECT_THAT(StatesAfter(kResolved, v1::EVENT_TYPE_COMMENT_ADDED),
              ElementsAre(kResolved, kClosed));
  EXPECT_THAT(StatesAfter(kClosed, kUpdated), ElementsAre(kClosed));
}

class StateChangesTest : public testing::Test {
 protected:
  static constexpr const char* kField = "events[0].incident.state";

  absl::Status Publish(v1::Event event) { return hub_.Publish({std::move(event)}).status(); }
  absl::Status Update(v1::IncidentState state, v1::EventType type = kUpdated) {
    v1::Event event = IncidentCreated(kId);
    event.set_type(type);
    event.mutable_incident()->set_state(state);
    if (type == v1::EVENT_TYPE_COMMENT_ADDED) {
      event.mutable_comment_added()->set_comment("as it stood");
    }
    return Publish(std::move(event));
  }
  void ExpectRefused(const absl::Status& status, const std::string& field = kField) {
    EXPECT_EQ(status.code(), absl::StatusCode::kAborted) << status;
    EXPECT_EQ(ErrorCodeOf(status), ErrorCode::kConflict);
    EXPECT_EQ(ErrorDetailsOf(status).field, field);
    EXPECT_FALSE(ErrorDetailsOf(status).allowed.empty());
  }

  const std::string kId = TestUuid(77);
  ManualClock clock_{kStart};
  WrappedLog log_;
  AlertHub hub_{log_, clock_};
};

TEST_F(StateChangesTest, NothingGoesBackToDetected) {
  ASSERT_TRUE(Publish(IncidentCreated(kId)).ok());
  EXPECT_TRUE(Update(kDetected).ok());
  EXPECT_TRUE(Update(kRemediating).ok());
  EXPECT_TRUE(Update(kTriaged).ok());
  const absl::Status status = Update(kDetected);
  ExpectRefused(status);
  EXPECT_EQ(status.message(),
            "events[0].incident.state would become Detected, but the incident is Triaged; allowed: "
            "Triaged, Investigating, Remediating, Resolved, Closed");
  EXPECT_EQ(hub_.StateOf(kId), kTriaged);
}

TEST_F(StateChangesTest, WhatIsResolvedIsReopenedByAnUpdateAlone) {
  ASSERT_TRUE(Publish(IncidentCreated(kId)).ok());
  ASSERT_TRUE(Publish(StateChange(v1::EVENT_TYPE_INCIDENT_RESOLVED, kId)).ok());
  ExpectRefused(Update(kInvestigating, v1::EVENT_TYPE_COMMENT_ADDED));  // one that lags
  EXPECT_TRUE(Publish(CommentOn(kId, "well done")).ok());
  EXPECT_TRUE(Publish(StateChange(v1::EVENT_TYPE_INCIDENT_RESOLVED, kId)).ok());
  ExpectRefused(Update(kDetected));
  EXPECT_TRUE(Update(kInvestigating).ok());
}

TEST_F(StateChangesTest, WhatIsClosedStaysClosed) {
  ASSERT_TRUE(Publish(IncidentCreated(kId)).ok());
  ASSERT_TRUE(Publish(StateChange(v1::EVENT_TYPE_INCIDENT_CLOSED, kId)).ok());
  ExpectRefused(Update(kTriaged));
  ExpectRefused(Publish(StateChange(v1::EVENT_TYPE_INCIDENT_RESOLVED, kId)));
  EXPECT_TRUE(Publish(StateChange(v1::EVENT_TYPE_INCIDENT_CLOSED, kId)).ok());
  EXPECT_TRUE(Publish(CommentOn(kId, "for the record")).ok());
  EXPECT_EQ(hub_.StateOf(kId), kClosed);
}

TEST_F(StateChangesTest, AnIncidentIsCreatedOnce) {
  v1::Event created = IncidentCreated(kId);
  created.set_id(TestUuid(1));
  ASSERT_TRUE(Publish(created).ok());
  EXPECT_TRUE(Publish(created).ok());  // a retry
  ExpectRefused(Publish(IncidentCreated(kId)), "events[0].incident.id");
}

TEST_F(StateChangesTest, WithinOneRequestToo) {
  const absl::Status status =
      hub_.Publish({IncidentCreated(kId), StateChange(v1::EVENT_TYPE_INCIDENT_CLOSED, kId),
                    StateChange(v1::EVENT_TYPE_INCIDENT_RESOLVED, kId)})
          .status();
  ExpectRefused(status, "events[2].incident.state");
  EXPECT_EQ(log_.extent().events, 0u);
}

}  // namespace
}  // namespace tocsin::hub
