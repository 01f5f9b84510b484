// commands.h: the commands of `tocsin admin`.
#pragma once

#include "cli/admin/admin_call.h"
#include "cli/command.h"

namespace tocsin::cli {

void AddAdminConnections(CLI::App& admin, const AdminGlobals& globals, Run& chosen);
void AddAdminClosed(CLI::App& admin, const AdminGlobals& globals, Run& chosen);
void AddAdminKick(CLI::App& admin, const AdminGlobals& globals, Run& chosen);
void AddAdminDrain(CLI::App& admin, const AdminGlobals& globals, Run& chosen);
void AddAdminReload(CLI::App& admin, const AdminGlobals& globals, Run& chosen);
void AddAdminLogLevel(CLI::App& admin, const AdminGlobals& globals, Run& chosen);

}  // namespace tocsin::cli
