#include "bridge/run.h"

#include <sys/resource.h>

#include <csignal>
#include <ostream>

#include "bridge/bridge.h"
#include "core/base/log.h"
#include "core/base/mutex.h"
#include "core/base/options.h"
#include "core/base/shutdown.h"
#include "core/base/version.h"

namespace tocsin::bridge {
namespace {

constexpr int kFailed = 1;
constexpr int kUsage = 2;

// The first signal to end.
class EndSignal {
 public:
  void On(int signal) {
    if (signal == SIGHUP) {
      return;  // nothing is read again yet
    }
    MutexLock lock(mutex_);
    signal_ = signal;
    come_.NotifyAll();
  }
  int Wait() {
    MutexLock lock(mutex_);
    while (signal_ == 0) {
      come_.Wait(mutex_);
    }
    return signal_;
  }

 private:
  Mutex mutex_;
  CondVar come_;
  int signal_ ABSL_GUARDED_BY(mutex_) = 0;
};

// Every connection is a file descriptor, and shells give programs few: takes what is allowed.
void RaiseFileLimit(size_t connections) {
  constexpr size_t kOthers = 256;  // logs, the hub, what is refused
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) {
    return;
  }
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_max < connections + kOthers) {
    LogWarning("the system allows fewer files than connections",
               {{"files", uint64_t{limit.rlim_max}}, {"max_connections", connections}});
  }
}

int Serve(const BridgeConfig& config, std::ostream& out, std::ostream& err) {
  EndSignal end;
  const SignalWatcher watcher([&end](int signal) { end.On(signal); });
  RaiseFileLimit(config.max_connections);
  auto bridge = Bridge::Start(config);
  if (!bridge.ok()) {
    err << "tocsin-bridge: " << bridge.status().message() << "\n";
    return kFailed;
  }
  LogInfo("bridge started",
          {{"version", Version()}, {"address", (*bridge)->address()}, {"hub", config.hub}});
  out << "listening on " << (*bridge)->address() << " (http)" << std::endl;
  LogInfo("signal", {{"name", SignalName(end.Wait())}});
  (*bridge)->Drain();
  bridge->reset();
  LogInfo("bridge stopped");
  return 0;
}

}  // namespace

int RunBridge(int argc, const char* const* argv, std::ostream& out, std::ostream& err) {
  BridgeFlags flags;
  Options options("tocsin-bridge",
                  "Carries a hub's events to browsers and services over WebSocket.");
  flags.Register(options);
  const auto outcome = options.Parse(argc, argv, out);
  if (!outcome.ok()) {
    err << "tocsin-bridge: " << outcome.status().message() << "\n";
    return kUsage;
  }
  if (*outcome == Options::Outcome::kExit) {
    return 0;
  }
  const auto config = BridgeConfig::From(flags);
  if (!config.ok()) {
    err << "tocsin-bridge: " << config.status().message() << "\n";
    return kUsage;
  }
  StartLog(*ParseLogLevel(flags.log_level), *ParseLogFormat(flags.log_format));
  return Serve(*config, out, err);
}

}  // namespace tocsin::bridge
