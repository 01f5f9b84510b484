// socket.h: a TCP connection to the bridge, used by one thread, each of whose operations has a
// deadline.
//
// Shape:   an io_context of its own. Await runs it until the operation that was begun is done, or
//          the deadline has come; the operation then goes on with the next Await.
// Threads: one.
// Errors:  UNAVAILABLE: no connection; DEADLINE_EXCEEDED.
#pragma once

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <chrono>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "cli/bench/bridge_url.h"

namespace tocsin::cli::verify {

// One operation that is under way.
class Operation {
 public:
  void Begin() { done_ = false; }
  void End(const boost::system::error_code& error) {
    done_ = true;
    error_ = error;
  }
  bool done() const { return done_; }
  absl::Status status() const {
    return error_ ? absl::UnavailableError(absl::StrCat("the bridge: ", error_.message()))
                  : absl::OkStatus();
  }

 private:
  bool done_ = true;
  boost::system::error_code error_;
};

inline absl::Status Await(boost::asio::io_context& io, const Operation& operation,
                          absl::Time until) {
  while (!operation.done()) {
    const absl::Duration left = until - absl::Now();
    if (left <= absl::ZeroDuration()) return absl::DeadlineExceededError("nothing came in time");
    io.restart();
    io.run_one_for(absl::ToChronoNanoseconds(left));
  }
  return operation.status();
}

inline absl::Status Connect(boost::asio::io_context& io, boost::asio::ip::tcp::socket& socket,
                            const bench::BridgeUrl& bridge, absl::Time until) {
  using boost::asio::ip::tcp;
  boost::system::error_code error;
  tcp::resolver resolver(io);
  const auto addresses = resolver.resolve(bridge.host, bridge.port, error);
  if (error) {
    return absl::UnavailableError(
        absl::StrCat("the name ", bridge.host, " cannot be resolved: ", error.message()));
  }
  Operation connecting;
  connecting.Begin();
  boost::asio::async_connect(
      socket, addresses, [&connecting](const boost::system::error_code& why, const tcp::endpoint&) {
        connecting.End(why);
      });
  const absl::Status status = Await(io, connecting, until);
  if (!connecting.done()) {  // its handler must not outlive it
    socket.close(error);
    io.restart();
    io.run();
  }
  return status;
}

}  // namespace tocsin::cli::verify
