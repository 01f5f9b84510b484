#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "core/event/client_message.h"
#include "core/event/error.h"
#include "tests/core/event_samples.h"

namespace tocsin {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;

template <typename Message>
Message Read(std::string_view text) {
  absl::StatusOr<ClientMessage> message = ReadClientMessage(text);
  EXPECT_TRUE(message.ok()) << message.status();
  return std::get<Message>(*std::move(message));
}

TEST(ClientMessageTest, SubscribeHasDefaults) {
  const auto message = Read<SubscribeMessage>(R"({"type":"subscribe","subscription_id":"a"})");
  EXPECT_EQ(message.subscription_id, "a");
  EXPECT_EQ(message.filters.ByteSizeLong(), 0u);
  EXPECT_FALSE(message.has_start);
  EXPECT_TRUE(message.notify_on_gap);
  EXPECT_FALSE(message.snapshot);
  EXPECT_FALSE(message.leaves);
  EXPECT_FALSE(message.priority);
  EXPECT_FALSE(message.latest_only);
}

TEST(ClientMessageTest, SubscribeReadsEveryField) {
  const auto message = Read<SubscribeMessage>(
      R"({"type":"subscribe","subscription_id":"a","filters":{"severities":["P0"],
          "active_only":true},"resume_from":"2-a","on_gap":"fail","snapshot":false,
          "leaves":true,"priority":false,"latest_only":true})");
  EXPECT_EQ(message.filters.severities(0), v1::SEVERITY_P0);
  EXPECT_TRUE(message.has_start);
  EXPECT_EQ(message.start, StartPoint(Cursor{2, 10}));
  EXPECT_FALSE(message.notify_on_gap);
  EXPECT_FALSE(message.snapshot);
  EXPECT_TRUE(message.leaves);
  EXPECT_FALSE(message.priority);
  EXPECT_TRUE(message.latest_only);
}

TEST(ClientMessageTest, SubscribeWithPriorityMayResumeFromASplitPlace) {
  const std::string place = FormatPlace({{2, 10}, {2, 20}});
  const auto message = Read<SubscribeMessage>(
      absl::StrCat(R"({"type":"subscribe","subscription_id":"a","priority":true,"resume_from":")",
                   place, "\"}"));
  EXPECT_TRUE(message.priority);
  EXPECT_EQ(message.start, StartPoint(Cursor{2, 10}));
  EXPECT_EQ(message.urgent, (Cursor{2, 20}));
}

TEST(ClientMessageTest, ASnapshotIsOfNowAndHasNoPlaceToResumeFrom) {
  EXPECT_TRUE(
      Read<SubscribeMessage>(R"({"type":"subscribe","subscription_id":"a","snapshot":true})")
          .snapshot);
}

TEST(ClientMessageTest, NullIsAsIfLeftOut) {
  const auto message = Read<SubscribeMessage>(
      R"({"type":"subscribe","subscription_id":"a","filters":null,"resume_from":null,
          "on_gap":null,"snapshot":null})");
  EXPECT_FALSE(message.has_start);
  EXPECT_TRUE(message.notify_on_gap);
}

TEST(ClientMessageTest, ReadsTheOtherTypes) {
  EXPECT_EQ(
      Read<UnsubscribeMessage>(R"({"type":"unsubscribe","subscription_id":"b"})").subscription_id,
      "b");
  EXPECT_EQ(Read<AckMessage>(R"({"message_id":"2-a","type":"ack"})").message_id, "2-a");
  EXPECT_EQ(Read<AuthenticateMessage>(R"({"type":"authenticate","token":"t"})").token, "t");
}

// Symptom: a ping's 1.0 came back as 1, and 2^64+1 as 18446744073709552000. Cause: the timestamp
// was read into a number and written again. The older rows were numbers that survive that.
TEST(ClientMessageTest, PingKeepsItsTimestampAsItWasSent) {
  EXPECT_EQ(Read<PingMessage>(R"({"type":"ping"})").timestamp_json, "");
  for (const char* const sent :
       {R"("2026-01-02T03:04:05Z")", R"("a\"b\u000a\/")", "1767323045678", "-1", "1.0", "1e2", "-0",
        "-0.0", "18446744073709551615", "18446744073709551617", "1E400", "-1e-400", "0.10",
        "1767323045.25"}) {
    const std::string text = absl::StrCat(R"({"type":"ping","timestamp": )", sent, " \n}");
    EXPECT_EQ(Read<PingMessage>(text).timestamp_json, sent);
  }
  EXPECT_EQ(Read<PingMessage>(R"({"time\u0073tamp":1.0,"type":"ping"})").timestamp_json, "1.0");
}

