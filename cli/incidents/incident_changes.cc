// Each change is an event of the incident, given by its id alone: the hub fills in the rest. The
// event's id is made here, so that trying again while the hub is away changes nothing twice.
#include <cstdlib>
#include <iostream>
#include <memory>
#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "cli/exit_codes.h"
#include "cli/flags.h"
#include "cli/hub_call.h"
#include "cli/incidents/commands.h"
#include "cli/pub_event.h"
#include "cli/pub_result.h"
#include "core/event/names.h"

namespace tocsin::cli {
namespace {

struct ChangeChoices {
  std::string id;
  std::string comment;
  std::string severity;
  std::vector<std::string> assignees;
  GivenFlags given;  // those that are as in `tocsin pub`
  std::optional<uint64_t> if_sequence;
  bool json = false;
};

// Who makes the change: the flag --actor, else the user's name, if there is one.
void SetActor(GivenFlags& given) {
  const char* user = std::getenv("USER");
  if (!given.contains("actor") && user != nullptr && *user != '\0') given["actor"] = {user};
}

void SetToActor(const std::string& flag, GivenFlags& given) {
  if (!given.contains(flag) && given.contains("actor")) given[flag] = given["actor"];
}

// The event's flags as they are called here.
std::string InFlags(const absl::Status& status) {
  return absl::StrReplaceAll(status.message(), {{"--incident-id", "ID"},
                                                {"--comment", "TEXT"},
                                                {"--assignee", "WHO"},
                                                {"--resolved-by", "--by"},
                                                {"--resolution-method", "--method"},
                                                {"--resolution-notes", "--notes"}});
}

int Publish(const Globals& globals, v1::EventType type, const ChangeChoices& choices,
            const GivenFlags& given) {
  auto event = MakeEvent(type, given);
  if (!event.ok()) return Fail(kUsage, InFlags(event.status()));
  v1::PublishRequest request;
  *request.add_events() = *std::move(event);
  if (choices.if_sequence) request.set_expected_incident_sequence(*choices.if_sequence);
  v1::PublishResponse response;
  const grpc::Status status = CallHub(globals, &v1::EventHub::Stub::Publish, request, response);
  if (status.error_code() == grpc::StatusCode::ABORTED) {
    return Fail(kRefused, absl::StrCat("nothing was changed: ", status.error_message(),
                                       ". Look at it again: tocsin incidents get ", choices.id));
  }
  if (!status.ok()) return Tell(status, globals);
  const v1::PublishResult& result = response.results(0);
  std::cout << (choices.json ? ResultJson(result) : ResultText(result, NameOf(type))) << '\n';
  return kOk;
}

// What the four have in common.
class Change {
 public:
  Change(CLI::App& incidents, const char* name, const char* about, const char* examples)
      : app_(*incidents.add_subcommand(name, about)) {
    app_.add_option("ID", choices_->id, "The incident")->type_name("UUID")->required();
    app_.footer(absl::StrCat("Examples:\n", examples));
  }

  CLI::App& app() { return app_; }
  ChangeChoices& choices() { return *choices_; }

  // A flag that `tocsin pub` has under the name `as`.
  void AddFlag(const char* name, const char* as, const char* placeholder, const char* help) {
    app_.add_option_function<std::string>(
            name,
            [choices = choices_, as](const std::string& text) { choices->given[as] = {text}; },
            help)
        ->type_name(placeholder);
  }

  // `give` adds what the arguments say to the flags of the event.
  void Finish(v1::EventType type, const Globals& globals, Run& chosen,
              std::function<void(const ChangeChoices&, GivenFlags&)> give) {
    AddFlag("--actor", "actor", "TEXT", "Who does it; else $USER");
    app_.add_option(
            "--if-sequence", choices_->if_sequence,
            "Only if the incident's newest event has this sequence (incidents get tells it)")
        ->type_name("NUMBER");
    AddOutput(app_, &choices_->json);
    app_.callback([&globals, &chosen, choices = choices_, type, give = std::move(give)] {
      chosen = [&globals, choices, type, give] {
        GivenFlags given = choices->given;
        given["incident-id"] = {choices->id};
        SetActor(given);
        give(*choices, given);
        return Publish(globals, type, *choices, given);
      };
    });
  }

