// grpc_server.h: the gRPC server around the services: listening, reflection, limits.
//
// Threads: the hub's main thread. gRPC has one thread of its own, for reflection, which polls
//          nothing.
// Owns:    the server; the queues it makes are handed to the shards.
// Errors:  UNAVAILABLE that names the address when it cannot be listened on.
#pragma once

#include <grpcpp/completion_queue.h>
#include <grpcpp/server.h>

#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "core/base/listen_address.h"
#include "hub/service/event_hub_rpc.h"

namespace tocsin::hub {

class GrpcServer {
 public:
  static absl::StatusOr<std::unique_ptr<GrpcServer>> Start(const ListenAddress& listen,
                                                           EventHubRpc& events, HealthRpc& health,
                                                           size_t queues);
  ~GrpcServer();

  // The address with the port that was picked.
  const ListenAddress& address() const { return address_; }
  // One for each shard; they live on after the server.
  std::vector<std::unique_ptr<grpc::ServerCompletionQueue>> TakeQueues() {
    return std::move(queues_);
  }
  // Accepts no more calls; those that have not ended after the grace period are cancelled.
  void Shutdown(absl::Duration grace);

 private:
  GrpcServer() = default;

  ListenAddress address_;
  std::vector<std::unique_ptr<grpc::ServerCompletionQueue>> queues_;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace tocsin::hub
