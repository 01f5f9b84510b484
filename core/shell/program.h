// program.h: what both servers share around their work: settings, log, signals, limits, exit codes.
//
// Shape:   RunProgram reads the settings, starts the service, prints a line for each port, waits
//          for a signal and drains. SIGTERM and SIGINT drain; a second one ends the process at once
//          with exit code 128 + its number. SIGHUP reads the settings and the files that they name
//          again. With --admin-socket operators can look and act (core/admin). Program and Service
//          are what differs between the servers.
// Threads: everything runs on the calling thread, which must be the only one of the process; a
//          thread of its own waits for signals.
// Errors:  one line on `err`, and the exit code. An exception that nobody caught is logged before
//          the process aborts.
#pragma once

#include <functional>
#include <iosfwd>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/admin/admin.h"
#include "core/base/options.h"

namespace tocsin {

enum ProgramExit : int {
  kProgramOk = 0,
  kProgramFailed = 1,        // the start failed, or the drain could not save everything
  kProgramWrongSettings = 2  // a wrong flag, variable or file
};

// What runs between the start and the end.
class Service {
 public:
  struct Port {
    std::string address;  // "127.0.0.1:50051"
    std::string what;     // "grpc"
  };

  virtual ~Service() = default;
  // The main port first.
  virtual std::vector<Port> ports() const = 0;
  // Tells the clients, finishes what was begun, and takes at most the configured time.
  virtual absl::Status Drain() = 0;
  // Reads files again that the settings name. On a thread of its own, beside everything else, and
  // not after Drain.
  virtual void Reload() = 0;
  // The sessions that operators may look at and end, until the service is destroyed.
  virtual ServedSessions served() { return {}; }
  // Who answers what operators ask over the service's own ports, where it has such a port. Null:
  // nobody any more, and no such call is under way when it returns.
  virtual void UseAdmin(Admin* /*admin*/) {}
};

struct Program {
  std::string name;        // "tocsin-hub"
  std::string what_it_is;  // a sentence for --help
  // The program's own settings; log-level, log-format and --check-config are added for all.
  std::function<void(Options&)> register_options;
  // Connections that the settings allow: fewer descriptors than that are warned of.
  std::function<size_t()> connections;
  // Opens and listens. The settings are valid by now.
  std::function<absl::StatusOr<std::unique_ptr<Service>>()> start;
  // The settings that may change while it runs have new values: puts them into force in what
  // `start` has made. As Service::Reload, which follows. Null: there are none.
  std::function<void(Service&)> apply = nullptr;
};

// An exit code.
int RunProgram(const Program& program, int argc, const char* const* argv, std::ostream& out,
               std::ostream& err);

}  // namespace tocsin
