#include "core/admin/admin_server.h"

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "core/base/log.h"
#include "core/rpc/hub_error.h"
#include "tocsin/v1/admin.grpc.pb.h"

namespace tocsin {
namespace {

using ::testing::HasSubstr;

class AdminServerTest : public ::testing::Test {
 protected:
  AdminServerTest() {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directory(folder_);
  }
  ~AdminServerTest() override {
    std::filesystem::remove_all(folder_);
    StartLog(LogLevel::kInfo, LogFormat::kText);
  }

  std::unique_ptr<v1::Admin::Stub> Stub() const {
    return v1::Admin::NewStub(
        grpc::CreateChannel("unix:" + path_, grpc::InsecureChannelCredentials()));
  }

  const std::string folder_ = absl::StrCat(testing::TempDir(), "tocsin_admin_", getpid());
  const std::string path_ = folder_ + "/admin.sock";
  Admin admin_{{}, {.drain = [] {}, .reload = [] { return Options::Changes(); }}, Clock::Real()};
};

TEST_F(AdminServerTest, AnswersOnASocketThatOnlyItsOwnerMayOpenAndRemovesIt) {
  const mode_t before = umask(0);
  auto server = AdminServer::Start(path_, admin_);
  umask(before);
  ASSERT_TRUE(server.ok()) << server.status();
  struct stat found = {};
  ASSERT_EQ(stat(path_.c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 07777, 0600u);
  grpc::ClientContext context;
  v1::GetLogLevelResponse response;
  const grpc::Status status = Stub()->GetLogLevel(&context, {}, &response);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(response.level(), v1::LOG_LEVEL_INFO);
  server->reset();
  EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(AdminServerTest, TheLogSaysWhichProcessChangedSomething) {
  auto server = AdminServer::Start(path_, admin_);
  ASSERT_TRUE(server.ok()) << server.status();
  ::testing::internal::CaptureStderr();
  StartLog(LogLevel::kInfo, LogFormat::kText);
  grpc::ClientContext context;
  v1::SetLogLevelRequest request;
  request.set_level(v1::LOG_LEVEL_WARNING);
  v1::SetLogLevelResponse response;
  const grpc::Status status = Stub()->SetLogLevel(&context, request, &response);
  const std::string lines = ::testing::internal::GetCapturedStderr();
  EXPECT_TRUE(status.ok()) << status.error_message();
  EXPECT_THAT(lines, HasSubstr(absl::StrCat("unix socket, uid ", getuid(), ", pid ", getpid())));
}

TEST_F(AdminServerTest, AnErrorOfTheTableIsAStatusWithItsDetails) {
  auto server = AdminServer::Start(path_, admin_);
  ASSERT_TRUE(server.ok()) << server.status();
  grpc::ClientContext context;
  v1::KickResponse response;
  const grpc::Status status = Stub()->Kick(&context, {}, &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(rpc::ReadHubError(status).details.field, "id");
}

TEST_F(AdminServerTest, APathOnWhichSomebodyListensStaysTheirs) {
  auto first = AdminServer::Start(path_, admin_);
  ASSERT_TRUE(first.ok()) << first.status();
  const auto second = AdminServer::Start(path_, admin_);
  EXPECT_EQ(second.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(second.status().message()), HasSubstr(path_));
  grpc::ClientContext context;
  v1::GetLogLevelResponse response;
  EXPECT_TRUE(Stub()->GetLogLevel(&context, {}, &response).ok());
}

TEST_F(AdminServerTest, ManyConnectionsOneAfterTheOtherAreServed) {
  auto server = AdminServer::Start(path_, admin_);
  ASSERT_TRUE(server.ok()) << server.status();
  for (int i = 0; i < 50; ++i) {
    grpc::ChannelArguments own;
    own.SetInt("tocsin.number", i);  // another channel, not the one before
    const auto stub = v1::Admin::NewStub(
        grpc::CreateCustomChannel("unix:" + path_, grpc::InsecureChannelCredentials(), own));
    grpc::ClientContext context;
    v1::GetLogLevelResponse response;
    const grpc::Status status = stub->GetLogLevel(&context, {}, &response);
    ASSERT_TRUE(status.ok()) << i << ": " << status.error_message();
  }
}

TEST(CheckSocketPathTest, ALongPathIsRefusedByTheFlagsName) {
  EXPECT_TRUE(CheckSocketPath("", "--admin-socket").ok());
  EXPECT_TRUE(CheckSocketPath(std::string(107, 'a'), "--admin-socket").ok());
  const absl::Status wrong = CheckSocketPath(std::string(108, 'a'), "--admin-socket");
  EXPECT_THAT(std::string(wrong.message()), HasSubstr("--admin-socket"));
  EXPECT_THAT(std::string(wrong.message()), HasSubstr("107"));
}

}  // namespace
}  // namespace tocsin
