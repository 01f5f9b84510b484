#include "core/shell/program.h"

#include <signal.h>
#include <sys/resource.h>

#include <cstdlib>
#include <exception>
#include <ostream>

#include "core/base/descriptors.h"
#include "core/base/log.h"
#include "core/base/shutdown.h"
#include "core/base/strings.h"
#include "core/base/version.h"
#include "core/shell/end_signal.h"
#include "core/shell/library_logs.h"

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
  }
  // The table of options has checked both.
  void Start() const { StartLog(*ParseLogLevel(level), *ParseLogFormat(format)); }
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

class Run {
 public:
  Run(const Program& program, std::ostream& out, std::ostream& err)
      : program_(program), out_(out), err_(err) {}

  int Serve() {
    EndSignal end;
    std::set_terminate(OnUncaught);
    QuietLibraries();
    RaiseDescriptorLimit(program_.connections());
    auto service = StartGuarded(program_);
    if (!service.ok()) {
      return Fail(service.status(), kProgramFailed);
    }
    LogInfo("started", {{"program", program_.name}, {"version", Version()}});
    for (const Service::Port& port : (*service)->ports()) {
      out_ << "listening on " << port.address << " (" << port.what << ")\n";
    }
    out_ << std::flush;
    end.OnReload([&service] {
      LogInfo("reading files again", {{"signal", SignalName(SIGHUP)}});
      (*service)->Reload();
    });
    LogInfo("shutting down", {{"signal", SignalName(end.Wait())}});
    end.OnReload(nullptr);
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
  const Program& program_;
  std::ostream& out_;
  std::ostream& err_;
};

}  // namespace

int RunProgram(const Program& program, int argc, const char* const* argv, std::ostream& out,
               std::ostream& err) {
  Run run(program, out, err);
  LogSettings log;
  Options options(program.name, program.what_it_is);
  program.register_options(options);
  log.Register(options);
  const auto outcome = options.Parse(argc, argv, out);
  if (!outcome.ok()) {
    return run.Fail(outcome.status(), kProgramWrongSettings);
  }
  if (*outcome == Options::Outcome::kExit) {
    return out.flush() ? kProgramOk
                       : run.Fail(absl::DataLossError("cannot write the output"), kProgramFailed);
  }
  log.Start();
  return run.Serve();
}

}  // namespace tocsin
