#include "core/base/shutdown.h"

#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <utility>

#include "core/base/check.h"

namespace tocsin {
namespace {

sigset_t Watched() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&set, signal);
  return set;
}

}  // namespace

SignalWatcher::SignalWatcher(OnSignal on_signal) : on_signal_(std::move(on_signal)) {
  const sigset_t watched = Watched();
  TOCSIN_CHECK(pthread_sigmask(SIG_BLOCK, &watched, nullptr) == 0);
  signal(SIGPIPE, SIG_IGN);
  signals_ = signalfd(-1, &watched, SFD_CLOEXEC);
  stop_ = eventfd(0, EFD_CLOEXEC);
  TOCSIN_CHECK(signals_ >= 0 && stop_ >= 0);
  thread_ = std::thread([this] { Run(); });
}

SignalWatcher::~SignalWatcher() {
  const uint64_t one = 1;
  TOCSIN_CHECK(write(stop_, &one, sizeof one) == sizeof one);
  thread_.join();
  close(stop_);
  close(signals_);
}

void SignalWatcher::Run() {
  pollfd waited[] = {{stop_, POLLIN, 0}, {signals_, POLLIN, 0}};
  while (true) {
    if (poll(waited, 2, -1) < 0) continue;  // EINTR
    if (waited[0].revents != 0) return;
    signalfd_siginfo info{};
    if (read(signals_, &info, sizeof info) == sizeof info) {
      on_signal_(static_cast<int>(info.ssi_signo));
    }
  }
}

const char* SignalName(int signal) {
  switch (signal) {
    case SIGTERM:
      return "SIGTERM";
    case SIGINT:
      return "SIGINT";
    case SIGHUP:
      return "SIGHUP";
    default:
      return "a signal";
  }
}

}  // namespace tocsin
