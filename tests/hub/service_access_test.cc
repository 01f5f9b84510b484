// Who may call what: every method, with no token, a bad one, and good ones that may little.
#include <gmock/gmock.h>
#include <google/protobuf/descriptor.h>
#include <gtest/gtest.h>

#include <future>

#include "auth_fixture.h"
#include "core/event/error.h"
#include "hub/service/method_access.h"

namespace tocsin::hub {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::UnorderedElementsAreArray;

std::vector<std::string> MethodsOf(std::string_view service) {
  std::vector<std::string> names;
  const auto* const found =
      google::protobuf::DescriptorPool::generated_pool()->FindServiceByName(std::string(service));
  for (int i = 0; i < found->method_count(); ++i) {
    names.push_back(absl::StrCat("/", found->full_name(), "/", found->method(i)->name()));
  }
  return names;
}

// Those that ask for a token.
const std::vector<std::string>& GuardedMethods() {
  static const auto* const methods = [] {
    auto* const all = new std::vector(MethodsOf("tocsin.v1.EventHub"));
    for (std::string& method : MethodsOf("tocsin.v1.Admin")) all->push_back(std::move(method));
    return all;
  }();
  return *methods;
}

TEST(MethodAccess, EveryMethodOfTheSchemaHasOneRow) {
  std::vector<std::string> schema;
  for (const char* service : {"tocsin.v1.EventHub", "tocsin.v1.Admin", "grpc.health.v1.Health",
                              "grpc.reflection.v1alpha.ServerReflection"}) {
    for (std::string& method : MethodsOf(service)) schema.push_back(std::move(method));
  }
  std::vector<std::string> rows;
  for (const MethodAccess& row : MethodAccessTable()) {
    rows.push_back(absl::StrCat("/", std::string(row.service), "/", std::string(row.method)));
  }
  EXPECT_THAT(rows, UnorderedElementsAreArray(schema));
}

// What a method is not open for is refused before its request is read: these are no requests.
grpc::Status CallWith(AuthHub& hub, const std::string& method,
                      const std::vector<std::string>& authorization,
                      const std::string& request = "\xff\xff\xff") {
  grpc::Status status;
  hub.hub().Call(method, request, &status, authorization);
  return status;
}

std::string ReasonOf(const grpc::Status& status) { return DetailsOf(status).info.reason(); }

TEST(HubAccess, WithoutAGoodTokenEveryMethodIsRefused) {
  AuthHub hub(absl::ZeroDuration());
  const std::string good = hub.Token(kAll);
  struct {
    const char* what;
    std::vector<std::string> authorization;
    const char* reason;
  } const cases[] = {
      {"none", {}, "UNAUTHENTICATED"},
      {"another scheme", {"Basic YTpi"}, "UNAUTHENTICATED"},
      {"no scheme", {good.substr(7)}, "UNAUTHENTICATED"},
      {"empty", {"Bearer "}, "UNAUTHORIZED"},
      {"nonsense", {"Bearer a.b.c"}, "UNAUTHORIZED"},
      {"two", {good, good}, "UNAUTHORIZED"},
      {"two in one", {good + ", " + good}, "UNAUTHORIZED"},
      {"a stranger's",
       {hub.Token(kAll, absl::Minutes(5), "ann", "another secret of more than 32 bytes")},
       "UNAUTHORIZED"},
      {"expired", {hub.Token(kAll, -absl::Seconds(2))}, "UNAUTHORIZED"},
  };
  for (const auto& each : cases) {
    for (const std::string& method : GuardedMethods()) {
      const grpc::Status status = CallWith(hub, method, each.authorization);
      EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAUTHENTICATED)
          << each.what << " " << method;
      EXPECT_EQ(ReasonOf(status), each.reason) << each.what << " " << method;
      for (const std::string& authorization : each.authorization) {
        if (authorization.size() > 20) {
          EXPECT_THAT(status.error_message(), Not(HasSubstr(authorization.substr(7, 20))));
        }
      }
    }
  }
  EXPECT_EQ(hub.Status().last_sequence(), 0u);
}

TEST(HubAccess, AGoodTokenThatMayNothingMayAskHowTheHubIs) {
  AuthHub hub;
  for (const std::string& method : GuardedMethods()) {
    const bool status_only = method == "/tocsin.v1.EventHub/GetStatus";
    const grpc::Status status =
        CallWith(hub, method, {hub.Token("{}")}, status_only ? "" : "\xff\xff\xff");
    EXPECT_EQ(status.error_code(),
              status_only ? grpc::StatusCode::OK : grpc::StatusCode::PERMISSION_DENIED)
        << method;
    if (!status_only) EXPECT_EQ(ReasonOf(status), "FORBIDDEN") << method;
  }
}

