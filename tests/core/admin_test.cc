#include "core/admin/admin.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "core/admin/shard_question.h"
#include "core/auth/subject.h"
#include "core/base/log.h"
#include "core/event/error.h"
#include "tests/core/running_shard.h"
#include "tests/core/stream_fixture.h"

namespace tocsin {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::RunningShard;
using ::testing::StartsWith;

struct Kicked {
  std::string id;
  absl::Duration reconnect_after;
  std::string why;
};

// A session without a connection, whose sink takes everything.
class FakeSession final : public LiveSession {
 public:
  FakeSession(Shard& shard, std::string id, std::string subject, std::vector<Kicked>& kicked)
      : shard_(shard),
        id_(std::move(id)),
        subject_(std::make_shared<Subject>(Subject{.name = std::move(subject)})),
        kicked_(kicked) {
    sink_.sends_at_once = true;
    subscriber_ = shard_.Add(&sink_, absl::ZeroDuration());
    shard_.Subscribe(subscriber_, {.tag = 1, .filter = testing::SeverityFilter(v1::SEVERITY_P2)});
    shard_.sessions().Enter(*this);
  }
  const std::string& session_id() const override { return id_; }
  SubjectPtr subject() const override { return subject_; }
  v1::SessionExplanation Explain() const override { return {}; }
  SessionFace Face() const override {
    return {.address = absl::StrCat("192.0.2.1:", id_),
            .label = "wall",
            .transport = id_ < "005" ? "sse" : "websocket",
            .since = absl::FromUnixSeconds(7),
            .subscriber = subscriber_};
  }
  void Kick(absl::Duration reconnect_after, std::string_view why) override {
    kicked_.push_back({id_, reconnect_after, std::string(why)});
    shard_.sessions().Leave(*this, "SERVICE_UNAVAILABLE", why);
    shard_.Remove(subscriber_);
  }

 private:
  Shard& shard_;
  const std::string id_;
  const SubjectPtr subject_;
  testing::RecordingSink sink_;
  std::vector<Kicked>& kicked_;
  SubscriberId subscriber_ = 0;
};

// Two threads with the sessions 000, 001, … in turn.
class AdminTest : public ::testing::Test {
 protected:
  AdminTest() {
    for (RunningShard* const each : {&one_, &other_}) {
      each->shard.sessions().TellEnds(&closed_);
      shards_.push_back(&each->shard);
    }
  }
  ~AdminTest() override { StartLog(LogLevel::kInfo, LogFormat::kText); }

  void AddSessions(size_t count, const std::string& subject = "alice") {
    for (size_t i = 0; i < count; ++i) {
      Shard& shard = *shards_[sessions_.size() % shards_.size()];
      OnThreadOf(shard, [&] {
        sessions_.push_back(std::make_unique<FakeSession>(
            shard, absl::StrFormat("%03d", sessions_.size()), subject, kicked_));
      });
    }
  }
  static void OnThreadOf(Shard& shard, const std::function<void()>& call) {
    ASSERT_EQ(AskShards({&shard}, absl::Seconds(30), [&](Shard&) { call(); }), 0u);
  }
  Admin MakeAdmin() {
    return Admin({.shards = shards_, .closed = &closed_},
                 {.drain = [this] { ++drains_; }, .reload = [this] { return reload_; }}, clock_);
  }
  static std::vector<std::string> IdsOf(const v1::ListConnectionsResponse& response) {
    std::vector<std::string> ids;
    for (const v1::Connection& each : response.connections()) ids.push_back(each.id());
    return ids;
  }

