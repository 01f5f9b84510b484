#include <iostream>
#include <limits>
#include <memory>

#include "absl/strings/str_cat.h"
#include "cli/color.h"
#include "cli/command.h"
#include "cli/exit_codes.h"
#include "cli/flags.h"
#include "cli/follow.h"
#include "cli/interrupt.h"
#include "cli/sub_filter.h"
#include "cli/time_text.h"
#include "core/event/cursor.h"
#include "core/event/limits.h"
#include "core/event/text.h"

namespace tocsin::cli {
namespace {

constexpr char kExamples[] =
    "Examples:\n"
    "  tocsin sub --severities P0,P1                      the worst, as they happen\n"
    "  tocsin sub --label env=production --active-only    only this label, only what is not "
    "resolved\n"
    "  tocsin sub --from earliest --until-caught-up       all that is held, then end\n"
    "  tocsin sub --from 2026-01-02T03:00:00Z             since then\n"
    "  tocsin sub --from earliest --latest-only           how each incident stands, then what "
    "follows\n"
    "  tocsin sub --from earliest --priority              what is Critical or High first\n"
    "  tocsin sub --output json | jq .incident.title\n\n"
    "A list is repeated or joined by commas. Flags are joined by AND, the values of one by OR, "
    "labels by AND.\n"
    "After a cut it goes on from the last cursor by itself. Ctrl-C prints the cursor to go on "
    "from.\n";

struct SubChoices {
  FilterFlags filter;
  std::vector<std::string> require;
  bool snapshot = false;
  bool leaves = false;
  bool priority = false;
  bool latest_only = false;
  std::string from = "latest";
  std::string on_gap = "fail";
  std::string output = "text";
  std::string color = "auto";
  std::string name = "tocsin-sub";
  size_t count = 0;
  bool until_caught_up = false;
  bool show_cursor = false;
};

absl::StatusOr<FollowOptions> OptionsOf(const Globals& globals, const SubChoices& choices) {
  const auto filter = MakeFilter(choices.filter);
  if (!filter.ok()) return filter.status();
  const auto required = MakeRequired(choices.require);
  if (!required.ok()) return required.status();
  if (choices.from.empty()) {
    return absl::InvalidArgumentError(
        "--from is empty; give a cursor, earliest, latest, or a time as RFC 3339 writes it");
  }
  const auto start = ParseResumePoint(choices.from, "--from");
  if (!start.ok()) return start.status();
  FollowOptions options;
  *options.request.mutable_filter() = *filter;
  options.request.mutable_require()->Add(required->begin(), required->end());
  options.request.set_snapshot(choices.snapshot);
  options.request.set_leaves(choices.leaves);
  options.request.set_priority(choices.priority);
  options.request.set_latest_only(choices.latest_only);
  options.request.set_from(choices.from);
  options.request.set_on_gap(choices.on_gap == "notify" ? v1::ON_GAP_NOTIFY : v1::ON_GAP_FAIL);
  options.request.set_label(choices.name);
  options.json = choices.output == "json";
  options.style = {
      .zone = ZoneOf(globals), .color = UseColor(choices.color), .cursor = choices.show_cursor};
  options.count = choices.count;
  options.until_caught_up = choices.until_caught_up;
  return options;
}

int RunSub(const Globals& globals, const SubChoices& choices) {
  const auto options = OptionsOf(globals, choices);
  if (!options.ok()) return Fail(kUsage, std::string(options.status().message()));
  std::ios::sync_with_stdio(false);
  Interrupt interrupt;
  return Follow(globals, *options, interrupt, std::cout);
}

}  // namespace

void AddSub(CLI::App& app, const Globals& globals, Run& chosen) {
  CLI::App* sub =
      app.add_subcommand("sub", "Print events as they happen, or from a place in the log");
  auto choices = std::make_shared<SubChoices>();
  AddFilterFlags(*sub, choices->filter, "Filter");
  AddRequire(*sub, &choices->require, "Filter");
  sub->add_option("--from", choices->from,
                  "A cursor, earliest, latest, or a time as RFC 3339 writes it")
      ->type_name("START")
      ->capture_default_str();
  sub->add_flag("--snapshot", choices->snapshot,
                "First the incidents that match now; then also what leaves them");
  sub->add_flag("--leaves", choices->leaves,
                "Tell of each incident that matched before an event and does not after it");
  sub->add_flag("--priority", choices->priority,
                "While it is behind, Critical and High events before the others");
  sub->add_flag("--latest-only", choices->latest_only,
                "While it is behind, only the newest event of each incident, with the number that "
                "was passed over");
  AddChoice(*sub, "--on-gap", &choices->on_gap, {"fail", "notify"},
            "When events asked for are no longer there: end, or say so and go on");
  AddChoice(*sub, "--output", &choices->output, {"text", "json"},
            "Lines for people, or a JSON object a line");
  AddChoice(*sub, "--color", &choices->color, {"auto", "always", "never"}, "Colours by severity");
  AddCount(*sub, "--count", &choices->count, 1, std::numeric_limits<size_t>::max() / 2,
           "End after so many events")
      ->default_str("");
  sub->add_flag("--until-caught-up", choices->until_caught_up,
                "End when all that is in the log has been printed");
  sub->add_flag("--show-cursor", choices->show_cursor, "End each line with its cursor");
  sub->add_option("--name", choices->name, "What the hub's metrics call this subscriber")
      ->type_name("TEXT")
      ->capture_default_str()
      ->check([](const std::string& name) {
        return CharCount(name) <= limits::kSubscriberLabelChars
                   ? ""
                   : absl::StrCat("at most ", limits::kSubscriberLabelChars, " characters");
      });
  sub->footer(kExamples);
  sub->callback([&globals, &chosen, choices] {
    chosen = [&globals, choices] { return RunSub(globals, *choices); };
  });
}

}  // namespace tocsin::cli
