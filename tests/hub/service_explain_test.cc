// Explain over a real socket: of an event, of the last events, of a live stream.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/event/cursor.h"
#include "core/event/limits.h"
#include "hub/service/explanations.h"
#include "service_fixture.h"

namespace tocsin::hub {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

v1::Filter OnlyP0() {
  v1::Filter filter;
  filter.add_severities(v1::SEVERITY_P0);
  return filter;
}

v1::ExplainResponse Explain(TestHub& hub, const v1::ExplainRequest& request,
                            grpc::Status* status = nullptr) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
  v1::ExplainResponse response;
  const grpc::Status got = hub.stub().Explain(&context, request, &response);
  if (status != nullptr) {
    *status = got;
  } else {
    EXPECT_TRUE(got.ok()) << got.error_message();
  }
  return response;
}

v1::ExplainResponse ExplainLast(TestHub& hub, const v1::Filter& filter, uint32_t last,
                                v1::ExplainRequest::Show show = {}) {
  v1::ExplainRequest request;
  *request.mutable_filter() = filter;
  request.set_last(last);
  request.set_show(show);
  return Explain(hub, request);
}

v1::SessionExplanation ExplainSession(TestHub& hub, const std::string& id) {
  v1::ExplainRequest request;
  request.set_session_id(id);
  return Explain(hub, request).session();
}

TEST(HubExplain, TellsWhichFieldStoppedAnEvent) {
  TestHub hub;
  v1::ExplainRequest request;
  *request.mutable_filter() = OnlyP0();
  *request.mutable_event() = IncidentCreated("", v1::SEVERITY_P2);
  const v1::ExplainResponse response = Explain(hub, request);
  EXPECT_EQ(response.looked_at(), 1u);
  EXPECT_EQ(response.matching(), 0u);
  ASSERT_EQ(response.explanations_size(), 1);
  EXPECT_FALSE(response.explanations(0).matches());
  EXPECT_EQ(response.explanations(0).fields(0).reason(),
            "severity is P2; the filter lets P0 through");
  EXPECT_EQ(hub.Status().last_sequence(), 0u);  // nothing was published
}

TEST(HubExplain, CompletesAnEventAsPublishingItWould) {
  TestHub hub;
  v1::PublishRequest publish;
  *publish.add_events() = IncidentCreated(TestUuid(1), v1::SEVERITY_P0);
  ASSERT_TRUE(hub.Publish(publish).ok());
  v1::ExplainRequest request;
  *request.mutable_filter() = OnlyP0();
  *request.mutable_event() = CommentOn(TestUuid(1), "hm");
  EXPECT_EQ(Explain(hub, request).matching(), 1u);
  // Escalated away from P0: the severity is the one after the event.
  v1::Event& event = *request.mutable_event();
  event.Clear();
  event.set_type(v1::EVENT_TYPE_ESCALATED);
  event.mutable_escalated()->set_incident_id(TestUuid(1));
  event.mutable_escalated()->set_to_severity(v1::SEVERITY_P1);
  EXPECT_EQ(Explain(hub, request).matching(), 0u);
  // One that is given by its id alone must be known.
  event.mutable_escalated()->set_incident_id(TestUuid(2));
  grpc::Status status;
  Explain(hub, request, &status);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(DetailsOf(status).field(), "event.escalated.incident_id");
}

// Symptom: an incident_created that had been published was refused with ABORTED. Cause: it was
// checked as if it were to be published again. Why not seen before: that check came later than
// Explain.
TEST(HubExplain, ExplainsAnEventThatMayNotBePublishedAgain) {
  TestHub hub;
  v1::PublishRequest publish;
  *publish.add_events() = IncidentCreated(TestUuid(1), v1::SEVERITY_P0);
  ASSERT_TRUE(hub.Publish(publish).ok());
  v1::ExplainRequest request;
  *request.mutable_filter() = OnlyP0();
  *request.mutable_event() = IncidentCreated(TestUuid(1), v1::SEVERITY_P0);
  EXPECT_EQ(Explain(hub, request).matching(), 1u);
}

TEST(HubExplain, ExplainsTheLastEventsTheNewestFirst) {
  TestHub hub;
  hub.PublishEvents(5);
  for (const v1::Severity severity : {v1::SEVERITY_P0, v1::SEVERITY_P1, v1::SEVERITY_P0}) {
    hub.PublishIncident(severity);
  }
  const v1::ExplainResponse four = ExplainLast(hub, OnlyP0(), 4);
  EXPECT_EQ(four.looked_at(), 4u);
  EXPECT_EQ(four.matching(), 2u);
  ASSERT_EQ(four.explanations_size(), 4);
  EXPECT_EQ(four.explanations(0).cursor(), hub.Status().latest());
  EXPECT_EQ(four.explanations(0).event_type(), v1::EVENT_TYPE_INCIDENT_CREATED);
  EXPECT_TRUE(four.explanations(0).matches());
  EXPECT_FALSE(four.explanations(1).matches());
  EXPECT_TRUE(four.explanations(2).matches());
  EXPECT_EQ(four.explanations(3).fields(0).reason(),
            "the event has no severity; the filter lets P0 through");
  EXPECT_EQ(ExplainLast(hub, OnlyP0(), 1000).looked_at(), 8u);
}

