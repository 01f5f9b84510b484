// POST /v1/events, in the JSON of docs/protocol.md, before a hub whose answers the test chooses.
#include "core/event/error.h"
#include "tests/bridge/rest_fixture.h"

namespace tocsin::bridge {
namespace {

constexpr char kThree[] =
    R"([{"type":"system_event","message":"a"},{"type":"system_event","message":"b"},)"
    R"({"type":"system_event","message":"c"}])";

class PublishEventsTest : public testing::RestTest {
 protected:
  PublishEventsTest() {
    hub.publish.answer = [this](const v1::PublishRequest& request, v1::PublishResponse& response) {
      if (!refusal.ok()) return refusal;
      for (const v1::Event& event : request.events()) {
        v1::PublishResult& result = *response.add_results();
        result.set_id(event.id());
        result.set_cursor(event.system_event().message());
        result.set_sequence(++sequence);
      }
      return grpc::Status::OK;
    };
  }
  void HubRefuses(const std::string& field) {
    refusal = testing::Refusal(grpc::StatusCode::INVALID_ARGUMENT, "INVALID_MESSAGE", field,
                               absl::StrCat(field, " is wrong"));
  }

  uint64_t sequence = 0;
  grpc::Status refusal;
};

TEST_F(PublishEventsTest, AnArrayIsOneCallAndEachEventIsAnsweredAtItsPlace) {
  const Answer answer = Post("/v1/events", kThree);
  ASSERT_EQ(answer.status, 202) << answer.body;
  ASSERT_EQ(hub.publish.requests.size(), 1u);
  ASSERT_EQ(hub.publish.requests[0].events_size(), 3);
  const boost::json::array events = answer.Json().at("events").as_array();
  ASSERT_EQ(events.size(), 3u);
  for (int i = 0; i < 3; ++i) {
    const boost::json::object& event = events[static_cast<size_t>(i)].as_object();
    EXPECT_EQ(event.at("id").as_string(), hub.publish.requests[0].events(i).id());
    EXPECT_EQ(event.at("cursor").as_string(), std::string(1, static_cast<char>('a' + i)));
    EXPECT_EQ(event.at("sequence").as_int64(), i + 1);
    EXPECT_FALSE(event.at("duplicate").as_bool());
  }
}

TEST_F(PublishEventsTest, AKeyIsKeptForARetry) {
  for (const char* key : {"k", "k", "other"}) {
    Post("/v1/events", kThree, {{"Idempotency-Key", key}});
  }
  const auto& requests = hub.publish.requests;
  EXPECT_EQ(requests.at(0).SerializeAsString(), requests.at(1).SerializeAsString());
  EXPECT_NE(requests.at(2).events(0).id(), requests.at(0).events(0).id());
}

TEST_F(PublishEventsTest, TheHubsRefusalNamesTheFieldAsTheClientWroteIt) {
  HubRefuses("events[0].incident.id");
  const Answer one = Post("/v1/events", R"({"type":"system_event","message":"a"})");
  EXPECT_EQ(one.status, 400);
  EXPECT_EQ(one.Text("field"), "event.incident.id");
  EXPECT_EQ(one.Text("detail"), "event.incident.id is wrong");
  EXPECT_EQ(Post("/v1/events", kThree).Text("field"), "events[0].incident.id");
  HubRefuses("events[2].incident.id");
  EXPECT_EQ(Post("/v1/events", kThree).Text("field"), "events[2].incident.id");
}

}  // namespace
}  // namespace tocsin::bridge
