#include <cstdlib>
#include <memory>

#include "cli/admin/commands.h"
#include "cli/flags.h"

namespace tocsin::cli {
namespace {

constexpr char kExamples[] =
    "Examples:\n"
    "  export TOCSIN_ADMIN_SOCKET=/run/tocsin-bridge/admin.sock\n"
    "  tocsin admin connections\n"
    "  tocsin admin kick --subject alice --reason \"new laptop\" --reconnect-after 30s\n"
    "  tocsin admin log-level debug\n"
    "  tocsin admin reload\n"
    "  tocsin --hub hub.example.com:50051 --hub-tls --token-file admin.jwt admin connections\n\n"
    "The socket is the one that the hub or the bridge was given by --admin-socket. With --hub\n"
    "the hub is asked on its own port, by a token that allows it (admin).\n";

// The default of --hub is nobody's choice, and the commands act.
void RequireSomebody(const AdminGlobals& globals) {
  if (globals.Socket().empty() && !globals.all.hub_named && std::getenv("TOCSIN_HUB") == nullptr) {
    throw CLI::RequiredError("one of --socket (or TOCSIN_ADMIN_SOCKET) and --hub (or TOCSIN_HUB)");
  }
}

}  // namespace

void AddAdmin(CLI::App& app, const Globals& globals, Run& chosen) {
  CLI::App* admin = app.add_subcommand("admin", "Look at a running hub or bridge, and act on it");
  // Owned by the commands' callbacks, by way of the flag below.
  const auto shared = std::make_shared<AdminGlobals>(AdminGlobals{globals});
  admin
      ->add_option_function<std::string>(
          "--socket", [shared](const std::string& path) { shared->socket = path; },
          "The admin socket of the hub or the bridge (TOCSIN_ADMIN_SOCKET); goes before --hub")
      ->type_name("FILE");
  admin->callback([shared] { RequireSomebody(*shared); });
  admin->footer(kExamples);
  AddAdminConnections(*admin, *shared, chosen);
  AddAdminClosed(*admin, *shared, chosen);
  AddAdminKick(*admin, *shared, chosen);
  AddAdminDrain(*admin, *shared, chosen);
  AddAdminReload(*admin, *shared, chosen);
  AddAdminLogLevel(*admin, *shared, chosen);
}

}  // namespace tocsin::cli
