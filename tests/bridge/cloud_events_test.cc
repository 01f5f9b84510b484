// CloudEvents on POST /v1/events before a hub whose answers the test chooses.
#include "core/event/uuid.h"
#include "tests/bridge/rest_fixture.h"

namespace tocsin::bridge {
namespace {

constexpr char kForeign[] =
    R"({"specversion":"1.0","id":"7","source":"/ci","type":"com.example.built","subject":"main",
        "time":"2026-01-02T03:04:05Z","comexampleattempt":3,
        "data":{"ok": true,"n":[1.0,18446744073709551617]}})";

class CloudEventsTest : public testing::RestTest {
 protected:
  CloudEventsTest() {
    hub.publish.answer = [](const v1::PublishRequest& request, v1::PublishResponse& response) {
      for (const v1::Event& event : request.events()) response.add_results()->set_id(event.id());
      return grpc::Status::OK;
    };
  }
  Answer Send(const std::string& type, std::string_view body, Fields fields = {}) {
    fields.push_back({"Content-Type", type});
    return Ask("POST", "/v1/events", body, std::move(fields));
  }
  Answer Structured(std::string_view body) { return Send("application/cloudevents+json", body); }
  static Fields Binary(Fields more = {}) {
    Fields fields = {{"ce-specversion", "1.0"}, {"ce-id", "7"}, {"ce-source", "/ci"}};
    bool has_type = false;
    for (http::Field& field : more) {
      has_type = has_type || field.name == "ce-type";
      fields.push_back(std::move(field));
    }
    if (!has_type) fields.push_back({"ce-type", "com.example.built"});
    return fields;
  }
  const v1::Event& Published(int index = 0, size_t call = 0) {
    return hub.publish.requests.at(call).events(index);
  }
};

TEST_F(CloudEventsTest, AForeignTypeIsASystemEventAndNothingOfItIsLost) {
  const Answer answer = Structured(kForeign);
  EXPECT_EQ(answer.status, 202) << answer.body;
  const v1::Event& event = Published();
  EXPECT_EQ(event.type(), v1::EVENT_TYPE_SYSTEM_EVENT);
  EXPECT_EQ(event.actor(), "/ci");
  EXPECT_EQ(event.system_event().category(), "com.example.built");
  EXPECT_EQ(event.system_event().message(), "main");
  const auto& metadata = event.system_event().metadata();
  EXPECT_EQ(metadata.at("id"), "7");
  EXPECT_EQ(metadata.at("source"), "/ci");
  EXPECT_EQ(metadata.at("time"), "2026-01-02T03:04:05Z");
  EXPECT_EQ(metadata.at("comexampleattempt"), "3");
  // Numbers are not read and written again.
  EXPECT_EQ(metadata.at("data"), R"({"ok":true,"n":[1.0,18446744073709551617]})");
}

TEST_F(CloudEventsTest, SourceAndIdNameTheEvent) {
  Structured(kForeign);
  Send("", R"({"ok":true})", Binary());
  Send("", "", Binary({{"ce-type", "other"}}));
  std::string other(kForeign);
  other.replace(other.find("/ci"), 3, "/cd");
  Structured(other);
  EXPECT_TRUE(IsUuid(Published(0, 0).id()));
  EXPECT_EQ(Published(0, 1).id(), Published(0, 0).id());
  EXPECT_EQ(Published(0, 2).id(), Published(0, 0).id());
  EXPECT_NE(Published(0, 3).id(), Published(0, 0).id());
}

TEST_F(CloudEventsTest, ATypeOfTocsinsHasItsFieldsAsData) {
  for (const char* type : {"comment_added", "tocsin.v1.comment_added"}) {
    const Answer answer = Structured(absl::StrCat(
        R"({"specversion":"1.0","id":"1","source":"/s","type":")", type,
        R"(","traceparent":"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",)",
        R"("data":{"incident_id":"0190b6a5-7c1e-7000-8000-000000000001","comment":"c"}})"));
    EXPECT_EQ(answer.status, 202) << answer.body;
    EXPECT_EQ(hub.publish.requests.back().events(0).comment_added().comment(), "c");
    EXPECT_EQ(hub.publish.requests.back().events(0).traceparent().size(), 55u);
  }
}

