#include "cli/flags.h"
#include "cli/incidents/commands.h"

namespace tocsin::cli {
namespace {

constexpr char kExamples[] =
    "Examples:\n"
    "  tocsin incidents watch --severities P0,P1 --active-only\n"
    "  tocsin incidents list --active-only --sort severity\n"
    "  tocsin incidents get UUID\n"
    "  tocsin incidents comment UUID \"restarting the gateway\"\n"
    "  tocsin incidents resolve UUID --root-cause \"bad deploy\"\n";

}  // namespace

void AddIncidents(CLI::App& app, const Globals& globals, Run& chosen) {
  CLI::App* incidents = app.add_subcommand("incidents", "List, watch and change incidents");
  incidents->footer(kExamples);
  AddIncidentsList(*incidents, globals, chosen);
  AddIncidentsGet(*incidents, globals, chosen);
  AddIncidentsCheck(*incidents, globals, chosen);
  AddIncidentsWatch(*incidents, globals, chosen);
  AddIncidentChanges(*incidents, globals, chosen);
}

}  // namespace tocsin::cli
