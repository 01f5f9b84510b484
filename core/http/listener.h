// listener.h: takes connections in and hands them to the IoThreads in turn. Includes Asio: for .cc
// files of servers.
//
// Shape:   accepts on the first thread, all that wait up to a bound each time it is woken. One that
//          is too many is answered by HTTP; when even those are many, closed.
// Threads: Start before the threads start or on the first one; Stop from any.
// Errors:  out of file descriptors: waits, says so, goes on.
#pragma once

#include <atomic>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/http/connection_limits.h"
#include "core/http/io_thread.h"
#include "core/http/server_connection.h"

namespace tocsin::http {

// A socket on its way to a thread: closed if it never arrives.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(other.Release()) {}
  ~Descriptor();
  int Release() { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

class Listener {
 public:
  struct Place {
    IoThread* io;
    Service* service;
  };

  // All of it outlives the listener; `places` is not empty. The acceptor is of the first one's
  // io_context.
  // kEndIdle: where all connections are taken, one that is idle gives way. For few connections on
  // one thread.
  enum class WhenFull { kRefuse, kEndIdle };
  Listener(boost::asio::ip::tcp::acceptor acceptor, std::vector<Place> places,
           ConnectionLimits& limits, WhenFull when_full = WhenFull::kRefuse);

  void Start() { Accept(); }
  // Nothing is accepted after it has returned and the first thread has had a turn.
  void Stop();

 private:
  void Accept();
  void TakeWaiting();
  void HandOver(Descriptor descriptor, const boost::asio::ip::tcp::endpoint& peer);
  void Pause(boost::system::error_code error);

  boost::asio::ip::tcp::acceptor acceptor_;
  const std::vector<Place> places_;
  ConnectionLimits& limits_;
  const WhenFull when_full_;
  // Connections that are only to be told that they are too many.
  ConnectionLimits refused_;
  boost::asio::steady_timer pause_;
  size_t next_ = 0;
};

}  // namespace tocsin::http
