// The set of incidents comes from one stream: a snapshot, every change after it, and what leaves.
// When the stream breaks, the next one begins with a snapshot again, which replaces the set; what
// changed meanwhile is told by the difference. So the set is right whatever happened.
#include <unistd.h>

#include <iostream>
#include <memory>

#include "absl/strings/str_cat.h"
#include "cli/client.h"
#include "cli/color.h"
#include "cli/exit_codes.h"
#include "cli/flags.h"
#include "cli/incidents/commands.h"
#include "cli/incidents/watch_view.h"
#include "cli/interrupt.h"
#include "cli/output.h"
#include "cli/sub_filter.h"
#include "cli/time_text.h"
#include "cli/token_patience.h"
#include "core/rpc/grpc_link.h"
#include "core/rpc/hub_error.h"
#include "core/rpc/hub_loop.h"
#include "core/rpc/hub_stream.h"

namespace tocsin::cli {
namespace {

constexpr char kExamples[] =
    "Examples:\n"
    "  tocsin incidents watch --active-only                  what is going on, as it changes\n"
    "  tocsin incidents watch --severities P0,P1 --label env=production --active-only\n"
    "  tocsin incidents watch --active-only --json | jq -r .change\n\n"
    "On a terminal a table is drawn in place, the worst first; else there is a line for each "
    "change.\n"
    "When the connection is lost it says so, and comes back by itself. Ctrl-C ends it.\n";

constexpr absl::Duration kTick = absl::Milliseconds(100);

class Watcher final : rpc::HubStream::Owner {
 public:
  Watcher(const Globals& globals, const v1::SubscribeRequest& request, WatchView& view,
          Interrupt& interrupt)
      : globals_(globals),
        view_(view),
        interrupt_(interrupt),
        link_(loop_, OpenChannel(globals), globals.token),
        stream_(link_, request, *this) {
    status_.hub = globals.hub;
    status_.since = absl::Now();
    status_.problem = "connecting";
  }

  // How it ended. The text is for when the terminal is as it was.
  Failure Run() {
    const Interrupt::Guard guard(interrupt_, [this] { loop_.Stop(); });
    loop_.After(globals_.timeout, [this] {
      if (!was_connected_) loop_.Stop();
    });
    stream_.Next();
    Tick();
    loop_.Run();
    stream_.Close();
    if (interrupt_.Raised()) return {kInterrupted, ""};
    if (set_.overflown()) return TooMany();
    if (written_) return FailureOf(end_, globals_.hub);
    return ReaderHasGone() ? Failure{kOk, ""} : Failure{kFailed, "cannot write the output"};
  }

 private:
  absl::Status OnResponse(const grpc::ByteBuffer& response) override {
    v1::SubscribeResponse parsed;
    if (absl::Status read = rpc::ParseResponse(response, parsed); !read.ok()) return read;
    was_connected_ = status_.connected = true;
    patience_.Answered();
    Written(view_.Show(set_, set_.Apply(parsed)));
    if (set_.overflown()) {
      loop_.Stop();
    } else {
      stream_.Next();
    }
    return absl::OkStatus();
  }

  bool OnEnd(const grpc::Status& status) override {
    end_ = status;
    set_.Broken();
    if (!patience_.MayTryAgain(status, globals_)) {
      loop_.Stop();
      return false;
    }
    if (status_.connected) status_.since = absl::Now();
    status_.connected = false;
    status_.problem = WhyLost(status);
    return true;
  }

  void Tick() {
    Written(view_.Tick(set_, status_, absl::Now()) && !ReaderHasGone());
    loop_.After(kTick, [this] { Tick(); });
  }

  void Written(bool ok) {
    if (ok) return;
    written_ = false;
    loop_.Stop();
  }

  static Failure TooMany() {
    return {kRefused, absl::StrCat("more than ", IncidentSet::kMost,
                                   " incidents match; narrow the filter: --active-only, "
                                   "--severities, --label")};
  }

  const Globals globals_;
  WatchView& view_;
  Interrupt& interrupt_;
  IncidentSet set_;
  WatchStatus status_;
  rpc::HubLoop loop_;
  rpc::GrpcLink link_;
  rpc::HubStream stream_;
  grpc::Status end_{grpc::StatusCode::DEADLINE_EXCEEDED, "no answer"};
  bool was_connected_ = false;
  TokenPatience patience_;
  bool written_ = true;
};

struct WatchChoices {
  FilterFlags filter;
  std::vector<std::string> require;
  std::string color = "auto";
  bool json = false;
};

absl::StatusOr<v1::SubscribeRequest> RequestOf(const WatchChoices& choices) {
  const auto filter = MakeFilter(choices.filter);
  if (!filter.ok()) return filter.status();
  const auto required = MakeRequired(choices.require);
  if (!required.ok()) return required.status();
  v1::SubscribeRequest request;
  *request.mutable_filter() = *filter;
  request.mutable_require()->Add(required->begin(), required->end());
  request.set_snapshot(true);
  request.set_label("tocsin-watch");
  return request;
}

std::unique_ptr<WatchView> MakeView(const Globals& globals, const WatchChoices& choices) {
  if (choices.json) return MakeJsonView(std::cout);
  const WatchStyle style{ZoneOf(globals), UseColor(choices.color)};
  return isatty(STDOUT_FILENO) != 0 ? MakeTableView(std::cout, style, SizeOfTerminal)
                                    : MakeLineView(std::cout, style);
}

int RunWatch(const Globals& globals, const WatchChoices& choices) {
  const auto request = RequestOf(choices);
  if (!request.ok()) return Fail(kUsage, std::string(request.status().message()));
  Interrupt interrupt;
  std::unique_ptr<WatchView> view = MakeView(globals, choices);
  const Failure end = Watcher(globals, *request, *view, interrupt).Run();
  view.reset();  // the terminal is as it was
  return end.text.empty() ? end.exit_code : Fail(end.exit_code, end.text);
}

}  // namespace

void AddIncidentsWatch(CLI::App& incidents, const Globals& globals, Run& chosen) {
  CLI::App* watch =
      incidents.add_subcommand("watch", "The incidents that match a filter, as they change");
  auto choices = std::make_shared<WatchChoices>();
  AddFilterFlags(*watch, choices->filter, "Filter", FilterOf::kIncidents);
  AddRequire(*watch, &choices->require, "Filter");
  AddChoice(*watch, "--color", &choices->color, {"auto", "always", "never"}, "Colours by severity");
  AddOutput(*watch, &choices->json);
  watch->footer(kExamples);
  watch->callback([&globals, &chosen, choices] {
    chosen = [&globals, choices] { return RunWatch(globals, *choices); };
  });
}

}  // namespace tocsin::cli
