#include "hub/service/run.h"

#include <grpc/grpc.h>

#include "core/base/log.h"
#include "core/base/status_macros.h"
#include "core/shell/program.h"
#include "hub/service/config.h"
#include "hub/service/hub.h"

namespace tocsin::hub {
namespace {

void LogWhatIsPromised(const HubConfig& config) {
  LogInfo("store", {{"name", config.store},
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

// gRPC is not shut down before the process ends: its shutdown waits for its timer threads, and for
// ever once one of them could not be started for want of memory (gRPC 1.51).
void KeepGrpc() { grpc_init(); }

absl::StatusOr<std::unique_ptr<Service>> StartHub(const HubFlags& flags) {
  KeepGrpc();
  ASSIGN_OR_RETURN(const HubConfig config, HubConfig::From(flags));
  ASSIGN_OR_RETURN(std::unique_ptr<Hub> hub, Hub::Start(config));
  LogWhatIsPromised(config);
  return hub;
}

// The flags have been checked.
void Apply(const HubFlags& flags, Hub& hub) {
  if (const auto config = HubConfig::From(flags); config.ok()) {
    hub.Apply(*config);
  }
}

}  // namespace

int RunHub(int argc, const char* const* argv, std::ostream& out, std::ostream& err) {
  HubFlags flags;
  const Program program{.name = "tocsin-hub",
                        .what_it_is = "Orders, stores and serves events over gRPC.",
                        .register_options = [&](Options& options) { flags.Register(options); },
                        .connections = [&] { return flags.config.max_subscriptions; },
                        .start = [&] { return StartHub(flags); },
                        .apply = [&](Service& hub) { Apply(flags, static_cast<Hub&>(hub)); }};
  return RunProgram(program, argc, argv, out, err);
}

}  // namespace tocsin::hub
