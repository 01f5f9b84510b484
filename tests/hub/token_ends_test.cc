// Tokens that run out under what was opened with them.
#include "hub/service/token_ends.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "auth_fixture.h"

namespace tocsin::hub {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// ---- by themselves ----

struct Opened : TokenEnds::Holder {
  Opened(std::string name, std::vector<std::string>& told) : name_(std::move(name)), told_(told) {}
  void TokenEnded() override { told_.push_back(name_ + " is told"); }
  void CutOff() override { told_.push_back(name_ + " is cut"); }
  std::string name_;
  std::vector<std::string>& told_;
};

TEST(TokenEnds, EachIsToldAtItsEndAndCutLaterWhereItHasNotGone) {
  std::vector<std::string> told;
  Opened a("a", told), b("b", told), forever("forever", told);
  TokenEnds ends;
  ends.Enter(b, absl::Seconds(20));
  ends.Enter(a, absl::Seconds(10));
  ends.Enter(forever, absl::InfiniteDuration());
  EXPECT_EQ(ends.Tick(absl::Seconds(9)), absl::Seconds(10));
  EXPECT_THAT(told, IsEmpty());
  EXPECT_EQ(ends.Tick(absl::Seconds(10)), absl::Seconds(10) + TokenEnds::kGrace);
  EXPECT_THAT(told, ElementsAre("a is told"));
  EXPECT_EQ(ends.Tick(absl::Seconds(10) + TokenEnds::kGrace), absl::Seconds(20));
  EXPECT_THAT(told, ElementsAre("a is told", "a is cut"));
  ends.Leave(b);
  EXPECT_EQ(ends.Tick(absl::Seconds(100)), absl::InfiniteDuration());
  EXPECT_THAT(told, ElementsAre("a is told", "a is cut"));
}

TEST(TokenEnds, OneThatGoesWhenItIsToldIsNotCut) {
  std::vector<std::string> told;
  TokenEnds ends;
  struct Going : Opened {
    using Opened::Opened;
    void TokenEnded() override { ends->Leave(*this); }
    TokenEnds* ends = nullptr;
  } going("a", told);
  going.ends = &ends;
  ends.Enter(going, absl::Seconds(1));
  EXPECT_EQ(ends.Tick(absl::Seconds(1)), absl::InfiniteDuration());
  ends.Tick(absl::Seconds(100));
  EXPECT_THAT(told, IsEmpty());
}

TEST(TokenEnds, TheGraceStaysWithinWhatTheContractAllows) {
  EXPECT_LT(TokenEnds::kGrace, absl::Seconds(5));
}

// ---- in the hub ----

// With what is left of the present second, so that it is good for more than one.
constexpr absl::Duration kShortly = absl::Seconds(2);

TEST(HubTokenEnds, ASubscriptionEndsWithItsTokenAndResumesWithAFreshOne) {
  AuthHub hub(absl::ZeroDuration());
  const std::string token = hub.Token(kAll, kShortly);
  const absl::Time end = absl::FromUnixSeconds(absl::ToUnixSeconds(absl::Now() + kShortly));
  const auto stream = hub.Subscribe({}, token);
  stream->AwaitCaughtUp();
  const uint64_t before = hub.Publish(SystemEvent("before"));
  EXPECT_THAT(stream->ReadSequences(1), ElementsAre(before));
  v1::SubscribeResponse response;
  absl::Time told_at;
  while (!response.has_closing() && stream->Read(response)) {
    told_at = absl::Now();
    EXPECT_EQ(response.events_size(), 0);
  }
  EXPECT_EQ(response.closing().reason(), "UNAUTHORIZED");
  EXPECT_GE(told_at, end);
  EXPECT_LT(told_at, end + absl::Seconds(5));
  const uint64_t after = hub.Publish(SystemEvent("after"));
  EXPECT_FALSE(stream->Read(response));
  const grpc::Status status = stream->Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_EQ(DetailsOf(status).info.reason(), "UNAUTHORIZED");
  EXPECT_THAT(status.error_message(),
              HasSubstr("the token has expired; resume from the last cursor with a fresh one"));
  v1::SubscribeRequest resumed;
  resumed.set_from(stream->cursor());
  EXPECT_THAT(hub.Subscribe(resumed, hub.Token(kAll))->ReadSequences(1), ElementsAre(after));
}

// One that takes nothing cannot be told, and is cut.
TEST(HubTokenEnds, ASubscriberThatTakesNothingIsCut) {
  AuthHub hub(absl::ZeroDuration());
  v1::SubscribeRequest request;
  request.set_from("earliest");
  v1::PublishRequest large;
  for (int i = 0; i < 4; ++i) *large.add_events() = SystemEvent(std::string(900'000, 'x'));
  for (int i = 0; i < 4; ++i) hub.Publish(large);
  const auto stream = hub.Subscribe(request, hub.Token(kAll, kShortly));
  EXPECT_TRUE(Eventually([&] { return hub.Status().subscriptions() == 1; }));
  EXPECT_TRUE(Eventually([&] { return hub.Status().subscriptions() == 0; }));
  EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::UNAUTHENTICATED);
}

TEST(HubTokenEnds, APublishStreamEndsWithItsTokenAndAppendsNothingAfterIt) {
  AuthHub hub(absl::ZeroDuration());
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
  context.AddMetadata("authorization", hub.Token(kAll, kShortly));
  const absl::Time end = absl::FromUnixSeconds(absl::ToUnixSeconds(absl::Now() + kShortly));
  const auto stream = hub.hub().stub().PublishStream(&context);
  v1::PublishStreamResponse response;
  uint64_t answered = 0;
  // As fast as it is answered, until the hub ends it.
  while (true) {
    v1::PublishStreamRequest request;
    *request.mutable_publish()->add_events() = SystemEvent("e");
    if (!stream->Write(request) || !stream->Read(&response)) break;
    ASSERT_TRUE(response.has_response());
    ++answered;
  }
  EXPECT_GE(absl::Now(), end);
  EXPECT_LT(absl::Now(), end + absl::Seconds(5));
  EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_GT(answered, 0u);
  EXPECT_EQ(hub.Status().last_sequence(), answered);
}

TEST(HubTokenEnds, ASnapshotEndsToo) {
  AuthHub hub(absl::ZeroDuration());
  v1::PublishRequest incidents;
  for (uint64_t i = 0; i < 1000; ++i) {
    v1::Event event = IncidentCreated(TestUuid(i));
    event.mutable_incident()->set_description(std::string(3'000, 'x'));
    *incidents.add_events() = event;
  }
  hub.Publish(incidents);
  v1::SubscribeRequest request;
  request.set_snapshot(true);
  const auto stream = hub.Subscribe(request, hub.Token(kAll, kShortly));
  v1::SubscribeResponse response;
  ASSERT_TRUE(stream->Read(response));  // and no more until it has ended
  EXPECT_TRUE(Eventually([&] { return hub.Status().subscriptions() == 0; }));
  EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::UNAUTHENTICATED);
}

}  // namespace
}  // namespace tocsin::hub
