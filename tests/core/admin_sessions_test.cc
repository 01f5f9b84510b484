#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "core/admin/closed_sessions.h"
#include "core/auth/subject.h"
#include "core/base/clock.h"
#include "core/event/time_proto.h"
#include "core/stream/live_session.h"

namespace tocsin {
namespace {

class NamedSession final : public LiveSession {
 public:
  explicit NamedSession(std::string id, std::string subject = "")
      : id_(std::move(id)), subject_(std::make_shared<Subject>(Subject{.name = subject})) {}
  const std::string& session_id() const override { return id_; }
  SubjectPtr subject() const override { return subject_; }
  v1::SessionExplanation Explain() const override { return {}; }
  SessionFace Face() const override {
    return {.address = "192.0.2.1:5",
            .label = "wall",
            .transport = "sse",
            .since = absl::FromUnixSeconds(7)};
  }
  void Kick(absl::Duration, std::string_view) override {}

 private:
  const std::string id_;
  const SubjectPtr subject_;
};

TEST(LiveSessionsTest, EachIsFoundByItsOwnIdUntilItLeaves) {
  NamedSession one("one");
  NamedSession other("other");
  LiveSessions sessions;
  sessions.Enter(one);
  sessions.Enter(other);
  EXPECT_EQ(sessions.Find("one"), &one);
  EXPECT_EQ(sessions.Find("other"), &other);
  EXPECT_EQ(sessions.Find("on"), nullptr);
  sessions.Leave(one, kClientGone, "");
  EXPECT_EQ(sessions.Find("one"), nullptr);
  EXPECT_EQ(sessions.Find("other"), &other);
}

TEST(LiveSessionsTest, WhoLeavesIsKeptOnceWithTheReason) {
  ManualClock clock;
  ClosedSessions closed(clock);
  LiveSessions sessions;
  sessions.TellEnds(&closed);
  NamedSession one("one", "alice");
  sessions.Enter(one);
  sessions.Leave(one, "SLOW_CONSUMER", "nothing was taken");
  sessions.Leave(one, kClientGone, "");
  const auto newest = closed.Newest(10, "");
  ASSERT_EQ(newest.size(), 1u);
  EXPECT_EQ(newest[0].id(), "one");
  EXPECT_EQ(newest[0].subject(), "alice");
  EXPECT_EQ(newest[0].address(), "192.0.2.1:5");
  EXPECT_EQ(newest[0].transport(), "sse");
  EXPECT_EQ(newest[0].label(), "wall");
  EXPECT_EQ(newest[0].code(), "SLOW_CONSUMER");
  EXPECT_EQ(newest[0].reason(), "nothing was taken");
  EXPECT_EQ(ToTime(newest[0].since()), absl::FromUnixSeconds(7));
  EXPECT_EQ(ToTime(newest[0].closed_at()), clock.Now());
}

TEST(ClosedSessionsTest, TheNewestStayAndComeFirst) {
  ManualClock clock;
  ClosedSessions closed(clock);
  for (size_t i = 0; i < ClosedSessions::kMost + 5; ++i) {
    closed.Add(NamedSession(std::to_string(i), i % 2 == 0 ? "even" : "odd"), kClientGone, "");
  }
  const auto all = closed.Newest(2 * ClosedSessions::kMost, "");
  ASSERT_EQ(all.size(), ClosedSessions::kMost);
  EXPECT_EQ(all.front().id(), "1004");
  EXPECT_EQ(all.back().id(), "5");
  const auto odd = closed.Newest(2, "odd");
  ASSERT_EQ(odd.size(), 2u);
  EXPECT_EQ(odd[0].id(), "1003");
  EXPECT_EQ(odd[1].id(), "1001");
}

TEST(ClosedSessionsTest, LongTextsAreCutBetweenCharacters) {
  ManualClock clock;
  ClosedSessions closed(clock);
  std::string reason;
  for (int i = 0; i < 200; ++i) reason += "é";
  closed.Add(NamedSession("one"), kClientGone, reason);
  EXPECT_EQ(closed.Newest(1, "").at(0).reason(), reason.substr(0, 254));
}

}  // namespace
}  // namespace tocsin
