// grpc_server.h: the gRPC server around the services: listening, limits.
//
// Threads: the hub's main thread. The acceptor has one of its own.
// Owns:    the server; the queues it makes are handed to the shards.
// Errors:  as ListenSockets, when the address cannot be listened on.
#pragma once

#include <grpcpp/completion_queue.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <memory>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "core/base/listen_address.h"
#include "core/tls/certificate_watch.h"
#include "hub/service/acceptor.h"
#include "hub/service/event_hub_rpc.h"

namespace tocsin::hub {

class GrpcServer {
 public:
  // `certificates` outlives the server; null: connections are not encrypted.
  static absl::StatusOr<std::unique_ptr<GrpcServer>> Start(const ListenAddress& listen,
                                                           const std::vector<RawService*>& services,
                                                           size_t queues,
                                                           const AcceptorBounds& bounds,
                                                           tls::CertificateWatch* certificates);
  ~GrpcServer();

  // The address with the port that was picked.
  const ListenAddress& address() const { return acceptor_->address(); }
  Acceptor::Refused refused() const { return acceptor_->refused(); }
  // Ends the connection that gRPC calls so.
  void Drop(std::string_view peer);
  // One for each shard; they live on after the server.
  std::vector<std::unique_ptr<grpc::ServerCompletionQueue>> TakeQueues() {
    return std::move(queues_);
  }
  // Accepts no more calls; those that have not ended after the grace period are cancelled.
  void Shutdown(absl::Duration grace);

 private:
  GrpcServer() = default;

  std::vector<std::unique_ptr<grpc::ServerCompletionQueue>> queues_;
  std::unique_ptr<grpc::experimental::ExternalConnectionAcceptor> taker_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<Acceptor> acceptor_;
};

}  // namespace tocsin::hub
