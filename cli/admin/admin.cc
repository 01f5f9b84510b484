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
    "  tocsin admin reload\n\n"
    "The socket is the one that the hub or the bridge was given by --admin-socket.\n";

}  // namespace

void AddAdmin(CLI::App& app, const Globals& globals, Run& chosen) {
  CLI::App* admin = app.add_subcommand("admin", "Look at a running hub or bridge, and act on it");
  // Owned by the commands' callbacks, by way of the flag below.
  const auto shared = std::make_shared<AdminGlobals>(AdminGlobals{globals});
  admin
      ->add_option_function<std::string>(
          "--socket", [shared](const std::string& path) { shared->socket = path; },
          "The admin socket of the hub or the bridge")
      ->type_name("FILE")
      ->envname("TOCSIN_ADMIN_SOCKET")
      ->required();
  admin->footer(kExamples);
  AddAdminConnections(*admin, *shared, chosen);
  AddAdminClosed(*admin, *shared, chosen);
  AddAdminKick(*admin, *shared, chosen);
  AddAdminDrain(*admin, *shared, chosen);
  AddAdminReload(*admin, *shared, chosen);
  AddAdminLogLevel(*admin, *shared, chosen);
}

}  // namespace tocsin::cli
