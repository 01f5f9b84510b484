// listener.h: accepts connections and hands them to the IoThreads in turn. Includes Asio: for .cc
// files of servers only.
//
// Shape:   accepts on the first thread, from all sockets of the port, at each wake-up all
//          connections that wait, up to a bound. A connection beyond the limits is answered with an HTTP error; if there are many of those,
//          or their descriptors are needed for the link to the hub, it is closed at once.
// Threads: Start is called before the threads start, or on the first one; Stop on any thread.
// Errors:  without free file descriptors it logs an error, pauses, and tries again.
#pragma once

#include <atomic>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <list>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/base/listen_sockets.h"
#include "core/http/connection_limits.h"
#include "core/http/io_thread.h"
#include "core/http/server_connection.h"
#include "core/http/tls_server.h"

namespace tocsin::http {

// A socket on its way to its thread. It is closed if it never arrives.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(other.Release()) {}
  ~Descriptor();
  int Release() { return std::exchange(fd_, -1); }
  size_t number() const { return static_cast<size_t>(fd_); }

 private:
  int fd_;
};

class Listener {
 public:
  struct Place {
    IoThread* io;
    Service* service;
  };

  // What a connection meets when all connections are taken: a refusal, or, with kEndIdle, the
  // connection that has been idle for longest ends for it. kEndIdle is meant for few connections on
  // one thread.
  enum class WhenFull { kRefuse, kEndIdle };
  // The sockets are TCP's. `limits`, `tls` and all `places` outlive the listener. There is at least
  // one place; their services have the same rules about proxies. `tls` null: connections are not
  // encrypted.
  Listener(ListenSockets sockets, std::vector<Place> places, ConnectionLimits& limits,
           WhenFull when_full = WhenFull::kRefuse, TlsServer* tls = nullptr);

  void Start();
  // Returns at once; the first thread then stops accepting in its next turn.
  void Stop();

 private:
  // One listening socket.
  struct Door {
    boost::asio::ip::tcp::acceptor acceptor;
    boost::asio::steady_timer pause;
  };

  void Accept(Door& door);
  void TakeWaiting(Door& door);
  void HandOver(Descriptor descriptor, const boost::asio::ip::tcp::endpoint& peer);
  void Pause(Door& door, boost::system::error_code error);

  const std::vector<Place> places_;
  ConnectionLimits& limits_;
  const WhenFull when_full_;
  TlsServer* const tls_;
  // Counts the connections that are only told that there are too many.
  ConnectionLimits refused_;
  std::list<Door> doors_;
  size_t next_ = 0;
};

}  // namespace tocsin::http
