#include "bridge/http/listener.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "bridge/http/http_connection.h"
#include "core/base/log.h"
#include "core/http/problem.h"

namespace tocsin::bridge {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using Error = boost::system::error_code;

constexpr size_t kMaxRefused = 256;
constexpr absl::Duration kPause = absl::Milliseconds(100);

// A descriptor on its way to a worker: closed if it never arrives.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(other.Release()) {}
  ~Descriptor() {
    if (fd_ >= 0) {
      ::close(fd_);
    }
  }
  int Release() { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

asio::ip::address_v6 AsV6(const asio::ip::address& address) {
  return address.is_v4() ? asio::ip::make_address_v6(asio::ip::v4_mapped, address.to_v4())
                         : address.to_v6();
}

AddressKey KeyOf(const asio::ip::address& address) {
  const asio::ip::address_v6 v6 = AsV6(address);
  AddressKey key = v6.to_bytes();
  if (!v6.is_v4_mapped()) {
    std::fill(key.begin() + 8, key.end(), uint8_t{0});
  }
  return key;
}

bool IsLoopback(const asio::ip::address& address) {
  const asio::ip::address_v6 v6 = AsV6(address);
  return v6.is_v4_mapped() ? asio::ip::make_address_v4(asio::ip::v4_mapped, v6).is_loopback()
                           : v6.is_loopback();
}

bool OutOfResources(const Error& error) {
  return error == asio::error::no_descriptors || error == asio::error::no_memory ||
         error == asio::error::no_buffer_space || error.value() == ENFILE;
}

}  // namespace

Listener::Listener(tcp::acceptor acceptor, std::vector<std::unique_ptr<Worker>>& workers,
                   const Routes& routes, ConnectionLimits& limits)
    : acceptor_(std::move(acceptor)),
      workers_(workers),
      routes_(routes),
      limits_(limits),
      refused_(kMaxRefused, kMaxRefused),
      pause_(workers.front()->io()) {}

void Listener::Stop() {
  workers_.front()->Post([this] {
    Error ignored;
    acceptor_.close(ignored);
    pause_.cancel();
  });
}

void Listener::Accept() {
  if (!acceptor_.is_open()) {
    return;
  }
  acceptor_.async_accept(
      [this](Error error, tcp::socket socket) { OnAccepted(error, std::move(socket)); });
}

void Listener::OnAccepted(Error error, tcp::socket socket) {
  if (error == asio::error::operation_aborted) {
    return;
  }
  if (error && OutOfResources(error)) {
    return Pause(error);
  }
  if (!error) {
    try {
      HandOver(std::move(socket));
    } catch (const std::exception& failure) {
      LogError("a connection could not be taken in", {{"error", failure.what()}});
    }
  }
  Accept();
}

void Listener::HandOver(tcp::socket socket) {
  Error error;
  const tcp::endpoint peer = socket.remote_endpoint(error);
  if (error) {
    return;  // gone already
  }
  socket.set_option(tcp::no_delay(true), error);
  std::optional<http::HttpResponse> refusal;
  absl::StatusOr<ConnectionLimits::Ticket> ticket =
      limits_.Admit(KeyOf(peer.address()), IsLoopback(peer.address()));
  if (!ticket.ok()) {
    refusal = http::ProblemResponse(ticket.status());
    ticket = refused_.Admit({}, /*loopback=*/true);
    if (!ticket.ok()) {
      return;
    }
  }
  Worker& worker = *workers_[next_++ % workers_.size()];
  worker.Post([&worker, &routes = routes_, protocol = peer.protocol(),
               fd = Descriptor(socket.release(error)), ticket = *std::move(ticket),
               refusal = std::move(refusal)]() mutable {
    ws::Socket moved(worker.io().get_executor());
    Error failed;
    moved.assign(protocol, fd.Release(), failed);
    if (!failed) {
      ServeHttp(worker, routes, std::move(moved), std::move(ticket), std::move(refusal));
    }
  });
}

void Listener::Pause(Error error) {
  static LogThrottle throttle(absl::Seconds(10));
  if (throttle.Pass(Clock::Real().Monotonic())) {
    LogError("connections cannot be accepted now",
             {{"error", error.message()}, {"not_logged", throttle.Dropped()}});
  }
  pause_.expires_after(absl::ToChronoMilliseconds(kPause));
  pause_.async_wait([this](Error cancelled) {
    if (!cancelled) {
      Accept();
    }
  });
}

}  // namespace tocsin::bridge
