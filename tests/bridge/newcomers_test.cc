// On the last places of a bridge only those who come back are let in.
#include <gmock/gmock.h>

#include "tests/bridge/graphql_session_fixture.h"

namespace tocsin::bridge::testing {
namespace {

using ::testing::StartsWith;

std::string ResumeFrom(Sequence sequence) {
  return absl::StrCat(R"("resume_from":")", FormatCursor({kEpoch, sequence}), "\"");
}

class NewcomersTest : public SessionTest {
 protected:
  Client& ConnectToALastPlace() {
    Client& client = Connect();
    Got(client);
    client.output.reserved = true;
    return client;
  }
  void ExpectClosedAsFull(Client& client) {
    const std::vector<json::object> got = Got(client);
    ASSERT_EQ(got.size(), 2u);
    EXPECT_EQ(Text(got[0], "code"), "SERVICE_UNAVAILABLE");
    EXPECT_EQ(got[0].at("retry_after_ms").to_number<int>(), 5'000);
    EXPECT_EQ(Text(got[1], "type"), "closing");
    EXPECT_GE(got[1].at("reconnect_after_ms").to_number<int>(), 6'000);
    EXPECT_EQ(client.output.close_code, 1013);
  }
};

TEST_F(NewcomersTest, OneThatSubscribesAnewIsSentAway) {
  PublishUpTo(5);
  for (const char* more : {"", R"("resume_from":"earliest")", R"("snapshot":true)"}) {
    Client& client = ConnectToALastPlace();
    Send(client, Subscribe("a", more));
    ExpectClosedAsFull(client);
  }
}

TEST_F(NewcomersTest, OneThatResumesStaysAndMaySubscribeToMore) {
  PublishUpTo(5);
  Client& client = ConnectToALastPlace();
  Send(client, Subscribe("a", ResumeFrom(3)));
  EXPECT_EQ(Got(client).size(), 3u);
  Send(client, Subscribe("b"));
  EXPECT_EQ(Text(One(client), "type"), "subscribed");
  Pass(absl::Seconds(11));
  EXPECT_EQ(client.output.close_code, 0);
}

TEST_F(NewcomersTest, OneThatSaysNothingIsSentAwayAfterTenSeconds) {
  Client& client = ConnectToALastPlace();
  Pass(absl::Seconds(9));
  EXPECT_EQ(client.output.close_code, 0);
  Pass(absl::Seconds(2));
  ExpectClosedAsFull(client);
}

class GraphqlNewcomersTest : public GraphqlSessionTest {};

TEST_F(GraphqlNewcomersTest, OneThatSubscribesAnewIsSentAwayAndOneThatResumesStays) {
  PublishIncidentsUpTo(5);
  constexpr std::string_view kEvents = "subscription { events { sequence } }";
  Client& anew = Join();
  anew.output.reserved = true;
  Send(anew, Operation("a", kEvents));
  EXPECT_EQ(anew.output.close_code, 1013);
  EXPECT_THAT(anew.output.close_reason, StartsWith("SERVICE_UNAVAILABLE"));
  Client& back = Join();
  back.output.reserved = true;
  Send(back,
       Operation("a", kEvents, absl::StrCat(R"("extensions":{"resumeFrom":")", At(3), "\"}")));
  EXPECT_EQ(Got(back).size(), 2u);
  EXPECT_EQ(back.output.close_code, 0);
}

}  // namespace
}  // namespace tocsin::bridge::testing
