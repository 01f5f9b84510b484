#include <iostream>
#include <memory>

#include "absl/strings/str_cat.h"
#include "cli/command.h"
#include "cli/exit_codes.h"
#include "cli/flags.h"
#include "cli/hub_call.h"
#include "cli/pub_event.h"
#include "core/event/json_writer.h"

namespace tocsin::cli {
namespace {

constexpr char kExamples[] =
    "Examples:\n"
    "  tocsin alert --title \"API gateway down\" --severity P0 --source prometheus --service "
    "api-gateway\n"
    "  tocsin alert --title \"API gateway down\" --severity P0 --source prometheus --service "
    "api-gateway --status Resolved\n"
    "  tocsin alert --title \"disk full\" --severity P1 --source cron --fingerprint disk-db-1 "
    "--json | jq -r .incident_id\n\n"
    "Alerts with the same fingerprint (else: the same source, type, title and services) belong to "
    "one incident.\nA resolved one resolves it when no other of its alerts is firing.\n";

struct AlertChoices {
  bool state_report = false;
  bool json = false;
};

// Those of `pub alert-received` that say something of the alert.
template <class Each>
void ForEachFlag(Each each) {
  for (const PubFlag& flag : PubFlags()) {
    if (flag.place == PubFlag::Place::kAlert &&
        (flag.types & uint32_t{1} << v1::EVENT_TYPE_ALERT_RECEIVED) != 0) {
      each(flag);
    }
  }
}

std::string AlertText(const v1::SubmitAlertResponse& response) {
  const std::string alert = absl::StrCat("alert ", response.alert_id());
  if (response.duplicate()) {
    return absl::StrCat("duplicate of ", alert,
                        response.incident_id().empty() ? "" : " incident=", response.incident_id());
  }
  if (response.incident_id().empty()) {
    return absl::StrCat(alert, " taken; no active incident is known that it belongs to");
  }
  return absl::StrCat(alert, response.opened() ? " opened" : " belongs to", " incident ",
                      response.incident_id());
}

std::string AlertJson(const v1::SubmitAlertResponse& response) {
  std::string out;
  const auto text = [&](const char* name, const std::string& value) {
    absl::StrAppend(&out, out.empty() ? "{\"" : ",\"", name, "\":");
    AppendJsonString(out, value);
  };
  const auto flag = [&](const char* name, bool value) {
    absl::StrAppend(&out, ",\"", name, "\":", value ? "true" : "false");
  };
  text("alert_id", response.alert_id());
  text("incident_id", response.incident_id());
  text("cursor", response.cursor());
  flag("opened", response.opened());
  flag("duplicate", response.duplicate());
  return out + "}";
}

int RunAlert(const Globals& globals, const AlertChoices& choices, const GivenFlags& given) {
  auto event = MakeEvent(v1::EVENT_TYPE_ALERT_RECEIVED, given);
  if (!event.ok()) return Fail(kUsage, std::string(event.status().message()));
  v1::SubmitAlertRequest request;
  request.mutable_alert()->Swap(event->mutable_alert_received()->mutable_alert());
  // An id of its own, so that trying again while the hub is away submits it once.
  if (request.alert().id().empty()) request.mutable_alert()->set_id(event->id());
  request.set_state_report(choices.state_report);
  v1::SubmitAlertResponse response;
  const grpc::Status status = CallHub(globals, &v1::EventHub::Stub::SubmitAlert, request, response);
  if (!status.ok()) return Tell(status, globals);
  std::cout << (choices.json ? AlertJson(response) : AlertText(response)) << '\n';
  return kOk;
}

GivenFlags FlagsGiven(const CLI::App& app) {
  GivenFlags given;
  ForEachFlag([&](const PubFlag& flag) {
    const auto& results = app.get_option(absl::StrCat("--", flag.name))->results();
    if (!results.empty()) given[flag.name] = results;
  });
  return given;
}

}  // namespace

void AddAlert(CLI::App& app, const Globals& globals, Run& chosen) {
  CLI::App* alert =
      app.add_subcommand("alert", "Submit an alert, which may open an incident or resolve one");
  auto choices = std::make_shared<AlertChoices>();
  ForEachFlag([&](const PubFlag& flag) {
    alert->add_option(absl::StrCat("--", flag.name))
        ->type_name(flag.placeholder)
        ->allow_extra_args(false)
        ->description(flag.help)
        ->group("The alert")
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  });
  alert->add_flag("--state-report", choices->state_report,
                  "Sent again and again: what changes nothing is a duplicate");
  AddOutput(*alert, &choices->json);
  alert->footer(kExamples);
  alert->callback([&globals, &chosen, choices, alert] {
    chosen = [&globals, choices, given = FlagsGiven(*alert)] {
      return RunAlert(globals, *choices, given);
    };
  });
}

}  // namespace tocsin::cli
