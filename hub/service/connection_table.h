// connection_table.h: the connections that were given to gRPC, counted for their addresses.
//
// Shape:   gRPC closes a connection without telling. But a socket has a number that no other socket
//          ever has (SO_COOKIE): a descriptor that has another one now was closed. So an address
//          that seems to have all of its connections is counted again, and only then.
// Threads: the acceptor's.
// Owns:    the counts, no descriptor.
// Bounds:  an entry for each descriptor that a connection has had.
// Source:  socket(7).
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "core/base/cidr.h"
#include "core/base/ip_address.h"
#include "hub/service/peer_address.h"

namespace tocsin::hub {

class ConnectionTable {
 public:
  // Connections over loopback and from `exempt` (proxies) are not counted.
  ConnectionTable(size_t most_per_address, CidrList exempt)
      : most_(most_per_address), exempt_(std::move(exempt)) {}

  // False when the address has as many already: the caller closes the connection.
  bool Add(int connection, const PeerAddress& peer);
  // Ends a connection that gRPC has: to gRPC it looks as if the peer had. False when it has gone.
  bool Shut(const PeerAddress& peer);
  // Those of the address that were not seen to be closed.
  size_t CountOf(const IpAddress& address) const;

 private:
  struct Entry {
    uint64_t cookie = 0;  // 0: none
    PeerAddress peer = {};
    bool counted = false;
  };

  void Forget(int connection);
  void ForgetClosed(const AddressKey& key);

  const size_t most_;
  const CidrList exempt_;
  std::vector<Entry> entries_;  // by descriptor
  absl::flat_hash_map<AddressKey, std::vector<int>> by_address_;
};

}  // namespace tocsin::hub
