#include "hub/service/acceptor.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <exception>
#include <utility>
#include <vector>

#include "core/base/check.h"
#include "core/base/clock.h"
#include "core/base/descriptors.h"
#include "core/base/log.h"

namespace tocsin::hub {
namespace {

// Bounds one turn, so that no listening socket waits for another's storm.
constexpr int kAcceptsPerTurn = 64;
// How long it waits for a descriptor to become free.
constexpr int kPauseMillis = 100;

bool OutOfResources(int error) {
  return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

uint16_t PortOf(const sockaddr_storage& address) {
  return address.ss_family == AF_INET
             ? ntohs(reinterpret_cast<const sockaddr_in&>(address).sin_port)
         : address.ss_family == AF_INET6
             ? ntohs(reinterpret_cast<const sockaddr_in6&>(address).sin6_port)
             : uint16_t{0};
}

void TellDropped(const PeerAddress& peer) {
  static LogThrottle throttle(absl::Seconds(10));
  if (throttle.Pass(Clock::Real().Monotonic())) {
    LogWarning("a connection was closed whose calls are reset as they come",
               {{"address", peer.address.ToString()}, {"not_logged", throttle.Dropped()}});
  }
}

void TellPause(int error) {
  static LogThrottle throttle(absl::Seconds(10));
  if (throttle.Pass(Clock::Real().Monotonic())) {
    LogError("connections cannot be accepted now",
             {{"error", strerror(error)}, {"not_logged", throttle.Dropped()}});
  }
}

}  // namespace

Acceptor::Acceptor(ListenSockets sockets, const AcceptorBounds& bounds,
                   std::function<void(int)> take)
    : sockets_(std::move(sockets)),
      most_(bounds.connections),
      take_(std::move(take)),
      connections_(bounds.per_address, bounds.exempt),
      opens_(Clock::Real(),
             {.per_second = AcceptorBounds::kOpensPerSecond, .burst = AcceptorBounds::kOpensAtOnce},
             bounds.exempt),
      bans_(Clock::Real(),
            {.per_second = 1 / absl::ToDoubleSeconds(AcceptorBounds::kBannedFor), .burst = 1},
            bounds.exempt),
      wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  TOCSIN_CHECK(wake_ >= 0);
}

Acceptor::~Acceptor() {
  Stop();
  close(wake_);
}

void Acceptor::Start() {
  thread_ = std::thread([this] { Run(); });
  pthread_setname_np(thread_.native_handle(), "accept");
}

void Acceptor::Stop() {
  stopping_.store(true);
  Wake();
  if (thread_.joinable()) {
    thread_.join();
  }
  ListenSockets closed(std::move(sockets_));
}

void Acceptor::Wake() {
  const uint64_t one = 1;
  TOCSIN_CHECK(write(wake_, &one, sizeof(one)) == sizeof(one));
}

void Acceptor::Drop(const PeerAddress& peer) {
  {
    MutexLock lock(mutex_);
    if (drops_.size() >= kMaxDrops) {
      return;
    }
    drops_.push_back(peer);
  }
  Wake();
}

void Acceptor::DropAsked() {
  uint64_t asked = 0;
  if (read(wake_, &asked, sizeof(asked)) < 0) {
    return;  // nobody has
  }
  std::vector<PeerAddress> drops;
  {
    MutexLock lock(mutex_);
    drops.swap(drops_);
  }
  for (const PeerAddress& peer : drops) {
    bans_.Take(peer.address);
    if (connections_.Shut(peer)) {
      TellDropped(peer);
    }
  }
}

void Acceptor::Run() {
  while (!stopping()) {
    DropAsked();
    bool free = true;
    for (const int listener : sockets_.descriptors()) {
      free = TakeWaiting(listener) && free;
    }
    if (!stopping()) {  // which DropAsked may have taken the bell of
      Wait(/*for_connections=*/free);
    }
  }
}

bool Acceptor::TakeWaiting(int listener) {
  for (int i = 0; i < kAcceptsPerTurn && !stopping(); ++i) {
    sockaddr_storage peer = {};
    socklen_t size = sizeof(peer);
    const int connection =
        accept4(listener, reinterpret_cast<sockaddr*>(&peer), &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (connection >= 0) {
      Take(connection, peer);
    } else if (OutOfResources(errno)) {
      TellPause(errno);
      return false;
    } else if (errno == EAGAIN) {
      return true;
    }  // else the client has given up already
  }
  return true;
}

void Acceptor::Take(int connection, const sockaddr_storage& address) {
  // A Unix socket's peer is on this machine.
  const PeerAddress peer{
      .address = IpAddress::FromSocket(address).value_or(IpAddress::FromV4({127, 0, 0, 1})),
      .port = PortOf(address)};
  if (std::atomic<uint64_t>* const refused = Refusal(connection, peer)) {
    refused->fetch_add(1, std::memory_order_relaxed);
    return Refuse(connection, peer.address);
  }
  try {
    take_(connection);
  } catch (const std::exception& error) {
    LogError("a connection could not be taken in", {{"error", error.what()}});
  }
}

std::atomic<uint64_t>* Acceptor::Refusal(int connection, const PeerAddress& peer) {
  if (static_cast<size_t>(connection) >= std::min(most_, ConnectionDescriptors())) {
    return &full_;
  }
  if (bans_.WaitFor(peer.address) > absl::ZeroDuration()) {
    return &banned_;
  }
  if (!opens_.Take(peer.address)) {
    return &rate_;
  }
  return connections_.Add(connection, peer) ? nullptr : &address_;
}

void Acceptor::Refuse(int connection, const IpAddress& address) {
  close(connection);
  static LogThrottle throttle(absl::Seconds(10));
  if (throttle.Pass(Clock::Real().Monotonic())) {
    const Refused refused = this->refused();
    LogWarning("too many connections: new ones are closed",
               {{"address", address.ToString()},
                {"most", std::min(most_, ConnectionDescriptors())},
                {"refused_full", refused.full},
                {"refused_address", refused.address},
                {"refused_rate", refused.rate},
                {"refused_banned", refused.banned},
                {"not_logged", throttle.Dropped()}});
  }
}

Acceptor::Refused Acceptor::refused() const {
  return {.full = full_.load(std::memory_order_relaxed),
          .address = address_.load(std::memory_order_relaxed),
          .rate = rate_.load(std::memory_order_relaxed),
          .banned = banned_.load(std::memory_order_relaxed)};
}

void Acceptor::Wait(bool for_connections) {
  std::vector<pollfd> waits = {{wake_, POLLIN, 0}};
  for (const int listener : sockets_.descriptors()) {
    waits.push_back({listener, POLLIN, 0});
  }
  poll(waits.data(), for_connections ? waits.size() : 1, for_connections ? -1 : kPauseMillis);
}

}  // namespace tocsin::hub
