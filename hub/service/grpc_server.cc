#include "hub/service/grpc_server.h"

#include <grpc/grpc.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server_builder.h>

#include <chrono>

#include "absl/status/status.h"
#include "core/base/status_macros.h"
#include "core/event/limits.h"
#include "hub/service/peer_address.h"
#include "hub/service/tls_credentials.h"

namespace tocsin::hub {
namespace {

using TakeParameters = grpc::experimental::ExternalConnectionAcceptor::NewConnectionParameters;

// A little more than the largest publish, so that one that is slightly too large gets our own error,
// which names the field.
constexpr size_t kMaxMessageBytes = limits::kPublishBytes + limits::kMiB;

void SetLimits(grpc::ServerBuilder& builder) {
  builder.SetMaxReceiveMessageSize(static_cast<int>(kMaxMessageBytes));
  // A client's connection begins with HTTP/2's preface and settings, which it sends by itself.
  builder.AddChannelArgument(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, 10'000);
  // One without calls is closed, and its client opens another when it has a call again.
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_IDLE_MS, 300'000);
  // Pings find a client that disappeared without closing. Clients themselves may ping every 10 s,
  // with calls under way or without.
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, 30'000);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 10'000);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 10'000);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  // Compression and channelz are not used; without them a write and a connection cost less
  // (docs/benchmarks.md).
  builder.AddChannelArgument(GRPC_ARG_ENABLE_PER_MESSAGE_COMPRESSION, 0);
  builder.AddChannelArgument(GRPC_ARG_ENABLE_CHANNELZ, 0);
  // gRPC inflates a message whole before it looks at its size. One that says it is compressed is
  // refused with UNIMPLEMENTED before anything of it is read.
  builder.SetCompressionAlgorithmSupportStatus(GRPC_COMPRESS_GZIP, false);
  builder.SetCompressionAlgorithmSupportStatus(GRPC_COMPRESS_DEFLATE, false);
}

}  // namespace

absl::StatusOr<std::unique_ptr<GrpcServer>> GrpcServer::Start(
    const ListenAddress& listen, const std::vector<RawService*>& services, size_t queues,
    const AcceptorBounds& bounds, tls::CertificateWatch* certificates) {
  ASSIGN_OR_RETURN(ListenSockets sockets, ListenSockets::Open(listen));
  grpc::ServerBuilder builder;
  SetLimits(builder);
  for (RawService* const service : services) {
    builder.RegisterService(service);
  }
  auto made = std::unique_ptr<GrpcServer>(new GrpcServer());
  using Experimental = grpc::ServerBuilder::experimental_type;
  made->taker_ = builder.experimental().AddExternalConnectionAcceptor(
      Experimental::ExternalConnectionType::FROM_FD, MakeServerCredentials(certificates));
  for (size_t i = 0; i < queues; ++i) {
    made->queues_.push_back(builder.AddCompletionQueue());
  }
  made->server_ = builder.BuildAndStart();
  if (made->server_ == nullptr) {
    return absl::InternalError("gRPC's server cannot be started; its log says why");
  }
  made->acceptor_ = std::make_unique<Acceptor>(std::move(sockets), bounds,
                                               [&taker = *made->taker_](int connection) {
                                                 TakeParameters taken;
                                                 taken.fd = connection;
                                                 taker.HandleNewConnection(&taken);
                                               });
  made->acceptor_->Start();
  return made;
}

GrpcServer::~GrpcServer() {
  if (acceptor_ != nullptr) {
    acceptor_->Stop();
  }
  if (server_ != nullptr) {
    server_->Shutdown(std::chrono::system_clock::now());
  }
  for (const auto& queue : queues_) {
    queue->Shutdown();
    void* tag = nullptr;
    bool ok = false;
    while (queue->Next(&tag, &ok)) {
    }
  }
}

void GrpcServer::Drop(std::string_view peer) {
  if (const auto address = ParsePeer(peer)) {
    acceptor_->Drop(*address);
  }
}

void GrpcServer::Shutdown(absl::Duration grace) {
  acceptor_->Stop();  // gRPC does not close what it is given after its end
  server_->Shutdown(std::chrono::system_clock::now() + absl::ToChronoMilliseconds(grace));
}

}  // namespace tocsin::hub
