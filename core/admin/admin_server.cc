#include "core/admin/admin_server.h"

#include <grpc/grpc.h>
#include <grpcpp/resource_quota.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <grpcpp/server_posix.h>
#include <sys/un.h>

#include <charconv>
#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/admin/admin_door.h"
#include "core/base/status_macros.h"
#include "core/event/limits.h"
#include "core/rpc/grpc_status.h"
#include "tocsin/v1/admin.grpc.pb.h"

namespace tocsin {
namespace {

// An operator and a script or two. gRPC needs a thread for each call, and one that waits for calls.
constexpr int kMaxThreads = 6;
constexpr int kMaxStreams = 4;  // of one connection
// Requests are a few names.
constexpr int kMaxRequestBytes = static_cast<int>(64 * limits::kKiB);
// A connection without calls is closed after so long, and one that begins with silence, too.
constexpr int kIdleMillis = 60'000;
constexpr int kHandshakeMillis = 10'000;
// A call waits at most about kShardAnswersWithin for others.
constexpr auto kStopGrace = std::chrono::seconds(3);

constexpr std::string_view kDescriptorPrefix = "fd:";

// gRPC names a connection that it was given by its descriptor.
int DescriptorOf(std::string_view peer) {
  int descriptor = -1;
  const size_t at = peer.find(kDescriptorPrefix);
  if (at != std::string_view::npos) {
    std::from_chars(peer.data() + at + kDescriptorPrefix.size(), peer.data() + peer.size(),
                    descriptor);
  }
  return descriptor;
}

}  // namespace

class AdminServer::Impl final : public v1::Admin::Service {
 public:
  explicit Impl(Admin& admin) : admin_(admin) {}

  ~Impl() override {
    if (door_ != nullptr) {
      door_->Stop();
    }
    if (server_ != nullptr) {
      server_->Shutdown(std::chrono::system_clock::now() + kStopGrace);
    }
  }

  absl::Status Serve(ListenSockets sockets) {
    grpc::ServerBuilder builder;
    builder.RegisterService(this);
    builder.SetMaxReceiveMessageSize(kMaxRequestBytes);
    builder.SetResourceQuota(grpc::ResourceQuota("admin").SetMaxThreads(kMaxThreads));
    builder.SetSyncServerOption(grpc::ServerBuilder::NUM_CQS, 1);
    builder.SetSyncServerOption(grpc::ServerBuilder::MIN_POLLERS, 1);
    builder.SetSyncServerOption(grpc::ServerBuilder::MAX_POLLERS, 1);
    builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, kMaxStreams);
    builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_IDLE_MS, kIdleMillis);
    builder.AddChannelArgument(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, kHandshakeMillis);
    builder.SetCompressionAlgorithmSupportStatus(GRPC_COMPRESS_GZIP, false);
    builder.SetCompressionAlgorithmSupportStatus(GRPC_COMPRESS_DEFLATE, false);
    server_ = builder.BuildAndStart();
    if (server_ == nullptr) {
      return absl::InternalError("gRPC's server for the admin socket cannot be started");
    }
    door_ = std::make_unique<AdminDoor>(std::move(sockets), [this](int connection) {
      grpc::AddInsecureChannelFromFd(server_.get(), connection);
    });
    door_->Start();
    return absl::OkStatus();
  }

  grpc::Status ListConnections(grpc::ServerContext*, const v1::ListConnectionsRequest* request,
                               v1::ListConnectionsResponse* response) override {
    return Answer(admin_.ListConnections(*request), response);
  }
  grpc::Status ListClosed(grpc::ServerContext*, const v1::ListClosedRequest* request,
                          v1::ListClosedResponse* response) override {
    return Answer(admin_.ListClosed(*request), response);
  }
  grpc::Status Kick(grpc::ServerContext* context, const v1::KickRequest* request,
                    v1::KickResponse* response) override {
    return Answer(admin_.Kick(By(*context), *request), response);
  }
  grpc::Status Drain(grpc::ServerContext* context, const v1::DrainRequest*,
                     v1::DrainResponse* response) override {
    return Answer(admin_.Drain(By(*context)), response);
  }
  grpc::Status Reload(grpc::ServerContext* context, const v1::ReloadRequest*,
                      v1::ReloadResponse* response) override {
    return Answer(admin_.Reload(By(*context)), response);
  }
  grpc::Status SetLogLevel(grpc::ServerContext* context, const v1::SetLogLevelRequest* request,
                           v1::SetLogLevelResponse* response) override {
    return Answer(admin_.SetLogLevel(By(*context), *request), response);
  }
  grpc::Status GetLogLevel(grpc::ServerContext*, const v1::GetLogLevelRequest*,
                           v1::GetLogLevelResponse* response) override {
    *response = admin_.GetLogLevel();
    return grpc::Status::OK;
  }

 private:
  template <class Response>
  static grpc::Status Answer(absl::StatusOr<Response> outcome, Response* response) {
    if (!outcome.ok()) {
      return rpc::ToGrpcStatus(outcome.status());
    }
    response->Swap(&*outcome);
    return grpc::Status::OK;
  }

  std::string By(const grpc::ServerContext& context) const {
    return door_->PeerOf(DescriptorOf(context.peer()));
  }

  Admin& admin_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<AdminDoor> door_;
};

AdminServer::AdminServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
AdminServer::~AdminServer() = default;

absl::StatusOr<std::unique_ptr<AdminServer>> AdminServer::Start(const std::string& path,
                                                                Admin& admin) {
  ListenAddress address;
  address.unix_path = path;
  ASSIGN_OR_RETURN(ListenSockets sockets,
                   ListenSockets::Open(address, ListenSockets::WhoMayOpen::kOwner));
  auto impl = std::make_unique<Impl>(admin);
  RETURN_IF_ERROR(impl->Serve(std::move(sockets)));
  return std::unique_ptr<AdminServer>(new AdminServer(std::move(impl)));
}

absl::Status CheckSocketPath(const std::string& path, std::string_view flag) {
  constexpr size_t kMost = sizeof(sockaddr_un::sun_path) - 1;
  return path.size() <= kMost
             ? absl::OkStatus()
             : absl::InvalidArgumentError(
                   absl::StrCat(std::string(flag), ": the path of a Unix socket may have at most ",
                                kMost, " bytes; this one has ", path.size()));
}

}  // namespace tocsin