TEST(HubAccess, HalfAPermissionOpensItsHalf) {
  AuthHub hub;
  const std::string publishes = hub.Token(R"({"publish":["comment_added"]})");
  const std::string subscribes = hub.Token(R"({"subscribe":true})");
  const std::string administers = hub.Token(R"({"admin":true})");
  const auto code = [&](const char* name, const std::string& token) {
    return CallWith(hub, absl::StrCat("/tocsin.v1.EventHub/", name), {token}).error_code();
  };
  const auto forbidden = grpc::StatusCode::PERMISSION_DENIED;
  const auto read = grpc::StatusCode::INVALID_ARGUMENT;  // the request was looked at
  for (const char* name : {"SubmitAlert", "SubmitAlerts"}) {
    EXPECT_EQ(code(name, publishes), forbidden) << name;
    EXPECT_EQ(code(name, hub.Token(R"({"publish":["alert_received"]})")), read) << name;
  }
  for (const char* name : {"Publish", "PublishStream", "SubmitAlert"}) {
    EXPECT_EQ(code(name, subscribes), forbidden) << name;
    EXPECT_EQ(code(name, administers), forbidden) << name;
  }
  EXPECT_EQ(code("Publish", publishes), read);
  for (const char* name : {"Subscribe", "GetIncident", "ListIncidents", "ListEvents"}) {
    EXPECT_EQ(code(name, publishes), forbidden) << name;
    EXPECT_EQ(code(name, administers), forbidden) << name;
    EXPECT_EQ(code(name, subscribes), read) << name;
  }
  EXPECT_EQ(code("Explain", publishes), forbidden);
  EXPECT_EQ(code("Explain", subscribes), read);
  EXPECT_EQ(code("Explain", administers), read);
  for (const std::string& method : MethodsOf("tocsin.v1.Admin")) {
    EXPECT_EQ(CallWith(hub, method, {hub.Token(kAll)}).error_code(), forbidden) << method;
    EXPECT_EQ(CallWith(hub, method, {administers}).error_code(), read) << method;
  }
}

// A stream is refused before its client has sent anything.
TEST(HubAccess, AStreamIsRefusedBeforeItsFirstMessage) {
  AuthHub hub;
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
  const auto stream = hub.hub().stub().PublishStream(&context);
  v1::PublishStreamResponse response;
  EXPECT_FALSE(stream->Read(&response));
  EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::UNAUTHENTICATED);
}

TEST(HubAccess, HealthAndReflectionAskForNothing) {
  AuthHub hub;
  grpc::Status status;
  hub.hub().Call("/grpc.health.v1.Health/Check", "", &status);
  EXPECT_TRUE(status.ok()) << status.error_message();
  hub.hub().Call("/grpc.health.v1.Health/Check", "", &status, {"Bearer nonsense"});
  EXPECT_TRUE(status.ok()) << status.error_message();
  // list_services
  EXPECT_THAT(hub.hub().Call("/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
                             std::string("\x3a\x00", 2), &status),
              HasSubstr("tocsin.v1.EventHub"));
  EXPECT_TRUE(status.ok()) << status.error_message();
}

TEST(HubAccess, WithoutKeysATokenIsPassedOver) {
  TestHub hub;
  grpc::Status status;
  hub.Call("/tocsin.v1.EventHub/GetStatus", "", &status, {"Bearer nonsense", "Basic x"});
  EXPECT_TRUE(status.ok()) << status.error_message();
}

TEST(HubAccess, RefusalsAreCounted) {
  AuthHub hub;
  CallWith(hub, "/tocsin.v1.EventHub/GetStatus", {});
  CallWith(hub, "/tocsin.v1.EventHub/GetStatus", {"Bearer x"});
  hub.Status();
  const std::string metrics = hub.hub().GetOps("/metrics");
  EXPECT_THAT(metrics, HasSubstr("tocsin_auth_accepted_total 1\n"));
  EXPECT_THAT(metrics, HasSubstr("tocsin_auth_refused_total{reason=\"missing\"} 1\n"));
  EXPECT_THAT(metrics, HasSubstr("tocsin_auth_refused_total{reason=\"malformed\"} 1\n"));
  EXPECT_THAT(metrics, HasSubstr("tocsin_auth_keys 1\n"));
}