 private:
  CLI::App& app_;
  const std::shared_ptr<ChangeChoices> choices_ = std::make_shared<ChangeChoices>();
};

void AddResolve(CLI::App& incidents, const Globals& globals, Run& chosen) {
  Change resolve(incidents, "resolve", "Resolve an incident",
                 "  tocsin incidents resolve UUID --root-cause \"bad deploy\"\n"
                 "  tocsin incidents resolve UUID --if-sequence 1234     only if nothing happened "
                 "since\n");
  resolve.AddFlag("--by", "resolved-by", "TEXT", "Who resolved it; else the actor");
  resolve.AddFlag("--method", "resolution-method", "METHOD",
                  "Automated, Manual or AutoAssistedManual");
  resolve.AddFlag("--root-cause", "root-cause", "TEXT", "What it was");
  resolve.AddFlag("--notes", "resolution-notes", "TEXT", "How it was resolved");
  resolve.Finish(v1::EVENT_TYPE_INCIDENT_RESOLVED, globals, chosen,
                 [](const ChangeChoices&, GivenFlags& given) { SetToActor("resolved-by", given); });
}

void AddComment(CLI::App& incidents, const Globals& globals, Run& chosen) {
  Change comment(incidents, "comment", "Add a note to an incident",
                 "  tocsin incidents comment UUID \"restarting the gateway\"\n");
  comment.app()
      .add_option("TEXT", comment.choices().comment, "The comment")
      ->type_name("TEXT")
      ->required();
  comment.AddFlag("--author", "author", "TEXT", "Who wrote it; else the actor");
  comment.Finish(v1::EVENT_TYPE_COMMENT_ADDED, globals, chosen,
                 [](const ChangeChoices& choices, GivenFlags& given) {
                   given["comment"] = {choices.comment};
                   SetToActor("author", given);
                 });
}

void AddAssign(CLI::App& incidents, const Globals& globals, Run& chosen) {
  Change assign(incidents, "assign", "Say who works on an incident, in place of who did",
                "  tocsin incidents assign UUID ada grace\n"
                "  tocsin incidents assign UUID                      nobody\n");
  assign.app()
      .add_option("WHO", assign.choices().assignees, "Who works on it from now on")
      ->type_name("TEXT");
  assign.Finish(v1::EVENT_TYPE_ASSIGNMENT_CHANGED, globals, chosen,
                [](const ChangeChoices& choices, GivenFlags& given) {
                  if (!choices.assignees.empty()) given["assignee"] = choices.assignees;
                });
}

void AddEscalate(CLI::App& incidents, const Globals& globals, Run& chosen) {
  Change escalate(incidents, "escalate", "Change an incident's severity",
                  "  tocsin incidents escalate UUID --to P0 --reason \"all regions\"\n");
  AddChoice(escalate.app(), "--to", &escalate.choices().severity,
            EnumNames(*v1::Severity_descriptor()), "The severity from now on")
      ->required();
  escalate.AddFlag("--reason", "reason", "TEXT", "Why");
  escalate.Finish(v1::EVENT_TYPE_ESCALATED, globals, chosen,
                  [](const ChangeChoices& choices, GivenFlags& given) {
                    given["to-severity"] = {choices.severity};
                  });
}

}  // namespace

void AddIncidentChanges(CLI::App& incidents, const Globals& globals, Run& chosen) {
  AddResolve(incidents, globals, chosen);
  AddComment(incidents, globals, chosen);
  AddAssign(incidents, globals, chosen);
  AddEscalate(incidents, globals, chosen);
}

}  // namespace tocsin::cli
