#include "hub/service/acceptor.h"

#include <errno.h>
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

void TellPause(int error) {
  static LogThrottle throttle(absl::Seconds(10));
  if (throttle.Pass(Clock::Real().Monotonic())) {
    LogError("connections cannot be accepted now",
             {{"error", strerror(error)}, {"not_logged", throttle.Dropped()}});
  }
}

}  // namespace

Acceptor::Acceptor(ListenSockets sockets, size_t most, std::function<void(int)> take)
    : sockets_(std::move(sockets)),
      most_(most),
      take_(std::move(take)),
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
  const uint64_t one = 1;
  TOCSIN_CHECK(write(wake_, &one, sizeof(one)) == sizeof(one));
  if (thread_.joinable()) {
    thread_.join();
  }
  ListenSockets closed(std::move(sockets_));
}

void Acceptor::Run() {
  while (!stopping()) {
    bool free = true;
    for (const int listener : sockets_.descriptors()) {
      free = TakeWaiting(listener) && free;
    }
    Wait(/*for_connections=*/free);
  }
}

bool Acceptor::TakeWaiting(int listener) {
  for (int i = 0; i < kAcceptsPerTurn && !stopping(); ++i) {
    const int connection = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (connection >= 0) {
      Take(connection);
    } else if (OutOfResources(errno)) {
      TellPause(errno);
      return false;
    } else if (errno == EAGAIN) {
      return true;
    }  // else the client has given up already
  }
  return true;
}

void Acceptor::Take(int connection) {
  if (static_cast<size_t>(connection) >= std::min(most_, ConnectionDescriptors())) {
    return Refuse(connection);
  }
  try {
    take_(connection);
  } catch (const std::exception& error) {
    LogError("a connection could not be taken in", {{"error", error.what()}});
  }
}

void Acceptor::Refuse(int connection) {
  close(connection);
  refused_.fetch_add(1, std::memory_order_relaxed);
  static LogThrottle throttle(absl::Seconds(10));
  if (throttle.Pass(Clock::Real().Monotonic())) {
    LogWarning(
        "too many connections: new ones are closed",
        {{"most", std::min(most_, ConnectionDescriptors())}, {"not_logged", throttle.Dropped()}});
  }
}

void Acceptor::Wait(bool for_connections) {
  std::vector<pollfd> waits = {{wake_, POLLIN, 0}};
  for (const int listener : sockets_.descriptors()) {
    waits.push_back({listener, POLLIN, 0});
  }
  poll(waits.data(), for_connections ? waits.size() : 1, for_connections ? -1 : kPauseMillis);
}

}  // namespace tocsin::hub
