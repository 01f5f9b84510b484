#include "hub/service/run.h"

#include <google/protobuf/stubs/logging.h>
#include <grpc/support/log.h>
#include <sys/resource.h>

#include <csignal>
#include <cstdlib>
#include <iostream>

#include "core/base/log.h"
#include "core/base/mutex.h"
#include "core/base/shutdown.h"
#include "core/base/status_macros.h"
#include "core/base/version.h"
#include "hub/service/config.h"
#include "hub/service/hub.h"

namespace tocsin::hub {
namespace {

constexpr int kFailed = 1;
constexpr int kWrongSettings = 2;

// Waits for SIGTERM or SIGINT; a second one ends the process at once.
class Ending {
 public:
  void OnSignal(int signal) {
    if (signal == SIGHUP) {
      return;  // nothing that the hub was given can be read again
    }
    MutexLock lock(mutex_);
    if (signalled_) {
      LogWarning("ended by a second signal", {{"signal", SignalName(signal)}});
      std::_Exit(128 + signal);
    }
    LogInfo("shutting down", {{"signal", SignalName(signal)}});
    signalled_ = true;
    changed_.NotifyAll();
  }

  void Wait() {
    MutexLock lock(mutex_);
    while (!signalled_) {
      changed_.Wait(mutex_);
    }
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  bool signalled_ ABSL_GUARDED_BY(mutex_) = false;
};

// The libraries' own lines are for their authors, and some quote what a client sent: what matters
// reaches us as a status.
void QuietLibraries() {
  google::protobuf::SetLogHandler(nullptr);
  gpr_set_log_function([](gpr_log_func_args* line) {
    if (line->severity == GPR_LOG_SEVERITY_ERROR) {
      LogDebug("grpc", {{"message", line->message}});
    }
  });
}

// A descriptor a connection, and RocksDB's files.
void RaiseFileLimit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0) {
      LogWarning("the limit of open files stays as it is", {{"limit", limit.rlim_cur}});
    }
  }
}

int Fail(const absl::Status& status, int code) {
  std::cerr << "tocsin-hub: " << std::string(status.message()) << std::endl;
  return code;
}

absl::Status BeginLog(const HubFlags& flags) {
  ASSIGN_OR_RETURN(const LogLevel level, ParseLogLevel(flags.log_level));
  ASSIGN_OR_RETURN(const LogFormat format, ParseLogFormat(flags.log_format));
  StartLog(level, format);
  return absl::OkStatus();
}

void Announce(const Hub& hub, const HubConfig& config) {
  std::cout << "listening on " << hub.address().ToString() << " (grpc)\n";
  if (config.serve_ops) {
    ListenAddress ops = config.ops_listen;
    ops.port = hub.ops_port();
    std::cout << "listening on " << ops.ToString() << " (operations)\n";
  }
  std::cout << std::flush;
  LogInfo("hub started", {{"version", Version()},
                          {"store", config.store},
                          {"durability", DurabilityName(config.durability)},
                          {"shards", config.shards}});
  if (config.store == "memory") {
    LogWarning("events are kept in memory only and are gone at the end", {});
  } else if (config.durability != Durability::kAlways) {
    LogWarning(
        "publishes are acknowledged before they are synced: a crash of the machine may lose the "
        "last ones",
        {{"durability", DurabilityName(config.durability)}});
  }
}

}  // namespace

int RunHub(int argc, const char* const* argv) {
  Ending ending;
  HubFlags flags;
  Options options("tocsin-hub", "Orders, stores and serves events over gRPC.");
  flags.Register(options);
  const auto outcome = options.Parse(argc, argv, std::cout);
  if (!outcome.ok()) {
    return Fail(outcome.status(), kWrongSettings);
  }
  if (*outcome == Options::Outcome::kExit) {
    return 0;
  }
  const auto config = HubConfig::From(flags);
  if (!config.ok()) {
    return Fail(config.status(), kWrongSettings);
  }
  if (const absl::Status begun = BeginLog(flags); !begun.ok()) {
    return Fail(begun, kWrongSettings);
  }
  SignalWatcher signals([&ending](int signal) { ending.OnSignal(signal); });
  QuietLibraries();
  RaiseFileLimit();
  auto hub = Hub::Start(*config);
  if (!hub.ok()) {
    return Fail(hub.status(), kFailed);
  }
  Announce(**hub, *config);
  ending.Wait();
  if (const absl::Status drained = (*hub)->Drain(); !drained.ok()) {
    return Fail(drained, kFailed);
  }
  LogInfo("hub ended");
  return 0;
}

}  // namespace tocsin::hub
