// command.h: what the subcommands share: the global flags, and the functions that register them.
//
// Shape:   Add…(app, globals, chosen) registers a subcommand with its flags. When the user chooses
//          that subcommand, it sets `chosen`, which runs after the whole command line has been
//          parsed and checked.
#pragma once

#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "core/rpc/hub_tls.h"
#include "core/rpc/hub_token.h"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace tocsin::cli {

struct Globals {
  std::string hub = "127.0.0.1:50051";
  bool hub_named = false;  // on the command line
  rpc::HubTls hub_tls = {};
  rpc::HubTokenFlags hub_token = {};
  rpc::HubTokenPtr token = nullptr;  // of hub_token, once all flags are read
  absl::Duration timeout = absl::Seconds(10);
  bool utc = false;  // times in text are UTC instead of the user's zone
};

// Returns an exit code.
using Run = std::function<int()>;

void AddPub(CLI::App& app, const Globals& globals, Run& chosen);
void AddSub(CLI::App& app, const Globals& globals, Run& chosen);
void AddExplain(CLI::App& app, const Globals& globals, Run& chosen);
void AddAlert(CLI::App& app, const Globals& globals, Run& chosen);
void AddIncidents(CLI::App& app, const Globals& globals, Run& chosen);
void AddEvents(CLI::App& app, const Globals& globals, Run& chosen);
void AddStatus(CLI::App& app, const Globals& globals, Run& chosen);
void AddAdmin(CLI::App& app, const Globals& globals, Run& chosen);
void AddBench(CLI::App& app, const Globals& globals, Run& chosen);
void AddVerify(CLI::App& app, const Globals& globals, Run& chosen);
void AddToken(CLI::App& app, const Globals& globals, Run& chosen);
void AddHelp(CLI::App& app, Run& chosen);
void AddCompletion(CLI::App& app, Run& chosen);

// `tocsin: what` on stderr; returns `exit_code`.
int Fail(int exit_code, const std::string& what);

}  // namespace tocsin::cli
