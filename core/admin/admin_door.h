// admin_door.h: the Unix socket on which Admin is served: accepts, and tells who has come.
//
// Shape:   the socket's file may be opened by its owner alone, so who comes is this user or root.
//          The kernel says which process it was; gRPC knows a connection by its descriptor.
// Threads: Start, Stop and the destructor on one; PeerOf from any; `take` is called on its own.
// Owns:    the listening socket and its file, and a connection until `take` has it.
// Bounds:  a connection takes one of the descriptors that descriptors.h leaves for others than
//          clients; without one it is closed. What is known of peers: an entry a descriptor.
// Errors:  told in the log, once in a while.
#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <thread>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "core/base/listen_sockets.h"
#include "core/base/mutex.h"

namespace tocsin {

class AdminDoor {
 public:
  // `take` gets the descriptor of a connection, and owns it from then on.
  AdminDoor(ListenSockets sockets, std::function<void(int)> take);
  ~AdminDoor();
  AdminDoor(const AdminDoor&) = delete;
  AdminDoor& operator=(const AdminDoor&) = delete;

  void Start();
  // `take` is not called any more. May be called twice.
  void Stop();
  // "unix socket, uid 1000, pid 4711" for a connection's descriptor.
  std::string PeerOf(int connection) const;

 private:
  struct Peer {
    unsigned uid;
    int pid;
  };

  void Run();
  void TakeWaiting();
  void Take(int connection);

  ListenSockets sockets_;
  const std::function<void(int)> take_;
  const int wake_;  // an eventfd
  std::atomic<bool> stopping_{false};
  mutable Mutex mutex_;
  absl::flat_hash_map<int, Peer> peers_ ABSL_GUARDED_BY(mutex_);
  std::thread thread_;
};

}  // namespace tocsin
