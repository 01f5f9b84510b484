#include <iostream>
#include <memory>

#include "absl/strings/str_cat.h"
#include "cli/exit_codes.h"
#include "cli/flags.h"
#include "cli/hub_call.h"
#include "cli/incidents/commands.h"
#include "cli/incidents/incident_checker.h"
#include "core/event/json_writer.h"

namespace tocsin::cli {
namespace {

constexpr char kExamples[] =
    "Examples:\n"
    "  tocsin incidents check                    after a restore, or an update of the hub\n"
    "  tocsin incidents check --histories 10000 --json | jq .differences\n\n"
    "It reads the whole log. Exit code 0: nothing differs; 1: something does.\n";

struct CheckChoices {
  size_t histories = 100;
  bool json = false;
};

std::string Quoted(const std::string& value) { return value.empty() ? "nothing" : value; }

void PrintText(const CheckReport& report) {
  const IncidentCheck::Result& incidents = report.incidents;
  std::cout << "compared      " << incidents.compared << " incidents with the log's "
            << report.events << " events, up to " << report.cursor << "\n"
            << "              " << report.histories
            << " of them with their events, timeline, notes and alerts\n"
            << "not compared  " << incidents.events_gone
            << " whose first events are no longer in the log\n"
            << "              " << incidents.dropped << " that are over and no longer kept\n"
            << "differ        " << report.differing() << '\n';
  for (const IncidentDifference& one : report.differences) {
    std::cout << "  " << one.incident_id << ' ' << one.field << ": the hub says "
              << Quoted(one.kept) << ", the log says " << Quoted(one.logged) << '\n';
  }
}

void PrintJson(const CheckReport& report) {
  const IncidentCheck::Result& incidents = report.incidents;
  std::string out = "{\"cursor\":";
  AppendJsonString(out, report.cursor);
  absl::StrAppend(&out, ",\"events\":", report.events, ",\"compared\":", incidents.compared,
                  ",\"histories_compared\":", report.histories,
                  ",\"events_gone\":", incidents.events_gone, ",\"dropped\":", incidents.dropped,
                  ",\"differing\":", report.differing(), ",\"differences\":[");
  const char* between = "";
  for (const IncidentDifference& one : report.differences) {
    out += between;
    between = ",";
    const std::pair<const char*, const std::string&> fields[] = {
        {"{\"incident_id\":", one.incident_id},
        {",\"field\":", one.field},
        {",\"kept\":", one.kept},
        {",\"logged\":", one.logged}};
    for (const auto& [name, value] : fields) {
      out += name;
      AppendJsonString(out, value);
    }
    out += '}';
  }
  std::cout << out << "]}\n";
}

int RunCheck(const Globals& globals, const CheckChoices& choices) {
  IncidentChecker checker(globals, choices.histories);
  const grpc::Status status = checker.Run();
  if (!status.ok()) return Tell(status, globals);
  choices.json ? PrintJson(checker.report()) : PrintText(checker.report());
  return checker.report().differing() == 0 ? kOk : kFailed;
}

}  // namespace

void AddIncidentsCheck(CLI::App& incidents, const Globals& globals, Run& chosen) {
  CLI::App* check = incidents.add_subcommand(
      "check", "Whether the incidents that the hub keeps are what its log says of them");
  auto choices = std::make_shared<CheckChoices>();
  AddCount(*check, "--histories", &choices->histories, 0, IncidentCheck::kMost,
           "Of so many incidents compare their events, timeline, notes and alerts too")
      ->default_str("100");
  AddOutput(*check, &choices->json);
  check->footer(kExamples);
  check->callback([&globals, &chosen, choices] {
    chosen = [&globals, choices] { return RunCheck(globals, *choices); };
  });
}

}  // namespace tocsin::cli
