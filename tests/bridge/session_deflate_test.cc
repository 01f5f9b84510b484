// permessage-deflate as a session sends: once for all who are given the same.
#include <gmock/gmock.h>

#include "tests/bridge/session_fixture.h"

namespace tocsin::bridge::testing {
namespace {

using ::testing::ElementsAre;

class DeflateSessionTest : public SessionTest {
 protected:
  DeflateSessionTest() { context.compression = std::make_unique<ws::Compression>(); }
  uint64_t made() const { return context.compression->events.made(); }
  const std::string title = std::string(300, 't');
};

TEST_F(DeflateSessionTest, EventsAreCompressedOnceForAllThatAgreedAndPlainForTheOthers) {
  std::vector<Client*> agreed;
  std::vector<Client*> others;
  for (int i = 0; i < 20; ++i) {
    (i % 2 == 0 ? agreed : others).push_back(&Connect(/*deflate=*/i % 2 == 0));
    Send(*clients.back(), Subscribe("s"));
    Got(*clients.back());
  }
  for (Sequence sequence = 1; sequence <= 5; ++sequence) Publish(sequence, v1::SEVERITY_P2, title);
  Settle();
  EXPECT_EQ(made(), 5u);
  for (Client* client : agreed) {
    EXPECT_THAT(Sequences(Got(*client)), ElementsAre(1, 2, 3, 4, 5));
    EXPECT_EQ(client->compressed, 5u);
  }
  for (Client* client : others) {
    EXPECT_THAT(Sequences(Got(*client)), ElementsAre(1, 2, 3, 4, 5));
    EXPECT_EQ(client->compressed, 0u);
  }
}

TEST_F(DeflateSessionTest, SlowAndManyfoldSessionsShareTheCompressedEventsAsWell) {
  Client& quick = Connect(/*deflate=*/true);
  Client& slow = Connect(/*deflate=*/true);
  Client& twofold = Connect(/*deflate=*/true);
  for (Client* client : {&quick, &slow, &twofold}) Send(*client, Subscribe("s"));
  Send(twofold, R"({"type":"subscribe","subscription_id":"t","filters":{"severities":["P0"]}})");
  for (Client* client : {&quick, &slow, &twofold}) Got(*client);
  slow.reads = false;
  for (Sequence sequence = 1; sequence <= 40; ++sequence) {
    Publish(sequence, v1::SEVERITY_P2, title);
    Settle();
  }
  slow.reads = true;
  Settle();
  for (Client* client : {&quick, &slow, &twofold}) {
    EXPECT_EQ(Sequences(Got(*client)).size(), 40u);
    EXPECT_EQ(client->compressed, 40u);
  }
  EXPECT_EQ(made(), 40u);
}

TEST_F(DeflateSessionTest, AHeadOfItsOwnIsPartOfWhatIsCompressed) {
  Client& a = Connect(/*deflate=*/true);
  Client& b = Connect(/*deflate=*/true);
  Send(a, Subscribe("a"));
  Send(b, Subscribe("b"));
  Got(a);
  Got(b);
  Publish(1, v1::SEVERITY_P2, title);
  Settle();
  EXPECT_EQ(Text(One(a), "subscription_ids"), R"(["a"])");
  EXPECT_EQ(Text(One(b), "subscription_ids"), R"(["b"])");
  EXPECT_EQ(made(), 2u);
}

TEST_F(DeflateSessionTest, RepliesAndShortMessagesGoAsTheyAre) {
  Client& client = Connect(/*deflate=*/true);
  Send(client, Subscribe("s"));
  Send(client, R"({"type":"ping"})");
  EXPECT_THAT(Types(Got(client)), ElementsAre("welcome", "subscribed", "pong"));
  EXPECT_EQ(client.compressed, 0u);
}

}  // namespace
}  // namespace tocsin::bridge::testing
