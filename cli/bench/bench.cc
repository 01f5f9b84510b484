// `tocsin bench`: its three commands, and the flags that they share.
#include <iostream>
#include <memory>

#include "absl/strings/str_cat.h"
#include "cli/bench/options.h"
#include "cli/bench/run.h"
#include "cli/bench/target.h"
#include "cli/command.h"
#include "cli/exit_codes.h"
#include "cli/flags.h"
#include "core/event/limits.h"

namespace tocsin::cli {
namespace {

using bench::BenchOptions;
using bench::Kind;

constexpr char kAbout[] =
    "The events are marked: alerts of severity P4 and priority Low, source tocsin.bench, label "
    "tocsin_bench_run.\n"
    "They stay in the hub's log like all others. Against another machine, --yes is needed.\n";

constexpr char kBenchExamples[] =
    "Examples:\n"
    "  tocsin bench pub                       how fast this hub takes events, and how late it "
    "answers\n"
    "  tocsin bench sub --subscribers 100     how late they reach gRPC subscribers\n"
    "  tocsin bench ws --subscribers 1000     the same through the bridge\n\n";

constexpr char kPubExamples[] =
    "Examples:\n"
    "  tocsin bench pub --duration 30s                    as fast as 256 in flight go\n"
    "  tocsin bench pub --in-flight 1                     one at a time: the delay of one event\n"
    "  tocsin bench pub --batch 100 --in-flight 10000     a hundred events a message\n"
    "  tocsin bench pub --rate 5000/s --output json       latency at a steady rate\n"
    "  tocsin bench pub --unary                           calls in place of one stream\n\n";

constexpr char kSubExamples[] =
    "Examples:\n"
    "  tocsin bench sub --subscribers 1000 --rate 100/s   latency at a steady rate\n"
    "  tocsin bench sub --subscribers 100 --rate 0        as many deliveries as it goes\n"
    "  tocsin bench sub --listen --severities P0,P1       what others publish: how much comes\n\n";

constexpr char kWsExamples[] =
    "Examples:\n"
    "  tocsin bench ws --subscribers 1000 --rate 100/s    latency at a steady rate\n"
    "  tocsin bench ws --subscribers 100 --rate 0         as many deliveries as it goes\n"
    "  tocsin bench ws --bridge ws://bridge.example.org:8080/ws --hub hub.example.org:50051 "
    "--yes\n\n";

void AddLoad(CLI::App& app, BenchOptions& options) {
  app.add_option("--rate", options.rate,
                 "Events a second: 100/s, 300/m; 0: as fast as --in-flight lets them")
      ->type_name("RATE")
      ->default_str(options.rate)
      ->group("The load");
  AddCount(app, "--in-flight", &options.in_flight, 1, bench::kMostInFlight,
           options.kind == Kind::kPub ? "Events that wait for their answer at a time"
                                      : "Events that are not yet with every subscriber at a time")
      ->group("The load");
  AddCount(app, "--batch", &options.batch, 1, limits::kPublishEvents, "Events a message")
      ->group("The load");
  AddTime(app, "--duration", &options.duration, bench::kMinDuration,
          "How long; without a bound when --events is given alone")
      ->group("The load");
  AddCount(app, "--events", &options.events, 0, bench::kMostEvents,
           "End after so many; 0: no bound")
      ->group("The load");
}

void AddEvents(CLI::App& app, BenchOptions& options) {
  AddSize(app, "--size", &options.payload_bytes, 0, bench::kMostPayload,
          "Text in an event, besides its some 200 bytes of fields")
      ->group("The events");
  app.add_option("--source", options.source, "Their source")
      ->type_name("TEXT")
      ->capture_default_str()
      ->group("The events");
  app.add_option("--resource", options.resource, "The service that they are about")
      ->type_name("TEXT")
      ->capture_default_str()
      ->group("The events");
}

void AddSubscribers(CLI::App& app, BenchOptions& options) {
  AddCount(app, "--subscribers", &options.subscribers, 1, bench::kMostSubscribers,
           "How many, each of which gets every event")
      ->group("The subscribers");
  app.add_flag("--listen", options.listen,
               "Publish nothing: receive what others do, the filter's events or all")
      ->group("The subscribers");
  AddFilterFlags(app, options.filter, "Filter, with --listen");
}

void AddOutput(CLI::App& app, BenchOptions& options, std::string& output) {
  app.add_flag("--yes", options.yes, "Yes, against another machine");
  app.add_flag("--progress", options.progress,
               "A line a second on stderr also where that is no terminal");
  AddChoice(app, "--output", &output, {"text", "json"}, "A table, or one JSON object");
}

int Run(const Globals& globals, BenchOptions options, const CLI::App& app,
        const std::string& output) {
  options.duration_given = app.count("--duration") > 0;
  options.json = output == "json";
  absl::Status status = bench::Settle(options);
  if (status.ok()) status = bench::CheckTargets(options, globals.hub);
  if (status.ok() && options.kind == Kind::kWs) {
    const auto bridge = bench::ParseBridgeUrl(options.bridge);
    status = bridge.ok() ? bench::CheckToken(globals, *bridge) : bridge.status();
  }
  if (!status.ok()) return Fail(kUsage, std::string(status.message()));
  return bench::RunBench(globals, options);
}

struct Choices {
  BenchOptions options;
  std::string output = "text";
};

// The part that all three have; what is special is added to the command that comes back.
CLI::App* AddKind(CLI::App& bench, Kind kind, const char* about, const char* examples,
                  const Globals& globals, cli::Run& chosen,
                  const std::shared_ptr<Choices>& choices) {
  CLI::App* app = bench.add_subcommand(std::string(NameOf(kind)), about);
  choices->options.kind = kind;
  choices->options.rate = kind == Kind::kPub ? "0" : "100/s";
  AddLoad(*app, choices->options);
  AddEvents(*app, choices->options);
  AddOutput(*app, choices->options, choices->output);
  app->footer(absl::StrCat(examples, kAbout));
  app->callback([&globals, &chosen, choices, app] {
    chosen = [&globals, choices, app] {
      return Run(globals, choices->options, *app, choices->output);
    };
  });
  return app;
}

}  // namespace

void AddBench(CLI::App& app, const Globals& globals, cli::Run& chosen) {
  CLI::App* bench = app.add_subcommand("bench", "Measure this hub and bridge on this machine");
  bench->footer(absl::StrCat(kBenchExamples, kAbout));
  const auto pub = std::make_shared<Choices>();
  CLI::App* pub_app = AddKind(*bench, Kind::kPub, "How fast the hub takes events", kPubExamples,
                              globals, chosen, pub);
  pub_app->add_flag("--unary", pub->options.unary, "By calls, in place of one stream")
      ->group("The load");
  AddChoice(*pub_app, "--type", &pub->options.type, {"alert-received", "system-event"},
            "Their type")
      ->group("The events");
  const auto sub = std::make_shared<Choices>();
  CLI::App* sub_app = AddKind(*bench, Kind::kSub, "How late events reach gRPC subscribers",
                              kSubExamples, globals, chosen, sub);
  AddSubscribers(*sub_app, sub->options);
  AddCount(*sub_app, "--channels", &sub->options.channels, 0, bench::kMostSubscribers,
           "Connections that they share; 0: one each, up to 100")
      ->group("The subscribers");
  const auto ws = std::make_shared<Choices>();
  CLI::App* ws_app = AddKind(*bench, Kind::kWs, "How late events reach subscribers of the bridge",
                             kWsExamples, globals, chosen, ws);
  AddSubscribers(*ws_app, ws->options);
  ws_app->add_option("--bridge", ws->options.bridge, "Where the bridge is")
      ->type_name("URL")
      ->capture_default_str();
}

}  // namespace tocsin::cli
