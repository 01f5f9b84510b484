#include "cli/follow.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/backoff.h"
#include "cli/client.h"
#include "cli/exit_codes.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace tocsin::cli {
namespace {

using ::testing::HasSubstr;

TEST(FollowTest, AGapIsToldInBothForms) {
  v1::Gap gap;
  gap.set_reason(v1::GAP_REASON_EXPIRED);
  gap.set_from("e-1");
  gap.set_to("e-9");
  EXPECT_EQ(GapJson(gap), R"({"gap":{"reason":"expired","from":"e-1","to":"e-9"}})");
  EXPECT_THAT(GapText(gap), HasSubstr("events after e-1 up to e-9"));
}

TEST(BackoffTest, DoublesUpToABound) {
  Backoff backoff;
  const absl::Duration first = backoff.Next();
  EXPECT_GE(first, absl::Milliseconds(100));
  EXPECT_LE(first, absl::Milliseconds(200));
  for (int i = 0; i < 20; ++i) EXPECT_LE(backoff.Next(), absl::Seconds(5));
  EXPECT_GE(backoff.Next(), absl::Milliseconds(2500));
  backoff.Reset();
  EXPECT_LE(backoff.Next(), absl::Milliseconds(200));
}

grpc::Status WithReason(grpc::StatusCode code, const std::string& message,
                        const std::string& reason) {
  google::rpc::Status full;
  google::rpc::ErrorInfo info;
  info.set_reason(reason);
  (*info.mutable_metadata())["earliest"] = "e-5";
  (*info.mutable_metadata())["latest"] = "e-9";
  full.add_details()->PackFrom(info);
  google::rpc::RetryInfo retry;
  retry.mutable_retry_delay()->set_seconds(2);
  full.add_details()->PackFrom(retry);
  return {code, message, full.SerializeAsString()};
}

TEST(ClientTest, AHubThatIsNotThereIsSaidToBeNotThere) {
  const Failure failure =
      FailureOf({grpc::StatusCode::UNAVAILABLE,
                 "failed to connect to all addresses; last error: UNKNOWN: ipv4:127.0.0.1:1: "
                 "Failed to connect to remote host: Connection refused"},
                "127.0.0.1:1");
  EXPECT_EQ(failure.exit_code, kUnreachable);
  EXPECT_EQ(failure.text,
            "cannot reach the hub at 127.0.0.1:1: connection refused. Is tocsin-hub running? --hub "
            "(or TOCSIN_HUB) changes the address");
}

TEST(ClientTest, AHubThatIsStoppingIsNotSaidToBeGone) {
  const Failure failure = FailureOf(
      WithReason(grpc::StatusCode::UNAVAILABLE, "the hub is stopping", "SERVICE_UNAVAILABLE"),
      "h:1");
  EXPECT_EQ(failure.exit_code, kUnreachable);
  EXPECT_THAT(failure.text, HasSubstr("takes nothing at present: the hub is stopping"));
}

TEST(ClientTest, AnExpiredCursorSaysWhatIsHeldAndWhatToDo) {
  const Failure failure = FailureOf(
      WithReason(grpc::StatusCode::OUT_OF_RANGE, "the cursor has expired", "CURSOR_EXPIRED"),
      "h:1");
  EXPECT_EQ(failure.exit_code, kGap);
  EXPECT_THAT(failure.text, HasSubstr("holds e-5 to e-9"));
  EXPECT_THAT(failure.text, HasSubstr("--on-gap notify"));
}

TEST(ClientTest, OnlyWhatMayPassIsTriedAgain) {
  using grpc::StatusCode;
  EXPECT_TRUE(IsTransient({StatusCode::UNAVAILABLE, ""}));
  EXPECT_TRUE(IsTransient(WithReason(StatusCode::RESOURCE_EXHAUSTED, "", "SLOW_CONSUMER")));
  EXPECT_FALSE(IsTransient(WithReason(StatusCode::RESOURCE_EXHAUSTED, "", "MESSAGE_TOO_LARGE")));
  EXPECT_FALSE(IsTransient({StatusCode::INVALID_ARGUMENT, ""}));
  EXPECT_FALSE(IsTransient({StatusCode::OUT_OF_RANGE, ""}));
  EXPECT_TRUE(IsTransient({StatusCode::CANCELLED, ""}));
  EXPECT_EQ(DetailsOf(WithReason(StatusCode::UNAVAILABLE, "", "X")).retry_after, absl::Seconds(2));
}

}  // namespace
}  // namespace tocsin::cli
