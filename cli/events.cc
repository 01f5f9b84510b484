#include <algorithm>
#include <iostream>
#include <memory>

#include "absl/strings/str_cat.h"
#include "cli/color.h"
#include "cli/command.h"
#include "cli/event_text.h"
#include "cli/exit_codes.h"
#include "cli/flags.h"
#include "cli/hub_call.h"
#include "cli/since.h"
#include "cli/sub_filter.h"
#include "cli/time_text.h"
#include "core/event/cursor.h"
#include "core/event/json_writer.h"
#include "core/event/text.h"
#include "core/event/uuid.h"

namespace tocsin::cli {
namespace {

constexpr char kExamples[] =
    "Examples:\n"
    "  tocsin events --incident UUID                          its history\n"
    "  tocsin events --since 1h --severities P0,P1            the last hour\n"
    "  tocsin events --since 03:00 --until 04:30 --label env=production\n"
    "  tocsin events --newest-first --limit 20 --json | jq .type\n\n"
    "A time without a zone is in your own, or in UTC with --utc. tocsin sub goes on as events "
    "happen.\n";

constexpr size_t kMostACall = 1'000;

struct EventsChoices {
  FilterFlags filter;
  std::vector<std::string> require;
  std::string incident;
  std::string since;
  std::string until;
  std::string color = "auto";
  size_t limit = 100;
  bool newest_first = false;
  bool show_cursor = false;
  bool json = false;
};

// A time as people write it, or a cursor, as a start of the protocol's.
absl::StatusOr<std::string> PlaceOf(const std::string& text, const std::string& flag,
                                    const Globals& globals) {
  if (text.empty()) return text;
  const auto moment = ParseMoment(text, absl::Now(), ZoneOf(globals));
  if (moment.ok()) return FormatStartPoint(*moment);
  if (ParseStartPoint(text, flag).ok()) return text;
  return absl::InvalidArgumentError(
      absl::StrCat(flag, " ", moment.status().message(), ", or a cursor"));
}

absl::StatusOr<v1::ListEventsRequest> RequestOf(const Globals& globals, EventsChoices choices) {
  if (!choices.incident.empty()) {
    if (!IsUuid(choices.incident)) {
      return absl::InvalidArgumentError(
          absl::StrCat("--incident ", Quote(choices.incident), " is no UUID"));
    }
    choices.filter.incident_ids.push_back(choices.incident);
  }
  const auto filter = MakeFilter(choices.filter);
  if (!filter.ok()) return filter.status();
  const auto required = MakeRequired(choices.require);
  if (!required.ok()) return required.status();
  const auto from = PlaceOf(choices.since, "--since", globals);
  if (!from.ok()) return from.status();
  const auto to = PlaceOf(choices.until, "--until", globals);
  if (!to.ok()) return to.status();
  v1::ListEventsRequest request;
  *request.mutable_filter() = *filter;
  request.mutable_require()->Add(required->begin(), required->end());
  request.set_from(*from);
  request.set_to(*to);
  request.set_newest_first(choices.newest_first);
  return request;
}

void Print(const Globals& globals, const EventsChoices& choices,
           const v1::ListEventsResponse& response) {
  const TextStyle style{
      .zone = ZoneOf(globals), .color = UseColor(choices.color), .cursor = choices.show_cursor};
  std::string line;
  for (const v1::Event& event : response.events()) {
    line.clear();
    if (choices.json) {
      AppendJsonEvent(line, event);
    } else {
      line = EventText(event, style);
    }
    std::cout << line << '\n';
  }
}

// Page by page; a page may be short and not the last.
int List(const Globals& globals, const EventsChoices& choices, v1::ListEventsRequest request) {
  size_t left = choices.limit;
  while (left > 0) {
    request.set_limit(static_cast<uint32_t>(std::min(left, kMostACall)));
    v1::ListEventsResponse response;
    const grpc::Status status =
        CallHub(globals, &v1::EventHub::Stub::ListEvents, request, response);
    if (!status.ok()) return Tell(status, globals);
    Print(globals, choices, response);
    left -= std::min(left, static_cast<size_t>(response.events_size()));
    if (response.next_page_token().empty()) return kOk;
    request.set_page_token(response.next_page_token());
  }
  std::cerr << "tocsin: these are the first " << choices.limit
            << "; --limit gives more, --newest-first begins at the other end\n";
  return kOk;
}

int RunEvents(const Globals& globals, const EventsChoices& choices) {
  auto request = RequestOf(globals, choices);
  if (!request.ok()) return Fail(kUsage, std::string(request.status().message()));
  return List(globals, choices, *std::move(request));
}

}  // namespace

void AddEvents(CLI::App& app, const Globals& globals, Run& chosen) {
  CLI::App* events = app.add_subcommand("events", "The events of an incident, or of a time");
  auto choices = std::make_shared<EventsChoices>();
  AddFilterFlags(*events, choices->filter, "Filter");
  AddRequire(*events, &choices->require, "Filter");
  events->add_option("--incident", choices->incident, "Only this incident's")
      ->type_name("UUID")
      ->group("Filter");
  events
      ->add_option("--since", choices->since, "From when on: 1h (ago), 03:00, 2026-01-02, a cursor")
      ->type_name("TIME");
  events->add_option("--until", choices->until, "Up to when")->type_name("TIME");
  events->add_flag("--newest-first", choices->newest_first, "From the end backwards");
  AddCount(*events, "--limit", &choices->limit, 1, 1'000'000, "At most so many");
  AddChoice(*events, "--color", &choices->color, {"auto", "always", "never"},
            "Colours by severity");
  events->add_flag("--show-cursor", choices->show_cursor, "End each line with its cursor");
  AddOutput(*events, &choices->json);
  events->footer(kExamples);
  events->callback([&globals, &chosen, choices] {
    chosen = [&globals, choices] { return RunEvents(globals, *choices); };
  });
}

}  // namespace tocsin::cli
