// commands.h: the commands of `tocsin incidents`.
#pragma once

#include "cli/command.h"

namespace tocsin::cli {

void AddIncidentsList(CLI::App& incidents, const Globals& globals, Run& chosen);
void AddIncidentsGet(CLI::App& incidents, const Globals& globals, Run& chosen);
void AddIncidentsCheck(CLI::App& incidents, const Globals& globals, Run& chosen);
void AddIncidentsWatch(CLI::App& incidents, const Globals& globals, Run& chosen);
// resolve, comment, assign, escalate.
void AddIncidentChanges(CLI::App& incidents, const Globals& globals, Run& chosen);

}  // namespace tocsin::cli
