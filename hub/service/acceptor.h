// acceptor.h: accepts the connections of gRPC clients and hands them over.
//
// Shape:   gRPC 1.51 stops accepting for good once accept fails for want of a descriptor
//          (CVE-2023-4785), and keeps a silent connection without limit. So this thread accepts, and
//          gives gRPC the sockets. What is to be known of a peer before gRPC reads from it is
//          looked at here.
// Threads: Start, Stop and the destructor on one; refused from any. `take` is called on its own.
// Owns:    the listening sockets, and a connection until `take` has it.
// Bounds:  a connection's descriptor is below AcceptorBounds::connections and leaves what
//          descriptors.h keeps for all else; an address (an IPv6 /64 is one) has so many at a time,
//          and may open so many a second. One more is closed at once, before anything of it is read,
//          and counted. Loopback and proxies are bound by the first alone. Without free descriptors
//          it waits.
// Errors:  told in the log, once in a while.
#pragma once

#include <sys/socket.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <thread>
#include <vector>

#include "core/base/address_rates.h"
#include "core/base/listen_sockets.h"
#include "core/base/mutex.h"
#include "hub/service/connection_table.h"

namespace tocsin::hub {

struct AcceptorBounds {
  // Opened by one address: what a peer can do on a connection before it is closed, and what a
  // handshake of TLS costs (a millisecond), it can do so often. A process of clients opens a
  // connection or two, again when the hub comes back.
  static constexpr double kOpensPerSecond = 20;
  static constexpr double kOpensAtOnce = 200;
  // How long an address may open none after one of its connections was dropped.
  static constexpr absl::Duration kBannedFor = absl::Seconds(10);

  size_t connections = 0;
  size_t per_address = 0;
  CidrList exempt = {};  // proxies
};

class Acceptor {
 public:
  // Connections that were closed as they came, by why.
  struct Refused {
    uint64_t full = 0;
    uint64_t address = 0;
    uint64_t rate = 0;
    uint64_t banned = 0;
    uint64_t all() const { return full + address + rate + banned; }
  };

  // `take` gets the descriptor of a connection, and owns it from then on.
  Acceptor(ListenSockets sockets, const AcceptorBounds& bounds, std::function<void(int)> take);
  ~Acceptor();
  Acceptor(const Acceptor&) = delete;
  Acceptor& operator=(const Acceptor&) = delete;

  const ListenAddress& address() const { return sockets_.address(); }
  void Start();
  // From any thread: ends that connection, and lets its address, if it is another machine's and no
  // proxy, open none for a while.
  void Drop(const PeerAddress& peer);
  // Closes the listening sockets. `take` is not called any more. May be called twice.
  void Stop();
  Refused refused() const;

 private:
  // More are forgotten: who goes on is told again.
  static constexpr size_t kMaxDrops = 1'000;

  void Run();
  void Wake();
  void DropAsked();
  // False when there are no descriptors left.
  bool TakeWaiting(int listener);
  void Take(int connection, const sockaddr_storage& address);
  // What bounds the connection; null: it is let in.
  std::atomic<uint64_t>* Refusal(int connection, const PeerAddress& peer);
  void Refuse(int connection, const IpAddress& address);
  bool stopping() const { return stopping_.load(); }
  // Until a connection waits, or Stop.
  void Wait(bool for_connections);

  ListenSockets sockets_;
  const size_t most_;
  const std::function<void(int)> take_;
  ConnectionTable connections_;  // the thread's
  AddressRates opens_;
  AddressRates bans_;
  Mutex mutex_;
  std::vector<PeerAddress> drops_ ABSL_GUARDED_BY(mutex_);  // asked for; kMaxDrops at most
  const int wake_;                                          // an eventfd
  std::atomic<bool> stopping_{false};
  std::atomic<uint64_t> full_{0};
  std::atomic<uint64_t> address_{0};
  std::atomic<uint64_t> rate_{0};
  std::atomic<uint64_t> banned_{0};
  std::thread thread_;
};

}  // namespace tocsin::hub