  ManualClock clock_;
  testing::VectorLog log_;
  ClosedSessions closed_{clock_};
  std::vector<Kicked> kicked_;
  std::vector<std::unique_ptr<FakeSession>> sessions_;  // die after the threads have ended
  RunningShard one_{log_.window, log_};
  RunningShard other_{log_.window, log_};
  std::vector<Shard*> shards_;
  int drains_ = 0;
  absl::StatusOr<Options::Changes> reload_ = Options::Changes();
};

TEST_F(AdminTest, ListsTheConnectionsOfAllThreadsInOneOrderAPageAtATime) {
  AddSessions(7);
  Admin admin = MakeAdmin();
  v1::ListConnectionsRequest request;
  request.set_page_size(3);
  auto page = admin.ListConnections(request);
  ASSERT_TRUE(page.ok()) << page.status();
  EXPECT_THAT(IdsOf(*page), ElementsAre("000", "001", "002"));
  EXPECT_EQ(page->total(), 7u);
  request.set_page_token(page->next_page_token());
  page = admin.ListConnections(request);
  EXPECT_THAT(IdsOf(*page), ElementsAre("003", "004", "005"));
  request.set_page_token(page->next_page_token());
  page = admin.ListConnections(request);
  EXPECT_THAT(IdsOf(*page), ElementsAre("006"));
  EXPECT_EQ(page->next_page_token(), "");
}

TEST_F(AdminTest, SaysOfEachWhoItIsAndWhereItStands) {
  AddSessions(1);
  Admin admin = MakeAdmin();
  const auto listed = admin.ListConnections({});
  ASSERT_TRUE(listed.ok());
  ASSERT_EQ(listed->connections_size(), 1);
  const v1::Connection& connection = listed->connections(0);
  EXPECT_EQ(connection.subject(), "alice");
  EXPECT_EQ(connection.address(), "192.0.2.1:000");
  EXPECT_EQ(connection.transport(), "sse");
  EXPECT_EQ(connection.label(), "wall");
  EXPECT_EQ(connection.since().seconds(), 7);
  EXPECT_EQ(connection.subscriptions(), 1u);
}

TEST_F(AdminTest, ListsThoseOfASubjectOrATransport) {
  AddSessions(6);
  AddSessions(2, "bob");
  Admin admin = MakeAdmin();
  v1::ListConnectionsRequest request;
  request.set_subject("bob");
  EXPECT_THAT(IdsOf(*admin.ListConnections(request)), ElementsAre("006", "007"));
  request.set_subject("alice");
  request.set_transport("websocket");
  const auto listed = admin.ListConnections(request);
  EXPECT_THAT(IdsOf(*listed), ElementsAre("005"));
  EXPECT_EQ(listed->total(), 1u);
}

TEST_F(AdminTest, KicksOneByItsIdAndSaysWhyItClosed) {
  AddSessions(3);
  Admin admin = MakeAdmin();
  v1::KickRequest request;
  request.set_id("001");
  request.set_reason("maintenance");
  request.mutable_reconnect_after()->set_seconds(5);
  const auto outcome = admin.Kick("somebody", request);
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  EXPECT_EQ(outcome->kicked(), 1u);
  ASSERT_EQ(kicked_.size(), 1u);
  EXPECT_EQ(kicked_[0].id, "001");
  EXPECT_EQ(kicked_[0].reconnect_after, absl::Seconds(5));
  EXPECT_EQ(kicked_[0].why, "closed by an operator: maintenance");
  EXPECT_THAT(IdsOf(*admin.ListConnections({})), ElementsAre("000", "002"));
  const auto closed = admin.ListClosed({});
  ASSERT_EQ(closed->connections_size(), 1);
  EXPECT_EQ(closed->connections(0).id(), "001");
  EXPECT_EQ(closed->connections(0).reason(), "closed by an operator: maintenance");
  const auto again = admin.Kick("somebody", request);
  EXPECT_EQ(ErrorCodeOf(again.status()), ErrorCode::kNotFound);
}

TEST_F(AdminTest, KicksAllOfASubjectEachWithALaterSlot) {
  AddSessions(250, "bob");
  AddSessions(2);
  Admin admin = MakeAdmin();
  v1::KickRequest request;
  request.set_subject("bob");
  const auto outcome = admin.Kick("somebody", request);
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  EXPECT_EQ(outcome->kicked(), 250u);
  std::set<absl::Duration> slots;
  for (const Kicked& each : kicked_) slots.insert(each.reconnect_after);
  EXPECT_EQ(slots.size(), 250u);
  EXPECT_EQ(*slots.begin(), absl::Seconds(1));
  EXPECT_THAT(IdsOf(*admin.ListConnections({})), ElementsAre("250", "251"));
  // Nobody is no error: a script may kick whoever is there.
  EXPECT_EQ(admin.Kick("somebody", request)->kicked(), 0u);
}

TEST_F(AdminTest, AThreadThatDoesNotAnswerIsCountedAndDoesNotActLater) {
  Shard stuck(log_.window, log_, clock_, {});
  stuck.SetBell([] {});
  int asked = 0;
  EXPECT_EQ(AskShards({&stuck}, absl::Milliseconds(1), [&](Shard&) { ++asked; }), 1u);
  stuck.RunOnce();
  EXPECT_EQ(asked, 0);
}

TEST_F(AdminTest, WrongRequestsNameTheFieldAndChangeNothing) {
  AddSessions(1);
  Admin admin = MakeAdmin();
  const auto field_of = [](const absl::Status& status) {
    EXPECT_EQ(ErrorCodeOf(status), ErrorCode::kInvalidMessage) << status;
    return ErrorDetailsOf(status).field;
  };
  v1::ListConnectionsRequest list;
  list.set_page_size(1'001);
  EXPECT_EQ(field_of(admin.ListConnections(list).status()), "page_size");
  v1::ListClosedRequest closed;
  closed.set_limit(1'001);
  EXPECT_EQ(field_of(admin.ListClosed(closed).status()), "limit");
  v1::KickRequest kick;
  EXPECT_EQ(field_of(admin.Kick("x", kick).status()), "id");
  kick.set_id("000");
  kick.set_subject("alice");
  EXPECT_EQ(field_of(admin.Kick("x", kick).status()), "id");
  kick.clear_subject();
  kick.set_reason(std::string(65, 'a'));
  EXPECT_EQ(field_of(admin.Kick("x", kick).status()), "reason");
  kick.set_reason("two\nlines");
  EXPECT_EQ(field_of(admin.Kick("x", kick).status()), "reason");
  kick.clear_reason();
  kick.mutable_reconnect_after()->set_seconds(3'601);
  EXPECT_EQ(field_of(admin.Kick("x", kick).status()), "reconnect_after");
  v1::SetLogLevelRequest level;
  EXPECT_EQ(field_of(admin.SetLogLevel("x", level).status()), "level");
  EXPECT_TRUE(kicked_.empty());
}

TEST_F(AdminTest, TheLogLevelChangesAndEachChangeLeavesALineWhateverTheLevel) {
  Admin admin = MakeAdmin();
  ::testing::internal::CaptureStderr();
  StartLog(LogLevel::kInfo, LogFormat::kText);
  v1::SetLogLevelRequest request;
  request.set_level(v1::LOG_LEVEL_ERROR);
  const auto outcome = admin.SetLogLevel("subject alice", request);
  EXPECT_EQ(admin.GetLogLevel().level(), v1::LOG_LEVEL_ERROR);
  LogWarning("not written");
  EXPECT_TRUE(admin.Drain("unix socket, uid 0, pid 7").ok());
  const std::string lines = ::testing::internal::GetCapturedStderr();
  ASSERT_TRUE(outcome.ok());
  EXPECT_EQ(outcome->previous(), v1::LOG_LEVEL_INFO);
  EXPECT_THAT(lines, HasSubstr("admin did=\"set log level\" by=\"subject alice\" from=info"));
  EXPECT_THAT(lines, HasSubstr("admin did=drain by=\"unix socket, uid 0, pid 7\""));
  EXPECT_THAT(lines, ::testing::Not(HasSubstr("not written")));
  EXPECT_EQ(drains_, 1);
}

TEST_F(AdminTest, EachActLeavesALineThatSaysWhoAndWhom) {
  AddSessions(1);
  Admin admin = MakeAdmin();
  v1::KickRequest kick;
  kick.set_subject("alice");
  kick.set_reason("maintenance");
  ::testing::internal::CaptureStderr();
  StartLog(LogLevel::kInfo, LogFormat::kText);
  EXPECT_TRUE(admin.Kick("subject bob", kick).ok());
  kick.clear_subject();
  kick.set_id("nobody");
  EXPECT_FALSE(admin.Kick("subject bob", kick).ok());
  EXPECT_TRUE(admin.Drain("subject bob").ok());
  EXPECT_TRUE(admin.Reload("subject bob").ok());
  reload_ = absl::InvalidArgumentError("no");
  EXPECT_FALSE(admin.Reload("subject bob").ok());
  EXPECT_TRUE(admin.ListConnections({}).ok());
  EXPECT_TRUE(admin.ListClosed({}).ok());
  const std::string log = ::testing::internal::GetCapturedStderr();
  std::vector<std::string> lines;
  for (absl::string_view line : absl::StrSplit(log, '\n', absl::SkipEmpty())) {
    lines.emplace_back(line.substr(line.find("admin ")));
  }
  EXPECT_THAT(lines,
              ElementsAre(StartsWith("admin did=kick by=\"subject bob\" id=\"\" subject=alice "
                                     "reason=maintenance kicked=1"),
                          AllOf(StartsWith("admin did=kick by=\"subject bob\" id=nobody"),
                                HasSubstr("kicked=0")),
                          StartsWith("admin did=drain by=\"subject bob\""),
                          StartsWith("admin did=reload by=\"subject bob\" outcome=done"),
                          StartsWith("admin did=reload by=\"subject bob\" outcome=\"refused")));
}

TEST_F(AdminTest, AReloadTellsWhatChangedAndWhatNeedsARestart) {
  Admin admin = MakeAdmin();
  reload_ = Options::Changes{.changed = {"log-level"}, .needs_restart = {"listen"}};
  const auto outcome = admin.Reload("x");
  ASSERT_TRUE(outcome.ok());
  EXPECT_THAT(outcome->changed(), ElementsAre("log-level"));
  EXPECT_THAT(outcome->needs_restart(), ElementsAre("listen"));
  reload_ = absl::InvalidArgumentError("tocsin.toml:3: no");
  const auto refused = admin.Reload("x");
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(refused.status().message()), HasSubstr("tocsin.toml:3: no"));
}

}  // namespace
}  // namespace tocsin
