// `tocsin verify`: its flags.
#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "cli/bench/bridge_url.h"
#include "cli/bench/target.h"
#include "cli/command.h"
#include "cli/exit_codes.h"
#include "cli/flags.h"
#include "cli/verify/feed.h"
#include "cli/verify/options.h"
#include "cli/verify/run.h"

namespace tocsin::cli {
namespace {

using verify::VerifyOptions;

constexpr char kAbout[] =
    "Examples:\n"
    "  tocsin verify                                     this machine's hub and bridge, 10 s\n"
    "  tocsin verify --duration 10m --rate 1000              longer; kill and restart them "
    "meanwhile\n"
    "  tocsin verify --hub hub.example.org:50051 --bridge ws://bridge.example.org:8080/ws --yes\n"
    "  tocsin verify --history run.jsonl; tocsin verify --judge run.jsonl --json | jq .guarantees\n"
    "\n"
    "It publishes events of its own and follows them over every transport, cuts its connections "
    "and\n"
    "resumes, reads the log back, and says of each guarantee (docs/guarantees.md) whether it "
    "held.\n"
    "The events stay in the log: 20 incidents of severity P3 and P4, closed in the end, actor\n"
    "'tocsin verify', source tocsin.verify, label tocsin_verify_run. Subscribers without a filter "
    "get\n"
    "them. Against another machine, --yes is needed. Exit code 0: all held; 6: one is broken.\n";

int AskForYes(const std::string& what) {
  return Fail(kUsage, absl::StrCat(what,
                                   " is not on loopback, and may be another machine's: verify "
                                   "publishes events there, which stay in its log. If that is "
                                   "meant, add --yes"));
}

int Verify(const Globals& globals, const VerifyOptions& options) {
  if (!options.judge.empty()) return verify::RunJudge(options);
  if (options.time > verify::kMostTime) return Fail(kUsage, "--duration: at most 24h");
  const auto bridge = bench::ParseBridgeUrl(options.bridge);
  if (!bridge.ok()) return Fail(kUsage, std::string(bridge.status().message()));
  if (!options.yes && !bench::IsThisMachine(globals.hub)) {
    return AskForYes(absl::StrCat("the hub at ", globals.hub));
  }
  if (!options.yes && options.uses_bridge() && !bench::IsThisMachine(verify::HostField(*bridge))) {
    return AskForYes(absl::StrCat("the bridge at ", options.bridge));
  }
  if (options.uses_bridge()) {
    if (const absl::Status token = bench::CheckToken(globals, *bridge); !token.ok()) {
      return Fail(kUsage, std::string(token.message()));
    }
  }
  return verify::RunVerify(globals, options, *bridge);
}

}  // namespace

void AddVerify(CLI::App& app, const Globals& globals, Run& chosen) {
  CLI::App* command = app.add_subcommand(
      "verify", "Whether this hub and bridge keep what Tocsin guarantees, under load and cuts");
  const auto options = std::make_shared<VerifyOptions>();
  command->add_option("--bridge", options->bridge, "Where the bridge is")
      ->type_name("URL")
      ->capture_default_str();
  AddTime(*command, "--duration", &options->time, verify::kMinTime, "How long to publish");
  AddCount(*command, "--rate", &options->rate, 1, verify::kMostRate, "Events a second");
  AddTime(*command, "--patience", &options->patience, verify::kMinTime,
          "How long hub or bridge may be away at a time");
  command
      ->add_option("--transports", options->transports,
                   absl::StrCat("Which to follow over: ", absl::StrJoin(verify::kTransports, ",")))
      ->type_name("LIST")
      ->delimiter(',')
      ->check(CLI::IsMember(verify::kTransports))
      ->default_str("all");
  command->add_option("--history", options->history, "Keep what was done and seen in this file")
      ->type_name("FILE");
  command
      ->add_option("--judge", options->judge,
                   "Publish nothing: judge a history that was recorded before")
      ->type_name("FILE");
  command->add_flag("--yes", options->yes, "Yes, against another machine");
  AddOutput(*command, &options->json);
  command->footer(kAbout);
  command->callback([&globals, &chosen, options] {
    chosen = [&globals, options] { return Verify(globals, *options); };
  });
}

}  // namespace tocsin::cli
