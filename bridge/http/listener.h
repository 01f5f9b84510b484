// listener.h: takes connections in and hands them to the workers in turn.
//
// Shape:   accepts on the first worker's thread, all that wait up to a bound each time it is woken.
//          One that is too many is answered by HTTP; when even those are many, closed.
// Threads: Start before the workers start or on the first one's thread; Stop from any.
// Errors:  out of file descriptors: waits, says so, goes on.
#pragma once

#include <atomic>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "bridge/connection_limits.h"
#include "bridge/http/routes.h"
#include "bridge/worker.h"

namespace tocsin::bridge {

// A socket on its way to a worker: closed if it never arrives.
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
  Listener(boost::asio::ip::tcp::acceptor acceptor, std::vector<std::unique_ptr<Worker>>& workers,
           const Routes& routes, ConnectionLimits& limits);

  void Start() { Accept(); }
  // Nothing is accepted after it has returned and the first worker has had a turn.
  void Stop();

 private:
  void Accept();
  void TakeWaiting();
  void HandOver(Descriptor descriptor, const boost::asio::ip::tcp::endpoint& peer);
  void Pause(boost::system::error_code error);

  boost::asio::ip::tcp::acceptor acceptor_;
  std::vector<std::unique_ptr<Worker>>& workers_;
  const Routes& routes_;
  ConnectionLimits& limits_;
  // Connections that are only to be told that they are too many.
  ConnectionLimits refused_;
  boost::asio::steady_timer pause_;
  size_t next_ = 0;
};

}  // namespace tocsin::bridge
