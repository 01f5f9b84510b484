// The alert intake before a hub whose answers the test chooses.
#include "bridge/alerts/alert_intake.h"

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>

#include <deque>
#include <functional>
#include <map>
#include <optional>

#include "absl/strings/str_cat.h"
#include "core/event/error.h"
#include "core/event/uuid.h"
#include "core/rpc/hub_channel.h"
#include "tests/bridge/scripted_hub.h"

namespace tocsin::bridge {
namespace {

using ::testing::ElementsAre;
using testing::kGone;
using testing::Until;

v1::SubmitAlertRequest AlertNamed(const std::string& title, const std::string& id = "") {
  v1::SubmitAlertRequest request;
  request.mutable_alert()->set_id(id);
  request.mutable_alert()->set_title(title);
  return request;
}

std::vector<v1::SubmitAlertRequest> ListOf(size_t count, const std::string& name,
                                           size_t description_bytes = 0) {
  std::vector<v1::SubmitAlertRequest> list;
  for (size_t i = 0; i < count; ++i) {
    list.push_back(AlertNamed(absl::StrCat(name, i)));
    list.back().mutable_alert()->set_description(std::string(description_bytes, 'x'));
  }
  return list;
}

// Answers each alert with its title as the incident's id; one that `errors` knows by its title,
// with that error. While `hold` is set a call waits. Each call takes the next of `answers` as its
// status.
class AlertHub : public v1::EventHub::Service {
 public:
  AlertHub() {
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    builder.SetMaxReceiveMessageSize(-1);
    builder.RegisterService(this);
    server_ = builder.BuildAndStart();
  }
  ~AlertHub() override {
    Hold(false);
    server_->Shutdown(std::chrono::system_clock::now());
  }

  grpc::Status SubmitAlerts(grpc::ServerContext* context, const v1::SubmitAlertsRequest* request,
                            v1::SubmitAlertsResponse* response) override {
    MutexLock lock(mutex);
    calls.push_back(*request);
    while (hold && !context->IsCancelled()) {
      changed.WaitFor(mutex, absl::Milliseconds(2));
    }
    for (const v1::SubmitAlertRequest& each : request->alerts()) {
      Answer(each.alert(), *response->add_outcomes());
    }
    const grpc::Status status = answers.empty() ? grpc::Status::OK : answers.front();
    if (!answers.empty()) answers.pop_front();
    return status;
  }
  void Answer(const v1::Alert& alert, v1::SubmitAlertOutcome& outcome) {
    if (errors.contains(alert.title())) {
      *outcome.mutable_error() = errors[alert.title()];
      return;
    }
    outcome.mutable_response()->set_alert_id(alert.id());
    outcome.mutable_response()->set_incident_id(alert.title());
    outcome.mutable_response()->set_duplicate(!seen.insert(alert.id()).second);
  }

  void Hold(bool on) {
    MutexLock lock(mutex);
    hold = on;
    changed.NotifyAll();
  }
  // How many alerts each call had.
  std::vector<size_t> Sizes() {
    MutexLock lock(mutex);
    std::vector<size_t> sizes;
    for (const v1::SubmitAlertsRequest& call : calls) {
      sizes.push_back(static_cast<size_t>(call.alerts_size()));
    }
    return sizes;
  }

  Mutex mutex;
  CondVar changed;
  std::deque<grpc::Status> answers;
  std::map<std::string, v1::PublishError> errors;
  std::set<std::string> seen;
  std::vector<v1::SubmitAlertsRequest> calls;
  bool hold = false;
  int port = 0;

 private:
  std::unique_ptr<grpc::Server> server_;
};

class AlertIntakeTest : public ::testing::Test {
 protected:
  using Outcomes = std::vector<AlertIntake::Outcome>;
  struct Answer {
    Mutex mutex;
    std::optional<Outcomes> outcomes ABSL_GUARDED_BY(mutex);
  };
  using AnswerPtr = std::shared_ptr<Answer>;

  ~AlertIntakeTest() override {
    hub.Hold(false);
    calls = nullptr;
  }

  AnswerPtr Submit(std::vector<v1::SubmitAlertRequest> alerts) {
    auto answer = std::make_shared<Answer>();
    intake.Submit(std::move(alerts), [answer](Outcomes outcomes) {
      MutexLock lock(answer->mutex);
      ASSERT_FALSE(answer->outcomes.has_value()) << "answered twice";
      answer->outcomes = std::move(outcomes);
    });
    return answer;
  }
  AnswerPtr Submit(const std::string& title, const std::string& id = "") {
    return Submit({AlertNamed(title, id)});
  }
  static bool Done(Answer& answer) {
    MutexLock lock(answer.mutex);
    return answer.outcomes.has_value();
  }
  static Outcomes Wait(const AnswerPtr& answer) {
    Until([&] { return Done(*answer); });
    MutexLock lock(answer->mutex);
    return *answer->outcomes;
  }
  static AlertIntake::Outcome WaitOne(const AnswerPtr& answer) { return Wait(answer).at(0); }

