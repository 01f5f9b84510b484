#include "core/http/listener.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "core/base/descriptors.h"
#include "core/base/log.h"
#include "core/base/planted.h"
#include "core/http/problem.h"
#include "core/http/proxied_connection.h"
#include "core/http/socket_stream.h"

namespace tocsin::http {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using Error = boost::system::error_code;

constexpr size_t kMaxRefused = 256;
// Bounds one turn, so that a storm of connections leaves time for the existing ones.
constexpr int kAcceptsPerTurn = 64;
constexpr absl::Duration kPause = absl::Milliseconds(100);

IpAddress AddressOf(const asio::ip::address& address) {
  return address.is_v4() ? IpAddress::FromV4(address.to_v4().to_bytes())
                         : IpAddress::FromV6(address.to_v6().to_bytes());
}

bool OutOfResources(const Error& error) {
  return error == asio::error::no_descriptors || error == asio::error::no_memory ||
         error == asio::error::no_buffer_space || error.value() == ENFILE;
}

void TellTooMany() {
  static LogThrottle throttle(absl::Seconds(10));
  if (throttle.Pass(Clock::Real().Monotonic())) {
    LogWarning("too many connections for the open files allowed (ulimit -n): new ones are closed",
               {{"most", ConnectionDescriptors()}, {"not_logged", throttle.Dropped()}});
  }
}

tcp ProtocolOf(int descriptor) {
  tcp::endpoint bound;
  auto size = static_cast<socklen_t>(bound.capacity());
  ::getsockname(descriptor, bound.data(), &size);
  return bound.protocol();
}

void ServeDirectly(const Listener::Place& place, TlsServer* tls, std::unique_ptr<ByteStream> stream,
                   ConnectionLimits::Ticket ticket, std::optional<HttpResponse> refusal) {
  if (tls != nullptr) {
    ServeTls(*place.io, *place.service, *tls, std::move(stream), std::move(ticket),
             std::move(refusal));
  } else {
    ServeHttp(*place.io, *place.service, std::move(stream), std::move(ticket), std::move(refusal));
  }
}

void Serve(const Listener::Place& place, TlsServer* tls, std::unique_ptr<ByteStream> stream,
           ConnectionLimits::Ticket ticket, std::optional<HttpResponse> refusal) {
  const ProxyRules& rules = place.service->proxies;
  const bool trusted =
      rules.trusted.Contains(ticket.client()) || Planted("proxy-header-by-anybody");
  if (!rules.protocol || !trusted) {
    return ServeDirectly(place, tls, std::move(stream), std::move(ticket), std::move(refusal));
  }
  ServeProxied(*place.io, rules, std::move(stream), std::move(ticket), std::move(refusal),
               [place, tls](std::unique_ptr<ByteStream> next, ConnectionLimits::Ticket its_ticket,
                            std::optional<HttpResponse> its_refusal) {
                 ServeDirectly(place, tls, std::move(next), std::move(its_ticket),
                               std::move(its_refusal));
               });
}

// Accepts the next waiting connection. The error would_block means that none waits.
Descriptor AcceptOne(tcp::acceptor& acceptor, tcp::endpoint& peer, Error& error) {
  auto size = static_cast<socklen_t>(peer.capacity());
  const int fd =
      ::accept4(acceptor.native_handle(), peer.data(), &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
  error = fd < 0 ? Error(errno, boost::system::system_category()) : Error();
  if (fd >= 0) {
    peer.resize(size);
  }
  return Descriptor(fd);
}

}  // namespace

Descriptor::~Descriptor() {
  if (fd_ >= 0) {
    ::close(fd_);
  }
}

Listener::Listener(ListenSockets sockets, std::vector<Place> places, ConnectionLimits& limits,
                   WhenFull when_full, TlsServer* tls)
    : places_(std::move(places)),
      limits_(limits),
      when_full_(when_full),
      tls_(tls),
      refused_({.connections = kMaxRefused}) {
  asio::io_context& io = places_.front().io->io();
  for (const int descriptor : sockets.Release()) {
    Door& door = doors_.emplace_back(Door{tcp::acceptor(io), asio::steady_timer(io)});
    door.acceptor.assign(ProtocolOf(descriptor), descriptor);
  }
}

void Listener::Start() {
  for (Door& door : doors_) {
    Accept(door);
  }
}

void Listener::Stop() {
  places_.front().io->Post([this] {
    for (Door& door : doors_) {
      Error ignored;
      door.acceptor.close(ignored);
      door.pause.cancel();
    }
  });
}

void Listener::Accept(Door& door) {
  if (!door.acceptor.is_open()) {
    return;
  }
  door.acceptor.async_wait(tcp::acceptor::wait_read, [this, &door](Error error) {
    if (!error) {
      TakeWaiting(door);
    }
  });
}

void Listener::TakeWaiting(Door& door) {
  for (int i = 0; i < kAcceptsPerTurn && door.acceptor.is_open(); ++i) {
    tcp::endpoint peer;
    Error error;
    Descriptor descriptor = AcceptOne(door.acceptor, peer, error);
    if (error == asio::error::would_block) {
      break;
    }
    if (OutOfResources(error)) {
      return Pause(door, error);
    }
    if (error) {
      continue;  // the client has given up already
    }
    if (when_full_ == WhenFull::kRefuse && descriptor.number() >= ConnectionDescriptors()) {
      TellTooMany();
      continue;
    }
    try {
      HandOver(std::move(descriptor), peer);
    } catch (const std::exception& failure) {
      LogError("a connection could not be taken in", {{"error", failure.what()}});
    }
  }
  Accept(door);
}

void Listener::HandOver(Descriptor descriptor, const tcp::endpoint& peer) {
  std::optional<HttpResponse> refusal;
  absl::StatusOr<ConnectionLimits::Ticket> ticket = limits_.Admit(AddressOf(peer.address()));
  if (!ticket.ok() && when_full_ == WhenFull::kEndIdle && places_.front().io->EndOneIdle()) {
    ticket = limits_.Admit(AddressOf(peer.address()));
  }
  if (!ticket.ok()) {
    refusal = ProblemResponse(ticket.status());
    ticket = refused_.Admit(AddressOf(peer.address()));
    if (!ticket.ok()) {
      return;
    }
  }
  const Place place = places_[next_++ % places_.size()];
  place.io->Post([place, tls = tls_, protocol = peer.protocol(), fd = std::move(descriptor),
                  ticket = *std::move(ticket), refusal = std::move(refusal)]() mutable {
    Socket socket(place.io->io().get_executor());
    Error failed;
    socket.assign(protocol, fd.Release(), failed);
    if (failed) {
      return;
    }
    Serve(place, tls, std::make_unique<SocketStream>(std::move(socket)), std::move(ticket),
          std::move(refusal));
  });
}

void Listener::Pause(Door& door, Error error) {
  static LogThrottle throttle(absl::Seconds(10));
  if (throttle.Pass(Clock::Real().Monotonic())) {
    LogError("connections cannot be accepted now",
             {{"error", error.message()}, {"not_logged", throttle.Dropped()}});
  }
  door.pause.expires_after(absl::ToChronoMilliseconds(kPause));
  door.pause.async_wait([this, &door](Error cancelled) {
    if (!cancelled) {
      Accept(door);
    }
  });
}

}  // namespace tocsin::http
