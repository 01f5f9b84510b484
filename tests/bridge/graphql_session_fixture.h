// graphql_session_fixture.h: GraphQL sessions over a real shard and window (session_fixture.h).
#pragma once

#include <gmock/gmock.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "bridge/graphql_ws/context.h"
#include "bridge/graphql_ws/session.h"
#include "tests/bridge/session_fixture.h"

namespace tocsin::bridge::testing {

inline constexpr std::string_view kInit = R"({"type":"connection_init"})";
inline constexpr std::string_view kEvents = "subscription { events { sequence } }";
inline constexpr std::string_view kUpdates =
    "subscription { incidentUpdates { updateType incidentId } }";

// A `subscribe`; `more` is further members of the payload.
inline std::string Operation(std::string_view id, std::string_view query,
                             std::string_view more = "") {
  const json::object payload{{"query", json::string_view(query.data(), query.size())}};
  std::string text = json::serialize(payload);
  if (!more.empty()) {
    text.insert(text.size() - 1, absl::StrCat(",", std::string(more)));
  }
  return absl::StrCat(R"({"id":")", std::string(id), R"(","type":"subscribe","payload":)", text,
                      "}");
}
inline std::string ResumeFrom(Sequence sequence) {
  return absl::StrCat(R"("extensions":{"resumeFrom":")", FormatCursor({kEpoch, sequence}), "\"}");
}
inline std::string CompleteOf(std::string_view id) {
  return absl::StrCat(R"({"id":")", std::string(id), R"(","type":"complete"})");
}

class GraphqlSessionTest : public SessionTest {
 protected:
  explicit GraphqlSessionTest(ShardOptions shard_options = {},
                              WindowBounds bounds = {1000, 1 << 30},
                              MakeAuthenticator make = Authenticator::Off)
      : SessionTest(shard_options, bounds, make) {}
  ~GraphqlSessionTest() override { clients.clear(); }

  std::unique_ptr<ws::WebSocketSession> MakeSession(ws::SessionOutput& output) override {
    return std::make_unique<graphql_ws::Session>(graphql(), spoken, comes_as, output);
  }
  // Made when it is first wanted, so that a test may switch compression on before.
  graphql_ws::Context& graphql() {
    if (graphql_ == nullptr) {
      graphql_ = std::make_unique<graphql_ws::Context>(
          context, messages,
          [this](const SubjectPtr& subject, std::shared_ptr<const graphql::Prepared> prepared,
                 absl::AnyInvocable<void(std::string)> done) {
            executed.push_back({subject, std::move(prepared), std::move(done)});
          });
    }
    return *graphql_;
  }

  // A client that has been acknowledged.
  Client& Join(bool deflate = false) {
    Client& client = Connect(deflate);
    Send(client, kInit);
    EXPECT_EQ(Text(One(client), "type"), "connection_ack");
    client.session().OnSignOfLife();  // what comes from here on comes after it
    return client;
  }
  void PublishIncident(Sequence sequence, v1::Severity severity = v1::SEVERITY_P2) {
    v1::Event event = SampleEvent(sequence, severity);
    event.mutable_incident()->set_id("0190a000-0000-7000-8000-000000000007");
    log.Append(MakeWireRecord(event));
    shard.Ring();
  }
  void PublishIncidentsUpTo(Sequence last) {
    while (log.latest().sequence < last) PublishIncident(log.latest().sequence + 1);
  }

  // extensions.cursor of a `next`.
  static std::string CursorOf(const json::object& next) {
    return Text(next.at("payload").as_object().at("extensions").as_object(), "cursor");
  }
  static std::string At(Sequence sequence) { return FormatCursor({kEpoch, sequence}); }
  // The sequences of the events that an operation of kEvents was told.
  static std::vector<Sequence> Told(const std::vector<json::object>& messages,
                                    std::string_view id) {
    std::vector<Sequence> told;
    for (const json::object& message : messages) {
      if (Text(message, "type") == "next" && Text(message, "id") == id) {
        const json::object& data = message.at("payload").at("data").as_object();
        told.push_back(data.at("events").at("sequence").to_number<Sequence>());
        EXPECT_EQ(CursorOf(message), At(told.back()));
      }
    }
    return told;
  }
  // The first error of an `error`, which is for the operation of that id.
  static json::object ErrorOf(const json::object& message, std::string_view id) {
    EXPECT_EQ(Text(message, "type"), "error") << json::serialize(message);
    EXPECT_EQ(Text(message, "id"), id);
    if (!message.contains("payload")) return {};
    return message.at("payload").as_array().at(0).as_object();
  }
  static std::string CodeOf(const json::object& error) {
    return error.empty() ? "" : Text(error.at("extensions").as_object(), "code");
  }

  struct Executed {
    SubjectPtr subject;
    std::shared_ptr<const graphql::Prepared> request;
    absl::AnyInvocable<void(std::string)> done;
  };

  bool spoken = true;  // whether clients offer the subprotocol
  std::vector<Executed> executed;

 private:
  graphql::EventMessages messages;
  std::unique_ptr<graphql_ws::Context> graphql_;
};

}  // namespace tocsin::bridge::testing
