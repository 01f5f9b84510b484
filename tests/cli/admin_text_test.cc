#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_split.h"
#include "cli/admin/connection_text.h"

namespace tocsin::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

v1::ListConnectionsResponse TwoConnections() {
  v1::ListConnectionsResponse response;
  v1::Connection& live = *response.add_connections();
  live.set_id("id-1");
  live.set_address("192.0.2.1:5");
  live.set_transport("websocket");
  live.mutable_since()->set_seconds(100);
  live.set_subscriptions(2);
  v1::Connection& behind = *response.add_connections();
  behind.set_id("id-2");
  behind.set_subject("alice\x1b[31m\n");
  behind.set_address("[::1]:5");
  behind.set_transport("grpc");
  behind.set_label("wall board");
  behind.mutable_since()->set_seconds(40);
  behind.set_subscriptions(1);
  behind.set_subscriptions_behind(1);
  behind.set_behind(77);
  behind.set_waiting_bytes(1'234);
  behind.set_last_cursor("c");
  behind.mutable_last_sent_at()->set_seconds(90);
  response.set_total(3);
  response.set_next_page_token("id-2");
  return response;
}

TEST(ConnectionsTextTest, EachIsALineInColumnsAndControlCharactersAreGone) {
  const std::string text = ConnectionsText(TwoConnections(), absl::FromUnixSeconds(160));
  const std::vector<std::string> lines = absl::StrSplit(text, '\n', absl::SkipEmpty());
  ASSERT_EQ(lines.size(), 3u) << text;
  EXPECT_THAT(lines[0], HasSubstr("ID    SUBJECT"));
  EXPECT_THAT(
      absl::StrSplit(lines[1], ' ', absl::SkipEmpty()),
      ElementsAre("id-1", "-", "192.0.2.1:5", "websocket", "-", "1m", "2", "0", "B", "live"));
  EXPECT_THAT(lines[2], HasSubstr("wall board"));
  EXPECT_THAT(lines[2], HasSubstr("1234 B"));
  EXPECT_THAT(lines[2], ::testing::EndsWith("77 behind"));
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
}

TEST(ConnectionsTextTest, JsonHasEveryFieldAndNullForATimeThatIsNotKnown) {
  EXPECT_EQ(ConnectionsJson(TwoConnections()),
            R"({"connections":[{"id":"id-1","subject":"","address":"192.0.2.1:5",)"
            R"("transport":"websocket","label":"","since":"1970-01-01T00:01:40.000000Z",)"
            R"("subscriptions":2,"subscriptions_behind":0,"behind":0,"last_cursor":"",)"
            R"("last_sent_at":null,"waiting_bytes":0},{"id":"id-2",)"
            R"("subject":"alice\u001b[31m\n","address":"[::1]:5","transport":"grpc",)"
            R"("label":"wall board","since":"1970-01-01T00:00:40.000000Z","subscriptions":1,)"
            R"("subscriptions_behind":1,"behind":77,"last_cursor":"c",)"
            R"("last_sent_at":"1970-01-01T00:01:30.000000Z","waiting_bytes":1234}],)"
            R"("total":3,"silent_threads":0,"next_page_token":"id-2"})"
            "\n");
}

TEST(ClosedTextTest, SaysWhenWhoAndWhy) {
  v1::ListClosedResponse response;
  v1::ClosedConnection& closed = *response.add_connections();
  closed.mutable_closed_at()->set_seconds(1'700'000'000);
  closed.set_id("id-1");
  closed.set_transport("sse");
  closed.set_code("SLOW_CONSUMER");
  closed.set_reason("nothing was taken");
  const std::string text = ClosedText(response, absl::UTCTimeZone());
  EXPECT_THAT(text, HasSubstr("2023-11-14 22:13:20.000Z  id-1  -"));
  EXPECT_THAT(text, HasSubstr("SLOW_CONSUMER  nothing was taken\n"));
  EXPECT_THAT(ClosedJson(response),
              HasSubstr(R"("code":"SLOW_CONSUMER","reason":"nothing was taken"}]})"));
}

TEST(ConnectionsTextTest, NobodyIsAHeadAlone) {
  EXPECT_EQ(ConnectionsJson({}),
            "{\"connections\":[],\"total\":0,\"silent_threads\":0,\"next_page_token\":\"\"}\n");
  EXPECT_EQ(ClosedJson({}), "{\"connections\":[]}\n");
  EXPECT_THAT(ClosedText({}, absl::UTCTimeZone()), ::testing::StartsWith("CLOSED"));
}

}  // namespace
}  // namespace tocsin::cli
