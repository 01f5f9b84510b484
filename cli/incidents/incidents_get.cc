#include <iostream>
#include <memory>

#include "cli/exit_codes.h"
#include "cli/flags.h"
#include "cli/hub_call.h"
#include "cli/incidents/commands.h"
#include "cli/incidents/incident_text.h"
#include "cli/time_text.h"

namespace tocsin::cli {
namespace {

constexpr char kExamples[] =
    "Examples:\n"
    "  tocsin incidents get 0190b6a5-7c1e-7000-8000-000000000001\n"
    "  tocsin incidents get UUID --json | jq '.incident.timeline'\n";

struct GetChoices {
  std::string id;
  bool json = false;
};

int RunGet(const Globals& globals, const GetChoices& choices) {
  v1::GetIncidentRequest request;
  request.set_incident_id(choices.id);
  v1::GetIncidentResponse response;
  const grpc::Status status = CallHub(globals, &v1::EventHub::Stub::GetIncident, request, response);
  if (!status.ok()) return Tell(status, globals);
  if (choices.json) {
    std::cout << IncidentJson(response) << '\n';
  } else {
    std::cout << IncidentText(response, absl::Now(), ZoneOf(globals));
  }
  return kOk;
}

}  // namespace

void AddIncidentsGet(CLI::App& incidents, const Globals& globals, Run& chosen) {
  CLI::App* get =
      incidents.add_subcommand("get", "An incident with its alerts, notes and timeline");
  auto choices = std::make_shared<GetChoices>();
  get->add_option("ID", choices->id, "The incident")->type_name("UUID")->required();
  AddOutput(*get, &choices->json);
  get->footer(kExamples);
  get->callback([&globals, &chosen, choices] {
    chosen = [&globals, choices] { return RunGet(globals, *choices); };
  });
}

}  // namespace tocsin::cli
