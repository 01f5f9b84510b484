#include "bridge/run.h"

#include "bridge/bridge.h"
#include "core/base/log.h"
#include "core/base/status_macros.h"
#include "core/rpc/poll_apart.h"
#include "core/shell/program.h"

namespace tocsin::bridge {
namespace {

absl::StatusOr<std::unique_ptr<Service>> StartBridge(const BridgeFlags& flags) {
  ASSIGN_OR_RETURN(const BridgeConfig config, BridgeConfig::From(flags));
  LogInfo("following", {{"hub", config.hub}});
  return Bridge::Start(config);
}

// The flags have been checked.
void Apply(const BridgeFlags& flags, Bridge& bridge) {
  if (const auto config = BridgeConfig::From(flags); config.ok()) {
    bridge.Apply(*config);
  }
}

}  // namespace

int RunBridge(int argc, const char* const* argv, std::ostream& out, std::ostream& err) {
  rpc::PollApart();
  BridgeFlags flags;
  const Program program{
      .name = "tocsin-bridge",
      .what_it_is = "Carries a hub's events to browsers and services over WebSocket.",
      .register_options = [&](Options& options) { flags.Register(options); },
      .connections = [&] { return flags.config.max_connections; },
      .start = [&] { return StartBridge(flags); },
      .apply = [&](Service& bridge) { Apply(flags, static_cast<Bridge&>(bridge)); }};
  return RunProgram(program, argc, argv, out, err);
}

}  // namespace tocsin::bridge
