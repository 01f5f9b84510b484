// rest_fixture.h: the bridge's routes over a worker that no thread runs, a client in memory, and a
// hub whose unary answers the test chooses.
#pragma once

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <functional>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "bridge/http/routes.h"
#include "core/http/memory_stream.h"
#include "core/http/server_connection.h"
#include "core/rpc/hub_channel.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "tests/bridge/scripted_hub.h"

namespace tocsin::bridge::testing {

// As the hub makes it.
inline grpc::Status Refusal(grpc::StatusCode code, const std::string& reason,
                            const std::string& field, const std::string& message) {
  google::rpc::ErrorInfo info;
  info.set_reason(reason);
  google::rpc::BadRequest bad;
  bad.add_field_violations()->set_field(field);
  google::rpc::Status rich;
  rich.set_code(code);
  rich.add_details()->PackFrom(info);
  rich.add_details()->PackFrom(bad);
  return {code, message, rich.SerializeAsString()};
}

// Each method answers as the test has it do. It keeps the requests.
class UnaryHub : public v1::EventHub::Service {
 public:
  UnaryHub() {
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_);
    builder.RegisterService(this);
    server_ = builder.BuildAndStart();
  }
  ~UnaryHub() override { server_->Shutdown(std::chrono::system_clock::now()); }
  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }

  template <class Request, class Response>
  struct Method {
    std::function<grpc::Status(const Request&, Response&)> answer;
    std::vector<Request> requests;
  };
  Method<v1::PublishRequest, v1::PublishResponse> publish;
  Method<v1::SubmitAlertsRequest, v1::SubmitAlertsResponse> submit;
  Method<v1::GetIncidentRequest, v1::GetIncidentResponse> get;
  Method<v1::ListIncidentsRequest, v1::ListIncidentsResponse> list;
  Method<v1::ListEventsRequest, v1::ListEventsResponse> events;
  Method<v1::ExplainRequest, v1::ExplainResponse> explain;

 private:
  template <class M, class Request, class Response>
  grpc::Status Answer(M& method, const Request& request, Response& response) {
    MutexLock lock(mutex_);
    method.requests.push_back(request);
    return method.answer ? method.answer(request, response)
                         : grpc::Status(grpc::StatusCode::INTERNAL, "not in this test");
  }

  using Context = grpc::ServerContext;
  grpc::Status Publish(Context*, const v1::PublishRequest* request,
                       v1::PublishResponse* response) override {
    return Answer(publish, *request, *response);
  }
  grpc::Status SubmitAlerts(Context*, const v1::SubmitAlertsRequest* request,
                            v1::SubmitAlertsResponse* response) override {
    return Answer(submit, *request, *response);
  }
  grpc::Status GetIncident(Context*, const v1::GetIncidentRequest* request,
                           v1::GetIncidentResponse* response) override {
    return Answer(get, *request, *response);
  }
  grpc::Status ListIncidents(Context*, const v1::ListIncidentsRequest* request,
                             v1::ListIncidentsResponse* response) override {
    return Answer(list, *request, *response);
  }
  grpc::Status ListEvents(Context*, const v1::ListEventsRequest* request,
                          v1::ListEventsResponse* response) override {
    return Answer(events, *request, *response);
  }
  grpc::Status Explain(Context*, const v1::ExplainRequest* request,
                       v1::ExplainResponse* response) override {
    return Answer(explain, *request, *response);
  }

  Mutex mutex_;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

class RestTest : public ::testing::Test {
 protected:
  struct Answer {
    int status = 0;
    std::vector<http::Field> fields;
    std::string body;

    std::string Header(std::string_view name) const {
      for (const http::Field& field : fields) {
        if (absl::EqualsIgnoreCase(field.name, std::string(name))) return field.value;
      }
      return "";
    }
    boost::json::object Json() const { return boost::json::parse(body).as_object(); }
    // Of a text member.
    std::string Text(std::string_view name) const {
      const boost::json::object object = Json();
      const auto* value = object.if_contains(boost::json::string_view(name.data(), name.size()));
      return value == nullptr || !value->is_string() ? "" : std::string(value->get_string());
    }
  };
  using Fields = std::vector<http::Field>;

  RestTest() { state.window_open = state.hub_connected = true; }

  Answer Ask(std::string_view method, std::string_view target, std::string_view body = "",
             Fields fields = {{"Content-Type", "application/json"}}) {
    auto [server, client] = http::MemoryStream::MakePair(worker.io().io());
    http::ServeHttp(worker.io(), service, std::move(server), {});
    std::string text =
        absl::StrCat(std::string(method), " ", std::string(target),
                     " HTTP/1.1\r\nHost: a\r\nContent-Length: ", body.size(), "\r\n");
    for (const http::Field& field : fields)
      absl::StrAppend(&text, field.name, ": ", field.value, "\r\n");
    text += "\r\n";
    text += body;
    for (std::string_view rest = text; !rest.empty();) {
      const http::IoResult sent = client->TrySend({&rest, 1});
      rest.remove_prefix(sent.bytes);
      worker.io().RunOnce();
    }
    return Read(*client);
  }
  Answer Post(std::string_view target, std::string_view body, Fields more = {}) {
    more.push_back({"Content-Type", "application/json"});
    return Ask("POST", target, body, std::move(more));
  }
  Answer Get(std::string_view target, Fields fields = {}) {
    return Ask("GET", target, "", std::move(fields));
  }

  UnaryHub hub;
  ManualClock clock;
  tocsin::testing::VectorLog log{WindowBounds{1000, 1 << 30}};
  ws::SessionOptions session_options;
  Metrics metrics;
  BridgeState state;
  testing::FakeSnapshots snapshots;
  Worker worker{log.window, log, snapshots, clock, {}, session_options, metrics};
  HubCalls calls{rpc::MakeHubChannel(hub.address())};
  AlertIntake alerts{calls};
  http::Service service{.routes = BridgeRoutes({.state = state,
                                                .calls = calls,
                                                .alerts = alerts,
                                                .metrics = [] { return std::string(); }},
                                               worker)};

 private:
  Answer Read(http::MemoryStream& client) {
    std::string text;
    Until([&] {
      worker.io().RunOnce();
      char room[16'384];
      const http::IoResult got = client.TryRead(room);
      text.append(room, got.bytes);
      return IsWhole(text);
    });
    return Parse(text);
  }
  static bool IsWhole(const std::string& text) {
    const size_t head = text.find("\r\n\r\n");
    if (head == std::string::npos) return false;
    size_t length = 0;
    (void)absl::SimpleAtoi(Parse(text).Header("Content-Length"), &length);
    return text.size() >= head + 4 + length;
  }
  static Answer Parse(const std::string& text) {
    Answer answer;
    const size_t head = text.find("\r\n\r\n");
    answer.status = std::stoi(text.substr(9, 3));
    answer.body = text.substr(head + 4);
    const std::string lines = text.substr(0, head);
    for (const absl::string_view line : absl::StrSplit(lines, "\r\n")) {
      const std::vector<std::string> parts = absl::StrSplit(line, absl::MaxSplits(": ", 1));
      if (parts.size() == 2) answer.fields.push_back({parts[0], parts[1]});
    }
    return answer;
  }
};

}  // namespace tocsin::bridge::testing
