// acceptor.h: accepts the connections of gRPC clients and hands them over.
//
// Shape:   gRPC 1.51 stops accepting for good once accept fails for want of a descriptor
//          (CVE-2023-4785), and keeps a silent connection without limit. So this thread accepts, and
//          gives gRPC the sockets. What is to be known of a peer before gRPC reads from it is
//          looked at here.
// Threads: Start, Stop and the destructor on one; refused from any. `take` is called on its own.
// Owns:    the listening sockets, and a connection until `take` has it.
// Bounds:  a connection's descriptor is below `most` and leaves what descriptors.h keeps for all
//          else; one more is closed at once, and counted. Without free descriptors it waits.
// Errors:  told in the log, once in a while.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <thread>

#include "core/base/listen_sockets.h"

namespace tocsin::hub {

class Acceptor {
 public:
  // `take` gets the descriptor of a connection, and owns it from then on.
  Acceptor(ListenSockets sockets, size_t most, std::function<void(int)> take);
  ~Acceptor();
  Acceptor(const Acceptor&) = delete;
  Acceptor& operator=(const Acceptor&) = delete;

  const ListenAddress& address() const { return sockets_.address(); }
  void Start();
  // Closes the listening sockets. `take` is not called any more. May be called twice.
  void Stop();
  // Connections that were closed because there were too many.
  uint64_t refused() const { return refused_.load(std::memory_order_relaxed); }

 private:
  void Run();
  // False when there are no descriptors left.
  bool TakeWaiting(int listener);
  void Take(int connection);
  void Refuse(int connection);
  bool stopping() const { return stopping_.load(); }
  // Until a connection waits, or Stop.
  void Wait(bool for_connections);

  ListenSockets sockets_;
  const size_t most_;
  const std::function<void(int)> take_;
  const int wake_;  // an eventfd
  std::atomic<bool> stopping_{false};
  std::atomic<uint64_t> refused_{0};
  std::thread thread_;
};

}  // namespace tocsin::hub