TEST_F(CloudEventsTest, TheModeIsFoundWhateverTheParametersAndLetterCase) {
  EXPECT_EQ(Send("Application/CloudEvents+JSON; charset=UTF-8", kForeign).status, 202);
  EXPECT_EQ(Send("application/json", R"({"ok": 1.0})", Binary()).status, 202) << "binary";
  EXPECT_EQ(Published(0, 1).system_event().metadata().at("data"), R"({"ok":1.0})");
  EXPECT_EQ(Published(0, 1).system_event().metadata().at("datacontenttype"), "application/json");
  EXPECT_EQ(Send("application/cloudevents+xml", "<x/>").status, 415);
  EXPECT_EQ(Send("application/cloudevents-batch+protobuf", "").status, 415);
}

TEST_F(CloudEventsTest, ABatchIsPublishedTogetherWhatItsSize) {
  const auto batch = [](int count) {
    std::string list;
    for (int i = 0; i < count; ++i) {
      absl::StrAppend(&list, i > 0 ? "," : "", R"({"specversion":"1.0","id":")", i,
                      R"(","source":"/s","type":"x"})");
    }
    return absl::StrCat("[", list, "]");
  };
  constexpr char kType[] = "application/cloudevents-batch+json";
  const Answer none = Send(kType, "[]");
  EXPECT_EQ(none.status, 202);
  EXPECT_EQ(none.body, "{\"events\":[]}\n");
  EXPECT_TRUE(hub.publish.requests.empty());
  EXPECT_EQ(Send(kType, batch(1)).Json().at("events").as_array().size(), 1u);
  EXPECT_EQ(Send(kType, batch(3)).Json().at("events").as_array().size(), 3u);
  ASSERT_EQ(hub.publish.requests.size(), 2u);
  EXPECT_EQ(hub.publish.requests[1].events_size(), 3);
  EXPECT_EQ(Send(kType, batch(1001)).Text("field"), "events");
  EXPECT_EQ(Send(kType, kForeign).status, 400) << "one event is no batch";
  const Answer array = Structured(batch(1));
  EXPECT_EQ(array.status, 400) << "an array is not one event";
  EXPECT_EQ(array.Text("field"), "event");
}

TEST_F(CloudEventsTest, HeadersAreDecoded) {
  const Answer answer = Send("text/plain", "hello",
                             Binary({{"ce-subject", "Euro%20%E2%82%ac"},
                                     {"CE-Quoted", "\"a \\\" b\""},
                                     {"ce-plain", "50% off"}}));
  EXPECT_EQ(answer.status, 202) << answer.body;
  const auto& metadata = Published().system_event().metadata();
  EXPECT_EQ(metadata.at("subject"), "Euro €");
  EXPECT_EQ(metadata.at("quoted"), "a \" b");
  EXPECT_EQ(metadata.at("plain"), "50% off");
  EXPECT_EQ(metadata.at("data"), "hello");
}

TEST_F(CloudEventsTest, DataOfEveryForm) {
  Send("application/octet-stream", "\xff\x01", Binary());
  EXPECT_EQ(Published(0, 0).system_event().metadata().at("data_base64"), "/wE=");
  const auto structured = [&](const std::string& data) {
    const Answer answer = Structured(
        absl::StrCat(R"({"specversion":"1.0","id":"1","source":"/s","type":"x",)", data, "}"));
    EXPECT_EQ(answer.status, 202) << answer.body;
    return hub.publish.requests.back().events(0).system_event().metadata();
  };
  EXPECT_EQ(structured(R"("data_base64":"/wE=")").at("data_base64"), "/wE=");
  EXPECT_EQ(structured(R"("data":null)").count("data"), 0u);
  EXPECT_EQ(structured(R"("data":"t")").at("data"), "\"t\"") << "JSON";
  EXPECT_EQ(structured(R"("datacontenttype":"text/plain","data":"t")").at("data"), "t");
}

