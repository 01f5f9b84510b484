// hub_channel.h: creates the gRPC channel to the hub, for the bridge and the command line.
#pragma once

#include <memory>
#include <string>

#include "core/rpc/hub_tls.h"

namespace grpc {
class Channel;
}

namespace tocsin::rpc {

// gRPC lets channels to one address share a connection, unless told otherwise.
enum class Connection {
  kShared,
  kOwn,
  // A connection of its own for large answers that are read slowly: of each stream, no more than
  // kReadAheadBytes come before they are asked for.
  kOwnForBulk,
};

// Enough for 5 MB/s over a link with a round trip of 50 ms. Left to itself, gRPC measures the link
// and reads ahead tens of MiB a stream, none of which it gives back while nobody reads.
inline constexpr int kReadAheadBytes = 256 * 1024;

// A hub that disappears without closing the connection is noticed within 15 s. The channel connects
// when it is first used.
// With `tls`, its files are read again when they change.
std::shared_ptr<grpc::Channel> MakeHubChannel(const std::string& address,
                                              Connection connection = Connection::kShared,
                                              const HubTls& tls = {});

}  // namespace tocsin::rpc
