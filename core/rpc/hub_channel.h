// hub_channel.h: a channel to the hub, as every client of ours opens it.
#pragma once

#include <memory>
#include <string>

namespace grpc {
class Channel;
}

namespace tocsin::rpc {

// gRPC lets channels to one address share a connection, unless told otherwise.
enum class Connection { kShared, kOwn };

// A hub that is gone without a word is noticed within 15 s. Connects when it is first used.
std::shared_ptr<grpc::Channel> MakeHubChannel(const std::string& address,
                                              Connection connection = Connection::kShared);

}  // namespace tocsin::rpc