TEST_F(CloudEventsTest, WhatIsWrongIsNamed) {
  const auto field = [&](const std::string& members) {
    const Answer answer = Structured(absl::StrCat("{", members, "}"));
    EXPECT_EQ(answer.status, 400) << members << answer.body;
    return answer.Text("field");
  };
  const std::string good = R"("specversion":"1.0","id":"1","source":"/s","type":"x")";
  EXPECT_EQ(field(""), "event.specversion");
  EXPECT_EQ(field(R"("specversion":"0.3","id":"1","source":"/s","type":"x")"), "event.specversion");
  EXPECT_EQ(field(R"("specversion":"1.0","id":"","source":"/s","type":"x")"), "event.id");
  EXPECT_EQ(field(R"("specversion":"1.0","id":"1","type":"x")"), "event.source");
  EXPECT_EQ(field(good + R"(,"myExt":"x")"), "event.myExt");
  EXPECT_EQ(field(good + R"(,"my-ext":"x")"), "event.my-ext");
  EXPECT_EQ(field(good + R"(,"ext":[1])"), "event.ext");
  EXPECT_EQ(field(good + R"(,"ext":3000000000)"), "event.ext");
  EXPECT_EQ(field(good + R"(,"time":"now")"), "event.time");
  EXPECT_EQ(field(good + R"(,"data_base64":"*")"), "event.data_base64");
  EXPECT_EQ(field(good + R"(,"data":1,"data_base64":"AA==")"), "event.data_base64");
  EXPECT_EQ(
      field(R"("specversion":"1.0","id":"1","source":"/s","type":"tocsin.v1.nothing","data":{})"),
      "event.type");
  EXPECT_EQ(field(R"("specversion":"1.0","id":"1","source":"/s","type":"escalated")"),
            "event.data");
  EXPECT_EQ(field(R"("specversion":"1.0","id":"1","source":"/s","type":"system_event",)"
                  R"("data":{"mesage":"m"})"),
            "event.data.mesage");
  EXPECT_EQ(
      Send("application/cloudevents-batch+json", absl::StrCat("[{", good, "},{}]")).Text("field"),
      "events[1].specversion");
  const auto header = [&](const http::Field& wrong) {
    return Send("", "", Binary({wrong})).Text("field");
  };
  EXPECT_EQ(header({"ce-my-ext", "x"}), "ce-my-ext");
  EXPECT_EQ(header({"ce-subject", "%ff"}), "ce-subject");
  EXPECT_EQ(header({"ce-datacontenttype", "text/plain"}), "ce-datacontenttype");
  EXPECT_EQ(header({"ce-id", "8"}), "ce-id") << "twice";
  EXPECT_EQ(Send("application/json", "{", Binary()).status, 400);
  EXPECT_EQ(Send("", "", {{"ce-id", "1"}}).Text("field"), "ce-specversion");
  EXPECT_TRUE(hub.publish.requests.empty());
}

TEST_F(CloudEventsTest, ASenderOfWebhooksIsLetIn) {
  const Answer answer =
      Ask("OPTIONS", "/v1/events", "", {{"WebHook-Request-Origin", "sender.example"}});
  EXPECT_EQ(answer.status, 204);
  EXPECT_EQ(answer.Header("WebHook-Allowed-Origin"), "sender.example");
  EXPECT_EQ(answer.Header("WebHook-Allowed-Rate"), "*");
  EXPECT_EQ(answer.Header("Allow"), "GET, HEAD, OPTIONS, POST");
  const Answer no_post =
      Ask("OPTIONS", "/health", "", {{"WebHook-Request-Origin", "sender.example"}});
  EXPECT_EQ(no_post.Header("WebHook-Allowed-Origin"), "");
}

TEST_F(CloudEventsTest, AKeyNamesEventsByTheirPlace) {
  constexpr char kTwo[] =
      R"([{"type":"system_event","message":"a"},{"type":"system_event","message":"b"}])";
  Post("/v1/events", kTwo, {{"Idempotency-Key", "k"}});
  Post("/v1/events", kTwo, {{"Idempotency-Key", "k"}});
  EXPECT_EQ(Published(0, 0).id(), Published(0, 1).id());
  EXPECT_EQ(Published(1, 0).id(), Published(1, 1).id());
  EXPECT_NE(Published(0, 0).id(), Published(1, 0).id());
}

}  // namespace
}  // namespace tocsin::bridge