TEST(HubExplain, ShowChoosesAmongThemAndCountsThemAll) {
  TestHub hub;
  hub.PublishEvents(3);
  hub.PublishIncident(v1::SEVERITY_P0);
  const auto matching = ExplainLast(hub, OnlyP0(), 10, v1::ExplainRequest::SHOW_MATCHING);
  EXPECT_EQ(matching.explanations_size(), 1);
  EXPECT_EQ(matching.looked_at(), 4u);
  EXPECT_EQ(matching.matching(), 1u);
  const auto others = ExplainLast(hub, OnlyP0(), 10, v1::ExplainRequest::SHOW_NOT_MATCHING);
  EXPECT_EQ(others.explanations_size(), 3);
  EXPECT_EQ(others.matching(), 1u);
}

TEST(HubExplain, ReadsPastTheWindowAndWhatRetentionLeft) {
  HubConfig config = TestConfig();
  config.window.max_events = 10;
  config.retention.max_events = 0;
  TestHub hub(std::move(config));
  for (int i = 0; i < 7; ++i) {
    hub.PublishEvents(100);
  }
  EXPECT_EQ(ExplainLast(hub, OnlyP0(), 600).looked_at(), 600u);
  EXPECT_EQ(ExplainLast(hub, OnlyP0(), 1000).looked_at(), 700u);
  TestHub empty;
  EXPECT_EQ(ExplainLast(empty, OnlyP0(), 5).looked_at(), 0u);
}

// What a filter with many long values says of a thousand events is more than a client receives.
TEST(HubExplain, LeavesTheOldestOutWhereTheAnswerWouldBeTooLarge) {
  TestHub hub;
  hub.PublishEvents(1000);
  v1::ExplainRequest request;
  for (int i = 0; i < 20; ++i) {
    request.mutable_filter()->add_sources(std::string(200, static_cast<char>('a' + i)));
  }
  request.set_last(1000);
  const v1::ExplainResponse response = Explain(hub, request);
  EXPECT_EQ(response.looked_at(), 1000u);
  EXPECT_GT(response.left_out(), 0u);
  EXPECT_GT(response.explanations_size(), 0);
  EXPECT_EQ(response.left_out() + static_cast<uint32_t>(response.explanations_size()), 1000u);
  EXPECT_LT(response.ByteSizeLong(), Explanations::kMaxBytes + limits::kMiB);
  EXPECT_EQ(response.explanations(0).cursor(), hub.Status().latest());
}

TEST(HubExplain, TellsWhereALiveStreamStands) {
  TestHub hub;
  v1::SubscribeRequest request;
  *request.mutable_filter() = OnlyP0();
  request.set_label("pager");
  auto stream = hub.Subscribe(request);
  stream->AwaitCaughtUp();
  hub.PublishEvents(3);
  hub.PublishIncident(v1::SEVERITY_P0);
  stream->ReadSequences(1);
  hub.PublishEvents(2);
  const std::string id = stream->SessionId();
  ASSERT_NE(id, "");
  EXPECT_TRUE(Eventually(
      [&] { return ExplainSession(hub, id).subscriptions(0).cursor() == hub.Status().latest(); }));
  const v1::SessionExplanation session = ExplainSession(hub, id);
  EXPECT_EQ(session.session_id(), id);
  EXPECT_EQ(session.label(), "pager");
  EXPECT_EQ(session.transport(), "grpc");
  EXPECT_GT(session.since().seconds(), 0);
  EXPECT_EQ(session.last_cursor(), stream->cursor());
  ASSERT_EQ(session.subscriptions_size(), 1);
  EXPECT_TRUE(session.subscriptions(0).live());
  EXPECT_EQ(session.subscriptions(0).behind(), 0u);
  EXPECT_EQ(session.subscriptions(0).filter().SerializeAsString(), OnlyP0().SerializeAsString());
}

TEST(HubExplain, TellsByHowMuchAStreamIsBehind) {
  TestHub hub;
  auto stream = hub.Subscribe({});
  stream->AwaitCaughtUp();
  const std::string id = stream->SessionId();
  for (int i = 0; i < 40; ++i) {  // which the client does not take
    hub.PublishEvents(1, 512 * 1024);
  }
  EXPECT_TRUE(Eventually([&] { return !ExplainSession(hub, id).subscriptions(0).live(); }));
  const v1::SubscriptionExplanation behind = ExplainSession(hub, id).subscriptions(0);
  const Cursor place = ParseCursor(behind.cursor()).value();
  EXPECT_GT(behind.behind(), 0u);
  EXPECT_EQ(behind.behind(), 40 - place.sequence);
}

