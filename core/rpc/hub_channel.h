// hub_channel.h: creates the gRPC channel to the hub, for the bridge and the command line.
#pragma once

#include <memory>
#include <string>

namespace grpc {
class Channel;
}

namespace tocsin::rpc {

// gRPC lets channels to one address share a connection, unless told otherwise.
enum class Connection { kShared, kOwn };

// A hub that disappears without closing the connection is noticed within 15 s. The channel connects
// when it is first used.
std::shared_ptr<grpc::Channel> MakeHubChannel(const std::string& address,
                                              Connection connection = Connection::kShared);

}  // namespace tocsin::rpc
