#include <unistd.h>

#include <iostream>
#include <memory>

#include "absl/strings/str_cat.h"
#include "cli/color.h"
#include "cli/exit_codes.h"
#include "cli/flags.h"
#include "cli/hub_call.h"
#include "cli/incidents/commands.h"
#include "cli/incidents/incident_table.h"
#include "cli/incidents/screen.h"
#include "cli/sub_filter.h"
#include "core/event/json_writer.h"
#include "core/event/limits.h"

namespace tocsin::cli {
namespace {

constexpr char kExamples[] =
    "Examples:\n"
    "  tocsin incidents list --active-only                    what is going on, the last changed "
    "first\n"
    "  tocsin incidents list --severities P0,P1 --sort severity --limit 10\n"
    "  tocsin incidents list --label env=production --all --json | jq -r '.incidents[].id'\n";

constexpr size_t kMostOnAPage = 1'000;

struct ListChoices {
  FilterFlags filter;
  std::vector<std::string> require;
  std::string sort = "updated";
  std::string color = "auto";
  std::string page;
  size_t limit = 50;
  bool ascending = false;
  bool all = false;
  bool json = false;
};

v1::IncidentOrder OrderOf(const std::string& sort) {
  return sort == "created"    ? v1::INCIDENT_ORDER_CREATED_AT
         : sort == "severity" ? v1::INCIDENT_ORDER_SEVERITY
                              : v1::INCIDENT_ORDER_UPDATED_AT;
}

absl::StatusOr<v1::ListIncidentsRequest> RequestOf(const ListChoices& choices) {
  const auto filter = MakeFilter(choices.filter);
  if (!filter.ok()) return filter.status();
  const auto required = MakeRequired(choices.require);
  if (!required.ok()) return required.status();
  v1::ListIncidentsRequest request;
  *request.mutable_filter() = *filter;
  request.mutable_require()->Add(required->begin(), required->end());
  request.set_order(OrderOf(choices.sort));
  request.set_ascending(choices.ascending);
  request.set_page_size(static_cast<uint32_t>(choices.all ? kMostOnAPage : choices.limit));
  request.set_page_token(choices.page);
  return request;
}

// One page, or with --all every page as one.
grpc::Status List(const Globals& globals, v1::ListIncidentsRequest request, bool all,
                  v1::ListIncidentsResponse& response) {
  grpc::Status status = CallHub(globals, &v1::EventHub::Stub::ListIncidents, request, response);
  while (status.ok() && all && !response.next_page_token().empty()) {
    request.set_page_token(response.next_page_token());
    v1::ListIncidentsResponse next;
    status = CallHub(globals, &v1::EventHub::Stub::ListIncidents, request, next);
    response.mutable_incidents()->Add(next.incidents().begin(), next.incidents().end());
    response.set_next_page_token(next.next_page_token());
  }
  return status;
}

void PrintJson(const v1::ListIncidentsResponse& response) {
  std::string out = "{\"incidents\":[";
  const char* between = "";
  for (const v1::Incident& incident : response.incidents()) {
    out += between;
    AppendJsonIncident(out, incident);
    between = ",";
  }
  absl::StrAppend(&out, "],\"total\":", response.total(),
                  ",\"total_is_at_least\":", response.total_is_at_least() ? "true" : "false",
                  ",\"next_page_token\":");
  AppendJsonString(out, response.next_page_token());
  out += ",\"cursor\":";
  AppendJsonString(out, response.cursor());
  std::cout << out << "}\n";
}

void PrintTable(const ListChoices& choices, const v1::ListIncidentsResponse& response) {
  const bool terminal = isatty(STDOUT_FILENO) != 0;
  const IncidentTable table(terminal ? SizeOfTerminal().columns : 0, UseColor(choices.color));
  if (response.incidents_size() > 0) std::cout << table.Head() << '\n';
  const absl::Time now = absl::Now();
  for (const v1::Incident& incident : response.incidents()) {
    std::cout << table.Row(incident, now) << '\n';
  }
  std::cout << response.incidents_size() << " of "
            << (response.total_is_at_least() ? "at least " : "") << response.total()
            << " incidents\n";
  if (!response.next_page_token().empty()) {
    std::cout << "The next page: add --page " << response.next_page_token() << '\n';
  }
}

int RunList(const Globals& globals, const ListChoices& choices) {
  if (choices.all && !choices.page.empty()) {
    return Fail(kUsage, "--all and --page do not go together: all begins with the first");
  }
  const auto request = RequestOf(choices);
  if (!request.ok()) return Fail(kUsage, std::string(request.status().message()));
  v1::ListIncidentsResponse response;
  const grpc::Status status = List(globals, *request, choices.all, response);
  if (!status.ok()) return Tell(status, globals);
  choices.json ? PrintJson(response) : PrintTable(choices, response);
  return kOk;
}

}  // namespace

void AddIncidentsList(CLI::App& incidents, const Globals& globals, Run& chosen) {
  CLI::App* list = incidents.add_subcommand("list", "The incidents that match a filter now");
  auto choices = std::make_shared<ListChoices>();
  AddFilterFlags(*list, choices->filter, "Filter", FilterOf::kIncidents);
  AddRequire(*list, &choices->require, "Filter");
  AddChoice(*list, "--sort", &choices->sort, {"updated", "created", "severity"},
            "The last first; by severity: the worst first");
  list->add_flag("--ascending", choices->ascending, "The other way round");
  AddCount(*list, "--limit", &choices->limit, 1, kMostOnAPage, "At most so many");
  list->add_option("--page", choices->page, "Go on with the page that the last answer named")
      ->type_name("TOKEN");
  list->add_flag("--all", choices->all, "Every page");
  AddChoice(*list, "--color", &choices->color, {"auto", "always", "never"}, "Colours by severity");
  AddOutput(*list, &choices->json);
  list->footer(kExamples);
  list->callback([&globals, &chosen, choices] {
    chosen = [&globals, choices] { return RunList(globals, *choices); };
  });
}

}  // namespace tocsin::cli