TEST(HubExplain, KnowsNoStreamThatHasEnded) {
  TestHub hub;
  auto stream = hub.Subscribe({});
  stream->AwaitCaughtUp();
  const std::string id = stream->SessionId();
  auto other = hub.Subscribe({});
  other->AwaitCaughtUp();
  EXPECT_NE(other->SessionId(), id);
  stream->Cancel();
  v1::ExplainRequest request;
  request.set_session_id(id);
  grpc::Status status;
  EXPECT_TRUE(Eventually([&] {
    Explain(hub, request, &status);
    return status.error_code() == grpc::StatusCode::NOT_FOUND;
  }));
  EXPECT_EQ(DetailsOf(status).field(), "session_id");
}

struct BadCase {
  const char* what;
  std::function<void(v1::ExplainRequest&)> spoil;
  const char* reason;
  const char* field;
};

TEST(HubExplain, RefusesWhatMakesNoSense) {
  TestHub hub;
  const std::vector<BadCase> cases = {
      {"nothing", [](auto&) {}, "INVALID_MESSAGE", ""},
      {"two things",
       [](auto& request) {
         request.set_last(1);
         request.set_session_id("x");
       },
       "INVALID_MESSAGE", ""},
      {"an event and the last",
       [](auto& request) {
         request.set_last(1);
         *request.mutable_event() = SystemEvent("x");
       },
       "INVALID_MESSAGE", ""},
      {"too many", [](auto& request) { request.set_last(1001); }, "INVALID_MESSAGE", "last"},
      {"a bad event", [](auto& request) { request.mutable_event(); }, "INVALID_MESSAGE",
       "event.type"},
      {"an event without a title",
       [](auto& request) {
         *request.mutable_event() = IncidentCreated("");
         request.mutable_event()->mutable_incident()->clear_title();
       },
       "INVALID_MESSAGE", "event.incident.title"},
      {"a bad filter",
       [](auto& request) {
         request.set_last(1);
         request.mutable_filter()->add_severities(static_cast<v1::Severity>(99));
       },
       "INVALID_FILTER", "filter.severities[0]"},
      {"a bad required filter",
       [](auto& request) {
         request.set_last(1);
         request.add_require()->add_incident_ids("x");
       },
       "INVALID_FILTER", "require[0].incident_ids[0]"},
      {"too many required filters",
       [](auto& request) {
         request.set_last(1);
         for (int i = 0; i < 9; ++i) {
           request.add_require();
         }
       },
       "INVALID_FILTER", "require"},
      {"a session's filter",
       [](auto& request) {
         request.set_session_id("x");
         request.mutable_filter();
       },
       "INVALID_MESSAGE", "filter"},
      {"a session's required filter",
       [](auto& request) {
         request.set_session_id("x");
         request.add_require();
       },
       "INVALID_MESSAGE", "require"},
      {"an unknown choice",
       [](auto& request) {
         request.set_last(1);
         request.set_show(static_cast<v1::ExplainRequest::Show>(7));
       },
       "INVALID_MESSAGE", "show"},
      {"a choice among one",
       [](auto& request) {
         *request.mutable_event() = SystemEvent("x");
         request.set_show(v1::ExplainRequest::SHOW_MATCHING);
       },
       "INVALID_MESSAGE", "show"},
      {"a session that never was", [](auto& request) { request.set_session_id("never"); },
       "NOT_FOUND", "session_id"},
  };
  for (const BadCase& bad : cases) {
    v1::ExplainRequest request;
    bad.spoil(request);
    grpc::Status status;
    Explain(hub, request, &status);
    EXPECT_EQ(DetailsOf(status).info.reason(), bad.reason) << bad.what;
    EXPECT_EQ(DetailsOf(status).field(), bad.field) << bad.what << ": " << status.error_message();
  }
}

TEST(HubExplain, RefusesBytesAndFieldsThatItDoesNotKnow) {
  TestHub hub;
  grpc::Status status;
  hub.Call("/tocsin.v1.EventHub/Explain", "\xff\xff", &status);
  EXPECT_EQ(DetailsOf(status).info.reason(), "INVALID_MESSAGE");
  hub.Call("/tocsin.v1.EventHub/Explain", "\x18\x01\xf8\x07\x01", &status);  // last: 1, 127: 1
  EXPECT_THAT(status.error_message(), HasSubstr("unknown field, number 127"));
}

// A drain answers or refuses what is asked meanwhile, and ends.
TEST(HubExplain, ADrainEndsWhileClientsAsk) {
  TestHub hub;
  hub.PublishEvents(1000);
  auto stream = hub.Subscribe({});
  stream->AwaitCaughtUp();
  const std::string id = stream->SessionId();
  std::atomic<bool> stop{false};
  std::vector<std::thread> clients;
  for (int i = 0; i < 3; ++i) {
    clients.emplace_back([&, i] {
      while (!stop) {
        v1::ExplainRequest request;
        i == 0 ? request.set_last(1000) : request.set_session_id(id);
        grpc::Status status;
        Explain(hub, request, &status);
      }
    });
  }
  EXPECT_TRUE(Eventually([&] { return ExplainLast(hub, {}, 1).looked_at() == 1; }));
  EXPECT_TRUE(hub.hub().Drain().ok());
  stop = true;
  for (std::thread& client : clients) {
    client.join();
  }
}

}  // namespace
}  // namespace tocsin::hub
