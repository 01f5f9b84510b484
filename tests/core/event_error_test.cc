#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "core/event/error.h"
#include "core/event/text.h"

namespace tocsin {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(ErrorTest, EveryCodeHasItsRow) {
  std::set<std::string_view> names;
  for (const ErrorRow& row : ErrorTable()) {
    EXPECT_EQ(RowOf(row.code).name, row.name);
    EXPECT_NE(row.grpc, absl::StatusCode::kOk) << row.name;
    EXPECT_GE(row.http, 400) << row.name;
    EXPECT_TRUE(names.insert(row.name).second) << row.name;
  }
  EXPECT_EQ(names.size(), static_cast<size_t>(ErrorCode::kInternal) + 1);
}

TEST(ErrorTest, TableSaysWhatTheContractSays) {
  const ErrorRow& filter = RowOf(ErrorCode::kInvalidFilter);
  EXPECT_EQ(filter.name, "INVALID_FILTER");
  EXPECT_EQ(filter.grpc, absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(filter.http, 400);
  EXPECT_EQ(filter.ws_close, 0);
  const ErrorRow& slow = RowOf(ErrorCode::kSlowConsumer);
  EXPECT_EQ(slow.ws_close, 1013);
  EXPECT_EQ(slow.http, 503);
  EXPECT_TRUE(slow.retryable);
  const ErrorRow& internal = RowOf(ErrorCode::kInternal);
  EXPECT_EQ(internal.name, "INTERNAL_SERVER_ERROR");
  EXPECT_EQ(internal.graphql_close, 4500);
}

TEST(ErrorTest, OverloadNeverClosesAsFinal) {
  // GraphQL clients take 1008 as final.
  for (const ErrorRow& row : ErrorTable()) {
    if (row.retryable) {
      EXPECT_NE(row.graphql_close, 1008) << row.name;
    }
  }
  EXPECT_NE(RowOf(ErrorCode::kSlowConsumer).ws_close, 1008);
  EXPECT_NE(RowOf(ErrorCode::kServiceUnavailable).ws_close, 1008);
}

TEST(ErrorTest, DetailsComeBackAsGiven) {
  const absl::Status status = MakeError(ErrorCode::kCursorExpired, "gone",
                                        {.field = "from",
                                         .allowed = {"a", "b, c"},
                                         .earliest = "1-1",
                                         .latest = "1-9",
                                         .retry_after = absl::Milliseconds(1500)});
  EXPECT_EQ(status.code(), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(status.message(), "gone");
  EXPECT_EQ(ErrorCodeOf(status), ErrorCode::kCursorExpired);
  const ErrorDetails details = ErrorDetailsOf(status);
  EXPECT_EQ(details.field, "from");
  EXPECT_THAT(details.allowed, ElementsAre("a", "b, c"));
  EXPECT_EQ(details.earliest, "1-1");
  EXPECT_EQ(details.latest, "1-9");
  EXPECT_EQ(details.retry_after, absl::Milliseconds(1500));
}

TEST(ErrorTest, EmptyDetailsStayEmpty) {
  const ErrorDetails details = ErrorDetailsOf(MakeError(ErrorCode::kInternal, "oops"));
  EXPECT_EQ(details.field, "");
  EXPECT_TRUE(details.allowed.empty());
  EXPECT_EQ(details.retry_after, absl::ZeroDuration());
}

TEST(ErrorTest, ConflictMayHaveEitherStatus) {
  const absl::Status status =
      MakeErrorAs(ErrorCode::kConflict, absl::StatusCode::kAlreadyExists, "another content");
  EXPECT_EQ(status.code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(ErrorCodeOf(status), ErrorCode::kConflict);
}

TEST(ErrorTest, AForeignStatusReadsAsTheClosestRow) {
  EXPECT_EQ(ErrorCodeOf(absl::UnavailableError("")), ErrorCode::kServiceUnavailable);
  EXPECT_EQ(ErrorCodeOf(absl::DeadlineExceededError("")), ErrorCode::kServiceUnavailable);
  EXPECT_EQ(ErrorCodeOf(absl::AlreadyExistsError("")), ErrorCode::kConflict);
  EXPECT_EQ(ErrorCodeOf(absl::OutOfRangeError("")), ErrorCode::kCursorExpired);
  EXPECT_EQ(ErrorCodeOf(absl::DataLossError("")), ErrorCode::kInternal);
  EXPECT_EQ(ErrorCodeOf(absl::UnknownError("")), ErrorCode::kInternal);
}

TEST(FieldErrorTest, MessageNamesTheFieldAndWhatIsAllowed) {
  const absl::Status status =
      FieldError(ErrorCode::kInvalidFilter, "filter.severities[1]", "is wrong", {"P0", "P1"});
  EXPECT_EQ(status.message(), "filter.severities[1] is wrong; allowed: P0, P1");
  EXPECT_EQ(ErrorDetailsOf(status).field, "filter.severities[1]");
  EXPECT_THAT(ErrorDetailsOf(status).allowed, ElementsAre("P0", "P1"));
}

TEST(QuoteTest, LongTextsAreCutBetweenCharacters) {
  std::string text(63, 'a');
  text += "\u00e9\u00e9\u00e9";
  EXPECT_EQ(Quote(text), "\"" + std::string(63, 'a') + "\u00e9…\"");
  EXPECT_EQ(Quote("a\"b\\\n"), "\"a\\\"b\\\\ \"");
}

TEST(CharCountTest, CountsCodePoints) {
  EXPECT_EQ(CharCount(""), 0u);
  EXPECT_EQ(CharCount("a\u00e9\U0001F525"), 3u);
}

}  // namespace
}  // namespace tocsin