  // As many calls as may be under way, each with one alert, and the hub silent.
  std::vector<AnswerPtr> Occupy() {
    hub.Hold(true);
    std::vector<AnswerPtr> answers;
    for (size_t i = 0; i < AlertIntake::kCallsAtOnce; ++i) {
      answers.push_back(Submit(absl::StrCat("first", i)));
      Until([&] { return hub.Sizes().size() == i + 1; });
    }
    return answers;
  }

  AlertHub hub;
  ManualClock clock;
  std::unique_ptr<HubCalls> calls =
      std::make_unique<HubCalls>(rpc::MakeHubChannel("127.0.0.1:" + std::to_string(hub.port)));
  AlertIntake intake{*calls, clock};
};

TEST_F(AlertIntakeTest, WhatComesWhileCallsAreUnderWaySharesTheNextAndIsAnsweredItself) {
  Occupy();
  std::vector<AnswerPtr> answers;
  for (int i = 0; i < 200; ++i) answers.push_back(Submit(absl::StrCat("a", i)));
  const AnswerPtr pair = Submit({AlertNamed("b0"), AlertNamed("b1")});
  hub.Hold(false);
  for (int i = 0; i < 200; ++i) {
    EXPECT_EQ(WaitOne(answers[i])->incident_id(), absl::StrCat("a", i));
  }
  const Outcomes two = Wait(pair);
  EXPECT_EQ(two.at(0)->incident_id(), "b0");
  EXPECT_EQ(two.at(1)->incident_id(), "b1");
  EXPECT_THAT(hub.Sizes(), ElementsAre(1, 1, 1, 1, 202)) << "nothing more than kCallsAtOnce";
}

TEST_F(AlertIntakeTest, ALongListIsSentInPartsOneAfterTheOther) {
  hub.Hold(true);
  const AnswerPtr answer = Submit(ListOf(2500, "a"));
  Until([&] { return hub.Sizes().size() == 1; });
  hub.Hold(false);
  const Outcomes outcomes = Wait(answer);
  ASSERT_EQ(outcomes.size(), 2500u);
  for (size_t i = 0; i < outcomes.size(); ++i) {
    EXPECT_EQ(outcomes[i]->incident_id(), absl::StrCat("a", i));
  }
  EXPECT_THAT(hub.Sizes(), ElementsAre(1000, 1000, 500));
}

TEST_F(AlertIntakeTest, ALongListTakesTurnsWithOthers) {
  Occupy();
  const AnswerPtr list = Submit(ListOf(10'000, "a"));
  const AnswerPtr one = Submit("one");
  hub.Hold(false);
  EXPECT_TRUE(WaitOne(one).ok());
  Wait(list);
  std::vector<size_t> before;  // calls until the one was sent
  MutexLock lock(hub.mutex);
  for (const v1::SubmitAlertsRequest& call : hub.calls) {
    before.push_back(static_cast<size_t>(call.alerts_size()));
    if (call.alerts(0).alert().title() == "one") break;
  }
  EXPECT_LE(before.size(), AlertIntake::kCallsAtOnce + 3) << "not behind the whole list";
}

TEST_F(AlertIntakeTest, ACallIsBoundedInBytes) {
  const AnswerPtr answer = Submit(ListOf(10, "a", 900 * 1024));
  EXPECT_EQ(Wait(answer).size(), 10u);
  EXPECT_THAT(hub.Sizes(), ElementsAre(4, 4, 2));
  for (const v1::SubmitAlertsRequest& call : hub.calls) {
    EXPECT_LE(call.ByteSizeLong(), AlertIntake::kBytesPerCall);
  }
}

TEST_F(AlertIntakeTest, AnErrorIsOneAlertsOwnAndNamesItsField) {
  v1::PublishError& error = hub.errors["bad"];
  error.set_status_code(static_cast<int>(absl::StatusCode::kInvalidArgument));
  error.set_reason("INVALID_MESSAGE");
  error.set_message("alerts[1].alert.severity is required; allowed: P0");
  error.set_field("alerts[1].alert.severity");
  const Outcomes outcomes = Wait(Submit({AlertNamed("a"), AlertNamed("bad"), AlertNamed("c")}));
  EXPECT_TRUE(outcomes.at(0).ok());
  EXPECT_TRUE(outcomes.at(2).ok());
  const absl::Status status = outcomes.at(1).status();
  EXPECT_EQ(ErrorCodeOf(status), ErrorCode::kInvalidMessage);
  EXPECT_EQ(ErrorDetailsOf(status).field, "severity");
  EXPECT_EQ(status.message(), "severity is required; allowed: P0");

  const absl::Status below = WithFieldBelow(status, "alerts[7]");
  EXPECT_EQ(ErrorDetailsOf(below).field, "alerts[7].severity");
  EXPECT_EQ(below.message(), "alerts[7].severity is required; allowed: P0");
  const absl::Status away = MakeError(ErrorCode::kServiceUnavailable, "away");
  EXPECT_EQ(WithFieldBelow(away, "alerts[7]"), away);
}

TEST_F(AlertIntakeTest, AnAlertThatNoEventCouldHoldIsRefusedAlone) {
  const Outcomes outcomes = Wait(
      Submit({AlertNamed("a"), ListOf(1, "big", limits::kEventBytes + 1)[0], AlertNamed("c")}));
  EXPECT_EQ(outcomes.at(0)->incident_id(), "a");
  EXPECT_EQ(ErrorCodeOf(outcomes.at(1).status()), ErrorCode::kMessageTooLarge);
  EXPECT_EQ(ErrorDetailsOf(WithFieldBelow(outcomes.at(1).status(), "alerts[1]")).field,
            "alerts[1]");
  EXPECT_EQ(outcomes.at(2)->incident_id(), "c");
}

TEST_F(AlertIntakeTest, ARefusedCallIsToldToEachOfItsAlerts) {
  hub.answers = {grpc::Status(grpc::StatusCode::RESOURCE_EXHAUSTED, "the disk is full")};
  for (const AlertIntake::Outcome& outcome : Wait(Submit(ListOf(3, "a")))) {
    EXPECT_EQ(outcome.status().message(), "the disk is full");
  }
  EXPECT_TRUE(WaitOne(Submit("next")).ok());
}

TEST_F(AlertIntakeTest, ATryWhoseAnswerIsLostIsTheSameAlertAgain) {
  hub.answers = {kGone, kGone};
  const Outcomes outcomes = Wait(Submit({AlertNamed("a"), AlertNamed("b", "given")}));
  ASSERT_EQ(hub.calls.size(), 3u);
  for (const v1::SubmitAlertsRequest& call : hub.calls) {
    EXPECT_TRUE(IsUuid(call.alerts(0).alert().id()));
    EXPECT_EQ(call.SerializeAsString(), hub.calls[0].SerializeAsString());
  }
  EXPECT_FALSE(outcomes.at(0)->duplicate()) << "nobody else can have sent this id";
  EXPECT_TRUE(outcomes.at(1)->duplicate());
}

TEST_F(AlertIntakeTest, ADuplicateOfAGivenIdOrOfAStateReportIsTold) {
  EXPECT_FALSE(WaitOne(Submit("a", "id"))->duplicate());
  EXPECT_TRUE(WaitOne(Submit("a", "id"))->duplicate());
  v1::SubmitAlertRequest report = AlertNamed("r");
  report.set_state_report(true);
  hub.answers = {kGone};
  EXPECT_TRUE(WaitOne(Submit({report}))->duplicate());
}

TEST_F(AlertIntakeTest, WhatWaitsIsBoundedAndThereIsRoomAgain) {
  hub.Hold(true);
  const AnswerPtr full = Submit(ListOf(AlertIntake::kMaxAlerts, "a"));
  const AlertIntake::Outcome refused = WaitOne(Submit("one too many"));
  EXPECT_EQ(ErrorCodeOf(refused.status()), ErrorCode::kServiceUnavailable);
  EXPECT_GT(ErrorDetailsOf(refused.status()).retry_after, absl::ZeroDuration());
  hub.Hold(false);
  EXPECT_EQ(Wait(full).size(), AlertIntake::kMaxAlerts);
  hub.Hold(true);
  const AnswerPtr large = Submit(ListOf(AlertIntake::kMaxBytes / 1'000'000, "a", 1'000'000));
  EXPECT_EQ(ErrorCodeOf(WaitOne(Submit(ListOf(1, "b", 1'000'000))).status()),
            ErrorCode::kServiceUnavailable);
  hub.Hold(false);
  EXPECT_TRUE(Wait(large).at(0).ok());
  EXPECT_TRUE(WaitOne(Submit("room again")).ok());
}

// What has been answered of a list stays answered.
TEST_F(AlertIntakeTest, WhatWaitsForItsTurnTooLongIsRefused) {
  const std::vector<AnswerPtr> first = Occupy();
  const AnswerPtr list = Submit(ListOf(3, "late"));
  clock.Advance(AlertIntake::kAnswerWithin);
  const AnswerPtr next = Submit("next");
  hub.Hold(false);
  for (const AlertIntake::Outcome& outcome : Wait(list)) {
    EXPECT_EQ(ErrorCodeOf(outcome.status()), ErrorCode::kServiceUnavailable);
  }
  EXPECT_TRUE(WaitOne(first[0]).ok());
  EXPECT_TRUE(WaitOne(next).ok());
}

TEST_F(AlertIntakeTest, AnEmptyListIsAnswered) { EXPECT_TRUE(Wait(Submit(ListOf(0, ""))).empty()); }

}  // namespace
}  // namespace tocsin::bridge
