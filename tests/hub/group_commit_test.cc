// What the hub adds to events is bounded as what publishers give.
#include "hub/group_commit.h"

#include <gtest/gtest.h>

#include <span>

#include "core/event/error.h"
#include "core/event/limits.h"
#include "core/event/wire.h"
#include "tests/hub/hub_fixtures.h"
#include "tests/hub/wrapped_log.h"

namespace tocsin::hub {
namespace {

const std::string kIncident = TestUuid(77);

class GroupCommitTest : public testing::Test {
 protected:
  // An incident of nearly 1 MiB, which each event given by its id takes in.
  void SetUp() override {
    ASSERT_EQ(follower_.Load(checked_clock_), absl::OkStatus());
    v1::Event created = IncidentCreated(kIncident);
    created.mutable_incident()->set_description(std::string(1000 * limits::kKiB, 'x'));
    ASSERT_TRUE(Publish({created}).ok());
  }

  static PendingPublish Pending(std::vector<v1::Event> events) {
    PendingPublish pending;
    for (const v1::Event& event : events) {
      pending.contents.push_back(ContentOf(event));
    }
    pending.request.events = std::move(events);
    return pending;
  }
  static PendingPublish Comments(size_t count) {
    return Pending(std::vector<v1::Event>(count, CommentOn(kIncident, "hello")));
  }
  PublishOutcome Publish(std::vector<v1::Event> events) {
    std::vector<PendingPublish> group;
    group.push_back(Pending(std::move(events)));
    commit_.Commit(group);
    return std::move(group[0].outcome);
  }

  ManualClock clock_{kStart};
  CheckedClock checked_clock_{clock_};
  WrappedLog log_;
  Window window_{{1000, 64 << 20}};
  Follower follower_{log_, window_, {}, {}};
  GroupCommit commit_{log_, follower_, checked_clock_};
};

TEST_F(GroupCommitTest, AnEventTooLargeOnceCompletedIsRefusedAndLeavesNothing) {
  v1::Event assigned;
  assigned.set_type(v1::EVENT_TYPE_ASSIGNMENT_CHANGED);
  assigned.set_id(TestUuid(5));
  assigned.mutable_assignment_changed()->set_incident_id(kIncident);
  assigned.mutable_assignment_changed()->add_assignees(std::string(600 * limits::kKiB, 'y'));
  assigned.mutable_incident()->set_id(kIncident);
  const absl::Status status = Publish({CommentOn(kIncident, "first"), assigned}).status();
  EXPECT_EQ(ErrorCodeOf(status), ErrorCode::kMessageTooLarge) << status;
  EXPECT_EQ(ErrorDetailsOf(status).field, "events[1]");
  EXPECT_EQ(log_.extent().latest.sequence, 1u);

  v1::Event smaller = CommentOn(kIncident, "hello");
  smaller.set_id(TestUuid(5));
  const PublishOutcome after = Publish({smaller});
  ASSERT_TRUE(after.ok()) << after.status();
  EXPECT_FALSE((*after)[0].duplicate());
  EXPECT_EQ((*after)[0].sequence(), 2u);
  const auto read = log_.Read(1, 1, 1);
  EXPECT_EQ(DecodeEventField((*read)[0]->payload)->incident().assignees_size(), 0);
}

TEST_F(GroupCommitTest, APublishTooLargeOnceCompletedIsRefusedWhole) {
  std::vector<PendingPublish> group;
  group.push_back(Comments(17));
  group.push_back(Comments(16));
  EXPECT_EQ(commit_.Commit(group).events, 16u);
  const absl::Status status = group[0].outcome.status();
  EXPECT_EQ(ErrorCodeOf(status), ErrorCode::kMessageTooLarge) << status;
  EXPECT_EQ(ErrorDetailsOf(status).field, "events");
  ASSERT_TRUE(group[1].outcome.ok()) << group[1].outcome.status();
  EXPECT_EQ((*group[1].outcome)[0].sequence(), 2u);
}

// What is past the bound is no one's fault: it is committed next.
TEST_F(GroupCommitTest, WhatACommitTakesInIsBoundedAndTheRestComesNext) {
  std::vector<PendingPublish> group;
  for (int i = 0; i < 3; ++i) {
    group.push_back(Comments(16));
  }
  const CommittedGroup first = commit_.Commit(group);
  EXPECT_EQ(first.taken, 2u);  // one request past the bound
  EXPECT_EQ(first.events, 32u);
  const CommittedGroup second = commit_.Commit(std::span(group).subspan(first.taken));
  EXPECT_EQ(second.taken, 1u);
  for (const PendingPublish& pending : group) {
    EXPECT_TRUE(pending.outcome.ok()) << pending.outcome.status();
  }
  EXPECT_EQ(follower_.last(), 1u + 3 * 16);
}

}  // namespace
}  // namespace tocsin::hub