TEST(ClientMessageTest, SubscriptionIdIsMeasuredInCharacters) {
  std::string id;
  for (int i = 0; i < 128; ++i) id += "é";
  EXPECT_EQ(Read<UnsubscribeMessage>(
                absl::StrCat(R"({"type":"unsubscribe","subscription_id":")", id, "\"}"))
                .subscription_id,
            id);
  EXPECT_EQ(Describe(ReadClientMessage(
                         absl::StrCat(R"({"type":"unsubscribe","subscription_id":")", id, "x\"}"))
                         .status()),
            "INVALID_MESSAGE subscription_id");
}

struct BadRow {
  std::string text;
  std::string error;
  const char* allowed;  // nullptr where nothing is listed
};

TEST(ClientMessageTest, ErrorsNameTheFieldAndWhatIsAllowed) {
  const BadRow rows[] = {
      {"hello", "INVALID_MESSAGE ", nullptr},
      {"", "INVALID_MESSAGE ", nullptr},
      {"[]", "INVALID_MESSAGE ", "an object"},
      {"null", "INVALID_MESSAGE ", "an object"},
      {"{}", "INVALID_MESSAGE type", "subscribe"},
      {R"({"type":1})", "INVALID_MESSAGE type", nullptr},
      {R"({"type":"Subscribe"})", "INVALID_MESSAGE type", "authenticate"},
      {R"({"type":"subscribe"})", "INVALID_MESSAGE subscription_id", nullptr},
      {R"({"type":"subscribe","subscription_id":""})", "INVALID_MESSAGE subscription_id", nullptr},
      {R"({"type":"subscribe","subscription_id":7})", "INVALID_MESSAGE subscription_id", "a text"},
      {R"({"type":"subscribe","subscription_id":"a","filter":{}})", "INVALID_MESSAGE filter",
       "filters"},
      {R"({"type":"subscribe","subscription_id":"a","filters":[]})", "INVALID_FILTER filters",
       "an object"},
      {R"({"type":"subscribe","subscription_id":"a","filters":{"severity":["P0"]}})",
       "INVALID_FILTER filters.severity", "severities"},
      {R"({"type":"subscribe","subscription_id":"a","filters":{"severities":["P7"]}})",
       "INVALID_FILTER filters.severities[0]", "P4"},
      {R"({"type":"subscribe","subscription_id":"a","resume_from":"now"})",
       "INVALID_MESSAGE resume_from", "\"earliest\""},
      {R"({"type":"subscribe","subscription_id":"a","resume_from":12})",
       "INVALID_MESSAGE resume_from", "a text"},
      {R"({"type":"subscribe","subscription_id":"a","on_gap":"ignore"})", "INVALID_MESSAGE on_gap",
       "notify"},
      {R"({"type":"subscribe","subscription_id":"a","snapshot":1})", "INVALID_MESSAGE snapshot",
       "true or false"},
      {R"({"type":"subscribe","subscription_id":"a","snapshot":true,"resume_from":"latest"})",
       "INVALID_MESSAGE resume_from",
       "nothing with snapshot: the changes begin where the snapshot was made"},
      {R"({"type":"unsubscribe","subscription_id":"a","filters":{}})", "INVALID_MESSAGE filters",
       "subscription_id"},
      {R"({"type":"ping","timestamp":{}})", "INVALID_MESSAGE timestamp", "a text or a number"},
      {R"({"type":"ping","time":1})", "INVALID_MESSAGE time", "timestamp"},
      {R"({"type":"ack"})", "INVALID_MESSAGE message_id", nullptr},
      {R"({"type":"authenticate","token":""})", "INVALID_MESSAGE token", nullptr},
      {R"({"type":"ping","type":"ack"})", "INVALID_MESSAGE type", nullptr},
  };
  for (const BadRow& row : rows) {
    const absl::Status status = ReadClientMessage(row.text).status();
    EXPECT_EQ(Describe(status), row.error) << row.text;
    if (row.allowed != nullptr) {
      EXPECT_THAT(ErrorDetailsOf(status).allowed, Contains(row.allowed)) << row.text;
    }
  }
}

TEST(ClientMessageTest, AnErrorStillTellsTheSubscription) {
  std::string id = "old";
  EXPECT_FALSE(
      ReadClientMessage(R"({"type":"subscribe","subscription_id":"a","filters":7})", id).ok());
  EXPECT_EQ(id, "a");
  EXPECT_FALSE(ReadClientMessage("{", id).ok());
  EXPECT_EQ(id, "");
}

TEST(ClientMessageTest, ATokenIsNotInTheError) {
  const absl::Status status =
      ReadClientMessage(R"({"type":"authenticate","token":["secret"]})").status();
  EXPECT_EQ(Describe(status), "INVALID_MESSAGE token");
  EXPECT_EQ(std::string(status.message()).find("secret"), std::string::npos);
}

}  // namespace
}  // namespace tocsin
