#include "core/shell/program.h"

#include <signal.h>
#include <sys/resource.h>

#include <cstdlib>
#include <exception>
#include <ostream>

#include "core/admin/admin_server.h"
#include "core/base/clock.h"
#include "core/base/descriptors.h"
#include "core/base/log.h"
#include "core/base/shutdown.h"
#include "core/base/strings.h"
#include "core/base/version.h"
#include "core/shell/end_signal.h"
#include "core/shell/library_logs.h"
#include "core/shell/settings_reload.h"

namespace tocsin {
namespace {

struct LogSettings {
  std::string level = "info";
  std::string format = "auto";

  void Register(Options& options) {
    options.Choice(&level, "log-level", "The least that is logged.",
                   {"debug", "info", "warning", "error"});
    options.Choice(&format, "log-format", "How: auto = text on a terminal, JSON lines elsewhere.",
                   {"auto", "text", "json"});
    options.Reloads({"log-level"});
  }
  // The table of options has checked both.
  void Start() const { StartLog(*ParseLogLevel(level), *ParseLogFormat(format)); }
  void Apply() const { SetLogLevel(*ParseLogLevel(level)); }
};

struct AdminSettings {
  std::string socket;

  void Register(Options& options) {
    options.Text(&socket, "admin-socket",
                 "A Unix socket on which this user and root may look at connections and act "
                 "(tocsin admin). Empty: none.",
                 "PATH");
    options.Check([this] { return CheckSocketPath(socket, "--admin-socket"); });
  }
};

// Each connection is a descriptor, and shells give programs few: takes all that are allowed.
void RaiseDescriptorLimit(size_t connections) {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
    return;
  }
  limit.rlim_cur = limit.rlim_max;
  if (setrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_max < connections + kOtherDescriptors) {
    LogWarning("the system allows too few open files for so many connections (ulimit -n)",
               {{"allowed", uint64_t{limit.rlim_max}},
                {"needed", connections + kOtherDescriptors},
                {"connections", connections}});
  }
}

// Says what was thrown before the process aborts; the default handler's line would not be ours.
[[noreturn]] void OnUncaught() {
  std::string what = "unknown";
  try {
    if (const std::exception_ptr thrown = std::current_exception()) {
      std::rethrow_exception(thrown);
    }
  } catch (const std::exception& error) {
    what = error.what();
  } catch (...) {
  }
  LogError("ended by an exception that nobody caught", {{"what", what}});
  std::abort();
}

absl::StatusOr<std::unique_ptr<Service>> StartGuarded(const Program& program) {
  try {
    return program.start();
  } catch (const std::exception& error) {
    return absl::InternalError(error.what());
  }
}

// All settings of a program that both servers have.
struct Settings {
  Options options;
  LogSettings log = {};
  AdminSettings admin = {};

  explicit Settings(const Program& program) : options(program.name, program.what_it_is) {
    program.register_options(options);
    admin.Register(options);
    log.Register(options);
  }
};

class Run {
 public:
  Run(const Program& program, Settings& settings, std::ostream& out, std::ostream& err)
      : program_(program), settings_(settings), out_(out), err_(err) {}

  int Serve() {
    EndSignal end;
    std::set_terminate(OnUncaught);
    QuietLibraries();
    RaiseDescriptorLimit(program_.connections());
    auto service = StartGuarded(program_);
    if (!service.ok()) {
      return Fail(service.status(), kProgramFailed);
    }
    SettingsReload reload(
        settings_.options, [this, &service] { Apply(**service); },
        [&service] { (*service)->Reload(); });
    Admin admin((*service)->served(),
                {.drain = [&end] { end.Request(); }, .reload = [&reload] { return reload.Run(); }},
                Clock::Real());
    auto admin_server = StartAdmin(admin);
    if (!admin_server.ok()) {
      (*service)->Drain().IgnoreError();  // nobody has come yet
      return Fail(admin_server.status(), kProgramFailed);
    }
    (*service)->UseAdmin(&admin);
    TellStarted(**service);
    end.OnReload([&reload] {
      LogInfo("reading settings and files again", {{"signal", SignalName(SIGHUP)}});
      reload.Run().IgnoreError();
    });
    LogInfo("shutting down", {{"signal", SignalName(end.Wait())}});
    end.OnReload(nullptr);
    reload.Stop();
    admin_server->reset();
    (*service)->UseAdmin(nullptr);
    const absl::Status drained = (*service)->Drain();
    service->reset();  // before the signals are let go: a second one still ends a slow end
    if (!drained.ok()) {
      return Fail(drained, kProgramFailed);
    }
    LogInfo("ended", {{"program", program_.name}});
    return kProgramOk;
  }

  int Fail(const absl::Status& status, int code) {
    err_ << program_.name << ": " << ToStd(status.message()) << std::endl;
    return code;
  }

 private:
  // Null where there is no admin socket.
  absl::StatusOr<std::unique_ptr<AdminServer>> StartAdmin(Admin& admin) {
    if (settings_.admin.socket.empty()) {
      return std::unique_ptr<AdminServer>();
    }
    return AdminServer::Start(settings_.admin.socket, admin);
  }

  void TellStarted(const Service& service) {
    LogInfo("started", {{"program", program_.name}, {"version", Version()}});
    for (const std::string& each : settings_.options.advice()) {
      LogWarning("a setting could be safer", {{"advice", each}});
    }
    for (const Service::Port& port : service.ports()) {
      out_ << "listening on " << port.address << " (" << port.what << ")\n";
    }
    if (!settings_.admin.socket.empty()) {
      out_ << "listening on unix:" << settings_.admin.socket << " (admin)\n";
    }
    out_ << std::flush;
  }

  void Apply(Service& service) {
    settings_.log.Apply();
    if (program_.apply != nullptr) {
      program_.apply(service);
    }
  }

  const Program& program_;
  Settings& settings_;
  std::ostream& out_;
  std::ostream& err_;
};

}  // namespace

int RunProgram(const Program& program, int argc, const char* const* argv, std::ostream& out,
               std::ostream& err) {
  Settings settings(program);
  Run run(program, settings, out, err);
  const auto outcome = settings.options.Parse(argc, argv, out);
  if (!outcome.ok()) {
    return run.Fail(outcome.status(), kProgramWrongSettings);
  }
  if (*outcome == Options::Outcome::kExit) {
    return out.flush() ? kProgramOk
                       : run.Fail(absl::DataLossError("cannot write the output"), kProgramFailed);
  }
  settings.log.Start();
  return run.Serve();
}

}  // namespace tocsin
