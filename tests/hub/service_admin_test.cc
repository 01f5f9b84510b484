// tocsin.v1.Admin on the hub's port: whom it serves, what it does, and what the log says of it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "auth_fixture.h"
#include "core/admin/admin.h"
#include "core/base/log.h"
#include "tocsin/v1/admin.grpc.pb.h"

namespace tocsin::hub {
namespace {

using ::testing::HasSubstr;

constexpr std::string_view kAdministers = R"({"admin":true})";

class HubAdmin : public ::testing::Test {
 protected:
  HubAdmin() { hub_.hub().hub().UseAdmin(&admin_); }
  ~HubAdmin() override {
    hub_.hub().hub().UseAdmin(nullptr);
    StartLog(LogLevel::kInfo, LogFormat::kText);
  }

  // `token`: none where it is empty.
  template <class Request, class Response>
  static grpc::Status Ask(TestHub& hub,
                          grpc::Status (v1::Admin::Stub::*method)(grpc::ClientContext*,
                                                                  const Request&, Response*),
                          const Request& request, Response& response, const std::string& token) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
    if (!token.empty()) context.AddMetadata("authorization", token);
    return (*v1::Admin::NewStub(hub.channel()).*method)(&context, request, &response);
  }
  template <class Request, class Response>
  grpc::Status Ask(grpc::Status (v1::Admin::Stub::*method)(grpc::ClientContext*, const Request&,
                                                           Response*),
                   const Request& request, Response& response) {
    return Ask(hub_.hub(), method, request, response,
               hub_.Token(kAdministers, absl::Minutes(5), "opal"));
  }

  AuthHub hub_;
  int drains_ = 0;
  absl::StatusOr<Options::Changes> reload_ = Options::Changes{.changed = {"log-level"}};
  Admin admin_{hub_.hub().hub().served(),
               {.drain = [this] { ++drains_; }, .reload = [this] { return reload_; }},
               Clock::Real()};
};

TEST_F(HubAdmin, ListsAndKicksWhomItIsTold) {
  const auto stream = hub_.Subscribe({}, hub_.Token(kAll, absl::Minutes(5), "bob"));
  stream->AwaitCaughtUp();
  v1::ListConnectionsResponse listed;
  ASSERT_TRUE(Ask(&v1::Admin::Stub::ListConnections, v1::ListConnectionsRequest(), listed).ok());
  ASSERT_EQ(listed.connections_size(), 1);
  EXPECT_EQ(listed.connections(0).subject(), "bob");
  EXPECT_EQ(listed.connections(0).transport(), "grpc");
  v1::KickRequest kick;
  kick.set_subject("bob");
  kick.set_reason("moving house");
  v1::KickResponse kicked;
  ::testing::internal::CaptureStderr();
  StartLog(LogLevel::kError, LogFormat::kText);
  const grpc::Status status = Ask(&v1::Admin::Stub::Kick, kick, kicked);
  const std::string log = ::testing::internal::GetCapturedStderr();
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(kicked.kicked(), 1u);
  EXPECT_THAT(log, HasSubstr("admin did=kick by=\"subject opal of here, 127.0.0.1\""));
  const grpc::Status ended = stream->Finish();
  EXPECT_EQ(ended.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_THAT(ended.error_message(), HasSubstr("closed by an operator: moving house"));
  v1::ListClosedResponse closed;
  ASSERT_TRUE(Ask(&v1::Admin::Stub::ListClosed, v1::ListClosedRequest(), closed).ok());
  EXPECT_EQ(closed.connections_size(), 1);
}

TEST_F(HubAdmin, EachMethodDoesWhatItDoesOnTheSocket) {
  v1::ReloadResponse reloaded;
  ASSERT_TRUE(Ask(&v1::Admin::Stub::Reload, v1::ReloadRequest(), reloaded).ok());
  EXPECT_THAT(reloaded.changed(), ::testing::ElementsAre("log-level"));
  v1::SetLogLevelRequest level;
  level.set_level(v1::LOG_LEVEL_WARNING);
  v1::SetLogLevelResponse previous;
  ASSERT_TRUE(Ask(&v1::Admin::Stub::SetLogLevel, level, previous).ok());
  EXPECT_EQ(previous.previous(), v1::LOG_LEVEL_INFO);
  v1::GetLogLevelResponse now;
  ASSERT_TRUE(Ask(&v1::Admin::Stub::GetLogLevel, v1::GetLogLevelRequest(), now).ok());
  EXPECT_EQ(now.level(), v1::LOG_LEVEL_WARNING);
  v1::DrainResponse drained;
  ASSERT_TRUE(Ask(&v1::Admin::Stub::Drain, v1::DrainRequest(), drained).ok());
  EXPECT_EQ(drains_, 1);
  v1::KickResponse kicked;
  const grpc::Status wrong = Ask(&v1::Admin::Stub::Kick, v1::KickRequest(), kicked);
  EXPECT_EQ(wrong.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(DetailsOf(wrong).field(), "id");
}

TEST_F(HubAdmin, WhoMayNotAdministerChangesNothing) {
  v1::DrainResponse response;
  for (const auto& [token, code] :
       {std::pair(std::string(), grpc::StatusCode::UNAUTHENTICATED),
        std::pair(hub_.Token(kAll), grpc::StatusCode::PERMISSION_DENIED),
        std::pair(hub_.Token(R"({"admin":false})"), grpc::StatusCode::PERMISSION_DENIED)}) {
    EXPECT_EQ(
        Ask(hub_.hub(), &v1::Admin::Stub::Drain, v1::DrainRequest(), response, token).error_code(),
        code)
        << token;
  }
  EXPECT_EQ(drains_, 0);
}

TEST_F(HubAdmin, ThereIsNoneBeforeTheProgramHasStartedAndAfterItsEnd) {
  hub_.hub().hub().UseAdmin(nullptr);
  v1::GetLogLevelResponse response;
  const grpc::Status status =
      Ask(&v1::Admin::Stub::GetLogLevel, v1::GetLogLevelRequest(), response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_GT(DetailsOf(status).retry.retry_delay().seconds(), 0);
}

// Where nobody shows a token, whoever reaches the port is nobody.
TEST_F(HubAdmin, WithoutAuthenticationItIsNotServedAndSaysWhereItIs) {
  TestHub open;
  Admin admin(open.hub().served(), {.drain = [this] { ++drains_; }, .reload = nullptr},
              Clock::Real());
  open.hub().UseAdmin(&admin);
  v1::DrainResponse response;
  for (const std::string& token : {std::string(), hub_.Token(kAdministers)}) {
    const grpc::Status status =
        Ask(open, &v1::Admin::Stub::Drain, v1::DrainRequest(), response, token);
    EXPECT_EQ(status.error_code(), grpc::StatusCode::PERMISSION_DENIED);
    EXPECT_THAT(status.error_message(), HasSubstr("--admin-socket"));
  }
  EXPECT_EQ(drains_, 0);
  open.hub().UseAdmin(nullptr);
  const std::string list_services("\x3a\x00", 2);
  constexpr char kReflect[] = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo";
  EXPECT_THAT(open.Call(kReflect, list_services), ::testing::Not(HasSubstr("tocsin.v1.Admin")));
  EXPECT_THAT(hub_.hub().Call(kReflect, list_services), HasSubstr("tocsin.v1.Admin"));
}

}  // namespace
}  // namespace tocsin::hub
