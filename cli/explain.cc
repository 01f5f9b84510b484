#include <cstring>
#include <fstream>
#include <iostream>
#include <memory>
#include <optional>

#include "absl/strings/str_cat.h"
#include "cli/command.h"
#include "cli/exit_codes.h"
#include "cli/explain_text.h"
#include "cli/flags.h"
#include "cli/hub_call.h"
#include "cli/jsonl.h"
#include "cli/sub_filter.h"
#include "cli/time_text.h"
#include "core/event/explain_json.h"
#include "core/event/limits.h"

namespace tocsin::cli {
namespace {

constexpr char kExamples[] =
    "Examples:\n"
    "  tocsin explain --severities P0,P1                     the last 100 events: what stopped "
    "each\n"
    "  tocsin explain --label env=production --show matching --last 1000\n"
    "  tocsin sub --output json --count 1 | tocsin explain --active-only --event -\n"
    "  tocsin explain --session UUID                         where a live subscriber stands\n\n"
    "The filter's flags are those of tocsin sub. A session's id is in the response headers of a "
    "gRPC stream (tocsin-session).\n";

struct ExplainChoices {
  FilterFlags filter;
  std::vector<std::string> require;
  std::string event;
  size_t last = 0;
  std::string session;
  std::string show = "all";
  bool json = false;
};

absl::Status CheckChoices(const ExplainChoices& choices) {
  const int asked =
      int{!choices.event.empty()} + int{choices.last > 0} + int{!choices.session.empty()};
  if (asked > 1) {
    return absl::InvalidArgumentError(
        "--event, --last and --session do not go together; give one of them");
  }
  if (choices.show != "all" && (!choices.event.empty() || !choices.session.empty())) {
    return absl::InvalidArgumentError("--show chooses among the last events; it goes with --last");
  }
  return absl::OkStatus();
}

absl::StatusOr<v1::ExplainRequest> RequestOf(const ExplainChoices& choices) {
  if (absl::Status bad = CheckChoices(choices); !bad.ok()) return bad;
  const auto filter = MakeFilter(choices.filter);
  if (!filter.ok()) return filter.status();
  const auto required = MakeRequired(choices.require);
  if (!required.ok()) return required.status();
  v1::ExplainRequest request;
  if (filter->ByteSizeLong() > 0) *request.mutable_filter() = *filter;
  request.mutable_require()->Add(required->begin(), required->end());
  if (!choices.session.empty()) {
    request.set_session_id(choices.session);
    if (request.has_filter() || request.require_size() > 0) {
      return absl::InvalidArgumentError("a session has its own filters; --session takes none");
    }
  } else if (choices.event.empty()) {
    request.set_last(choices.last > 0 ? static_cast<uint32_t>(choices.last) : 100);
    if (choices.show == "matching") request.set_show(v1::ExplainRequest::SHOW_MATCHING);
    if (choices.show == "not-matching") request.set_show(v1::ExplainRequest::SHOW_NOT_MATCHING);
  }
  return request;
}

void Print(const Globals& globals, const v1::ExplainRequest& request,
           const v1::ExplainResponse& response, bool json) {
  std::string out;
  if (json) {
    AppendJsonExplainResponse(out, response);
    out += '\n';
  } else if (response.has_session()) {
    out = SessionText(response.session(), absl::Now(), ZoneOf(globals));
  } else if (request.has_event()) {
    for (const v1::Explanation& explanation : response.explanations()) {
      out += EventExplanationText(explanation);
    }
  } else {
    out = ExplanationsText(response);
  }
  std::cout << out;
}

int Ask(const Globals& globals, const v1::ExplainRequest& request, bool json) {
  v1::ExplainResponse response;
  const grpc::Status status = CallHub(globals, &v1::EventHub::Stub::Explain, request, response);
  if (!status.ok()) return Tell(status, globals);
  Print(globals, request, response, json);
  return kOk;
}

// The events of a file, one a line, each by itself.
int AskForEvents(const Globals& globals, v1::ExplainRequest request, std::istream& in,
                 const std::string& name, bool json) {
  JsonLines lines(in, name);
  bool any = false;
  while (true) {
    auto event = lines.Next();
    if (!event.ok()) return Fail(kRefused, std::string(event.status().message()));
    if (!event->has_value()) break;
    any = true;
    *request.mutable_event() = *std::move(*event);
    if (const int code = Ask(globals, request, json); code != kOk) return code;
  }
  return any ? kOk : Fail(kUsage, absl::StrCat(name, " holds no event"));
}

int RunExplain(const Globals& globals, const ExplainChoices& choices) {
  auto request = RequestOf(choices);
  if (!request.ok()) return Fail(kUsage, std::string(request.status().message()));
  if (choices.event.empty()) return Ask(globals, *request, choices.json);
  if (choices.event == "-") {
    return AskForEvents(globals, *std::move(request), std::cin, "stdin", choices.json);
  }
  std::ifstream file(choices.event);
  if (!file) {
    return Fail(kFailed, absl::StrCat("cannot read ", choices.event, ": ", std::strerror(errno)));
  }
  return AskForEvents(globals, *std::move(request), file, choices.event, choices.json);
}

}  // namespace

void AddExplain(CLI::App& app, const Globals& globals, Run& chosen) {
  CLI::App* explain =
      app.add_subcommand("explain", "Which field of a filter let events through or stopped them");
  auto choices = std::make_shared<ExplainChoices>();
  AddFilterFlags(*explain, choices->filter, "Filter");
  AddRequire(*explain, &choices->require, "Filter");
  explain
      ->add_option("--event", choices->event,
                   "Explain the events of a file, a JSON object a line; -: stdin")
      ->type_name("FILE");
  AddCount(*explain, "--last", &choices->last, 1, limits::kExplainEvents,
           "Explain the last so many events of the log")
      ->default_str("100");
  explain->add_option("--session", choices->session, "Tell where this live subscriber stands")
      ->type_name("UUID");
  AddChoice(*explain, "--show", &choices->show, {"all", "matching", "not-matching"},
            "Of the last events: which");
  AddOutput(*explain, &choices->json);
  explain->footer(kExamples);
  explain->callback([&globals, &chosen, choices] {
    chosen = [&globals, choices] { return RunExplain(globals, *choices); };
  });
}

}  // namespace tocsin::cli
