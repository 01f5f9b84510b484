#include "core/admin/admin_door.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/check.h"
#include "core/base/clock.h"
#include "core/base/log.h"

namespace tocsin {
namespace {

// Until a descriptor may have become free.
constexpr int kPauseMillis = 100;

void TellPause(int error) {
  static LogThrottle throttle(absl::Seconds(10));
  if (throttle.Pass(Clock::Real().Monotonic())) {
    LogError("connections to the admin socket cannot be accepted now",
             {{"error", strerror(error)}, {"not_logged", throttle.Dropped()}});
  }
}

}  // namespace

AdminDoor::AdminDoor(ListenSockets sockets, std::function<void(int)> take)
    : sockets_(std::move(sockets)),
      take_(std::move(take)),
      wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  TOCSIN_CHECK(wake_ >= 0);
}

AdminDoor::~AdminDoor() {
  Stop();
  close(wake_);
}

void AdminDoor::Start() {
  thread_ = std::thread([this] { Run(); });
  pthread_setname_np(thread_.native_handle(), "admin-accept");
}

void AdminDoor::Stop() {
  stopping_.store(true);
  const uint64_t one = 1;
  TOCSIN_CHECK(write(wake_, &one, sizeof(one)) == sizeof(one));
  if (thread_.joinable()) {
    thread_.join();
  }
  ListenSockets closed(std::move(sockets_));
}

void AdminDoor::Run() {
  std::array<pollfd, 2> waits = {{{wake_, POLLIN, 0}, {sockets_.descriptors().front(), POLLIN, 0}}};
  while (!stopping_.load()) {
    poll(waits.data(), waits.size(), -1);
    TakeWaiting();
  }
}

void AdminDoor::TakeWaiting() {
  while (!stopping_.load()) {
    const int connection =
        accept4(sockets_.descriptors().front(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (connection >= 0) {
      Take(connection);
    } else if (errno == EAGAIN) {
      return;
    } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
      TellPause(errno);
      pollfd wake{wake_, POLLIN, 0};
      poll(&wake, 1, kPauseMillis);
      return;
    }  // else the client has given up already
  }
}

void AdminDoor::Take(int connection) {
  ucred peer{};
  socklen_t bytes = sizeof(peer);
  if (getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &peer, &bytes) == 0) {
    MutexLock lock(mutex_);
    peers_[connection] = {peer.uid, peer.pid};
  }
  take_(connection);
}

std::string AdminDoor::PeerOf(int connection) const {
  MutexLock lock(mutex_);
  const auto found = peers_.find(connection);
  return found == peers_.end()
             ? "unix socket"
             : absl::StrCat("unix socket, uid ", found->second.uid, ", pid ", found->second.pid);
}

}  // namespace tocsin
