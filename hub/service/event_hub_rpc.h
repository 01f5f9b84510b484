// event_hub_rpc.h: the services' methods as the hub serves them: raw, on completion queues.
//
// Shape:   every method is a Call of a HubShard: a thread polls its queue and serves what comes,
//          and no other thread of gRPC's polls at all. Requests are parsed into messages of ours,
//          from which events are moved, and one that does not parse is answered with our own error.
//          gRPC is told that every method streams both ways, which is the same on the wire. It would
//          keep a call with one request to itself until that has come whole, for ever if need be; so
//          it hands the call over as it begins, and when to read is ours (arrivals.h).
// Threads: made before the server; Request from any.
// Source:  docs/adr/0006-threads.md
#pragma once

#include <grpcpp/impl/service_type.h>
#include <grpcpp/support/async_stream.h>
#include <grpcpp/support/byte_buffer.h>

#include <deque>
#include <string>
#include <string_view>

#include "absl/container/flat_hash_map.h"

namespace tocsin::hub {

using RpcStream = grpc::ServerAsyncReaderWriter<grpc::ByteBuffer, grpc::ByteBuffer>;

class RawService : public grpc::Service {
 public:
  // All methods that the schema has of the service.
  explicit RawService(std::string full_name);

  const std::string& full_name() const { return full_name_; }

  // Asks gRPC for the next call of a method: its name in the schema, without the service's.
  void Request(std::string_view method, grpc::ServerContext& context, RpcStream& stream,
               grpc::ServerCompletionQueue& queue, void* tag);

 private:
  const std::string full_name_;
  std::deque<std::string> paths_;  // gRPC keeps no copies
  absl::flat_hash_map<std::string, int> methods_;
};

}  // namespace tocsin::hub
