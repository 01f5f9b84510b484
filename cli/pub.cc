#include <iostream>
#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "cli/command.h"
#include "cli/exit_codes.h"
#include "cli/flags.h"
#include "cli/hub_call.h"
#include "cli/pub_event.h"
#include "cli/pub_file.h"
#include "cli/pub_result.h"
#include "core/base/strings.h"
#include "core/event/limits.h"
#include "core/event/names.h"

namespace tocsin::cli {
namespace {

constexpr char kExamples[] =
    "Examples:\n"
    "  tocsin pub incident-created --severity P0 --title \"API gateway down\" --source "
    "llm-sentinel --label env=production\n"
    "  tocsin pub comment-added --incident-id UUID --author ada --comment \"restarting it\"\n"
    "  tocsin pub escalated --incident-id UUID --to-severity P0 --reason \"all regions\"\n"
    "  tocsin pub incident-resolved --incident-id UUID\n"
    "  tocsin pub --file examples/day.jsonl --rate 50/s\n"
    "  tocsin sub --output json | tocsin --hub other:50051 pub --file -\n\n"
    "An event that is sent again because the hub was away has the same id: it is published once.\n";

struct PubChoices {
  std::string type;
  std::string file;
  std::string rate;
  std::string output = "text";
  size_t batch = 64;
  bool keep_going = false;
};

int PubOne(const Globals& globals, v1::Event event, bool json) {
  const std::string_view type = NameOf(event.type());
  v1::PublishRequest request;
  *request.add_events() = std::move(event);
  v1::PublishResponse response;
  // The event's id keeps it from being published twice.
  const grpc::Status status = CallHub(globals, &v1::EventHub::Stub::Publish, request, response);
  if (!status.ok()) return Tell(status, globals);
  for (const v1::PublishResult& result : response.results()) {
    std::cout << (json ? ResultJson(result) : ResultText(result, type)) << '\n';
  }
  return kOk;
}

GivenFlags FlagsGiven(const CLI::App& app) {
  GivenFlags given;
  for (const PubFlag& flag : PubFlags()) {
    const auto& results = app.get_option(absl::StrCat("--", flag.name))->results();
    if (!results.empty()) given[flag.name] = results;
  }
  return given;
}

int RunFile(const Globals& globals, const PubChoices& flags, const GivenFlags& given) {
  if (!given.empty()) {
    return Fail(kUsage, absl::StrCat("--", given.begin()->first,
                                     " does not go with --file: the events come from the file"));
  }
  PubFileOptions options;
  options.path = flags.file;
  options.batch = flags.batch;
  options.keep_going = flags.keep_going;
  options.json = flags.output == "json";
  if (!flags.rate.empty()) {
    const auto rate = ParseRate(flags.rate);
    if (!rate.ok()) return Fail(kUsage, absl::StrCat("--rate: ", rate.status().message()));
    options.rate = *rate;
  }
  return PubFile(globals, options);
}

int RunPub(const Globals& globals, const PubChoices& flags, const CLI::App& app) {
  const GivenFlags given = FlagsGiven(app);
  if (flags.type.empty() == flags.file.empty()) {
    return Fail(kUsage, flags.file.empty()
                            ? "pub needs an event type, or --file; see tocsin pub --help"
                            : "pub takes an event type or --file, not both");
  }
  if (!flags.file.empty()) return RunFile(globals, flags, given);
  const auto type = ParseEventType(flags.type);
  if (!type.ok()) return Fail(kUsage, std::string(type.status().message()));
  auto event = MakeEvent(*type, given);
  if (!event.ok()) return Fail(kUsage, std::string(event.status().message()));
  return PubOne(globals, *std::move(event), flags.output == "json");
}

void AddEventFlags(CLI::App& app) {
  for (const PubFlag& flag : PubFlags()) {
    const std::string name = absl::StrCat("--", flag.name);
    if (app.get_option_no_throw(name) != nullptr) continue;
    const bool valued = *flag.placeholder != '\0';
    CLI::Option* option =
        valued ? app.add_option(name)->type_name(flag.placeholder)->allow_extra_args(false)
               : app.add_flag(name);
    option->description(flag.help)
        ->group("The event")
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  }
}

}  // namespace

void AddPub(CLI::App& app, const Globals& globals, Run& chosen) {
  CLI::App* pub = app.add_subcommand("pub", "Publish one event, or a file of them");
  auto flags = std::make_shared<PubChoices>();
  pub->add_option("TYPE", flags->type, "incident-created, comment-added, ...")->type_name("");
  AddChoice(*pub, "--output", &flags->output, {"text", "json"}, "How to print results");
  pub->add_option("--file", flags->file,
                  "Publish the events of a file, a JSON object a line; -: stdin")
      ->type_name("FILE")
      ->group("Many events");
  pub->add_option("--rate", flags->rate, "At most so many: 50/s, 300/m; else as fast as possible")
      ->type_name("RATE")
      ->group("Many events");
  pub->add_option("--batch", flags->batch,
                  "Events a request; they are taken together or not at all")
      ->check(CLI::Range(size_t{1}, limits::kPublishEvents).description("1..1000"))
      ->type_name("NUMBER")
      ->capture_default_str()
      ->group("Many events");
  pub->add_flag("--keep-going", flags->keep_going, "Pass over events that are refused")
      ->group("Many events");
  AddEventFlags(*pub);
  pub->footer(absl::StrCat("Types:\n  ", absl::StrJoin(TypeNames(), "\n  "), "\n\n", kExamples));
  pub->callback([&globals, &chosen, flags, pub] {
    chosen = [&globals, flags, pub] { return RunPub(globals, *flags, *pub); };
  });
}

}  // namespace tocsin::cli