// ---- publishing ----

TEST(HubAccess, TypesThatMayNotBePublishedAreNamedAndNothingIsAppended) {
  AuthHub hub;
  const std::string token = hub.Token(R"({"publish":["incident_created"]})");
  v1::PublishRequest request;
  *request.add_events() = IncidentCreated(TestUuid(1));
  *request.add_events() = CommentOn(TestUuid(1), "hm");
  v1::PublishResponse response;
  const grpc::Status status = hub.Call(&v1::EventHub::Stub::Publish, request, response, token);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::PERMISSION_DENIED);
  EXPECT_EQ(DetailsOf(status).field(), "events[1].type");
  EXPECT_THAT(status.error_message(), HasSubstr("comment_added"));
  EXPECT_EQ(hub.Status().last_sequence(), 0u);
  request.mutable_events()->RemoveLast();
  EXPECT_TRUE(hub.Call(&v1::EventHub::Stub::Publish, request, response, token).ok());
}

TEST(HubAccess, AStreamAnswersWhatMayNotBePublishedInItsPlace) {
  AuthHub hub;
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
  context.AddMetadata("authorization", hub.Token(R"({"publish":["incident_created"]})"));
  const auto stream = hub.hub().stub().PublishStream(&context);
  for (const v1::Event& event :
       {IncidentCreated(TestUuid(1)), CommentOn(TestUuid(1), "hm"), IncidentCreated(TestUuid(2))}) {
    v1::PublishStreamRequest request;
    *request.mutable_publish()->add_events() = event;
    ASSERT_TRUE(stream->Write(request));
  }
  std::vector<std::string> reasons;
  v1::PublishStreamResponse response;
  for (int i = 0; i < 3 && stream->Read(&response); ++i)
    reasons.push_back(response.error().reason());
  EXPECT_THAT(reasons, ::testing::ElementsAre("", "FORBIDDEN", ""));
  stream->WritesDone();
  EXPECT_FALSE(stream->Read(&response));
  EXPECT_TRUE(stream->Finish().ok());
  EXPECT_EQ(hub.Status().last_sequence(), 2u);
}

TEST(HubAccess, AnAlertDoesWhatItsSenderAloneMayNot) {
  AuthHub hub;
  v1::SubmitAlertRequest request;
  request.mutable_alert()->set_title("disk full");
  request.mutable_alert()->set_source("test");
  request.mutable_alert()->set_severity(v1::SEVERITY_P1);
  v1::SubmitAlertResponse response;
  const grpc::Status status = hub.Call(&v1::EventHub::Stub::SubmitAlert, request, response,
                                       hub.Token(R"({"publish":["alert_received"]})"));
  EXPECT_TRUE(status.ok()) << status.error_message();
  EXPECT_TRUE(response.opened());
  EXPECT_EQ(hub.Status().last_sequence(), 2u);
}

// ---- the numbers of the status ----

TEST(HubAccess, NumbersAreForWhoeverSeesEverythingOrAdministers) {
  AuthHub hub;
  hub.Publish(IncidentCreated(TestUuid(1), v1::SEVERITY_P3));
  const auto subscriber = hub.Subscribe({}, hub.Token(kAll));
  subscriber->AwaitCaughtUp();
  struct {
    std::string_view permission;
    bool sees;
  } const cases[] = {{kAll, true},
                     {R"({"subscribe":true})", true},
                     {R"({"admin":true})", true},
                     {R"({"subscribe":{"severities":["P0"]},"admin":true})", true},
                     {kOnlyP0, false},
                     {R"({"publish":true})", false},
                     {"{}", false}};
  for (const auto& each : cases) {
    v1::GetStatusResponse status;
    ASSERT_TRUE(
        hub.Call(&v1::EventHub::Stub::GetStatus, {}, status, hub.Token(each.permission)).ok());
    EXPECT_EQ(status.events_held(), each.sees ? 1u : 0u) << each.permission;
    EXPECT_EQ(status.bytes_held() != 0, each.sees) << each.permission;
    EXPECT_EQ(status.subscriptions(), each.sees ? 1u : 0u) << each.permission;
    EXPECT_TRUE(status.accepts_publish());
    EXPECT_NE(status.latest(), "");
  }
}

}  // namespace
}  // namespace tocsin::hub
