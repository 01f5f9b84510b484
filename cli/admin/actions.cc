// The commands of `tocsin admin` that change something.
#include <algorithm>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "cli/admin/commands.h"
#include "cli/exit_codes.h"
#include "cli/flags.h"
#include "core/event/json_writer.h"

namespace tocsin::cli {
namespace {

constexpr char kKickExamples[] =
    "Examples:\n"
    "  tocsin admin kick 019ac2f0-7b1e-7cc3-98c4-dc0c0c07398f\n"
    "  tocsin admin kick --subject alice --reason \"token withdrawn\" --reconnect-after 1m\n\n"
    "A client resumes from where it was, unless its token is refused by then.\n";

struct KickChoices {
  std::string id;
  std::string subject;
  std::string reason;
  absl::Duration reconnect_after = absl::Seconds(1);
  bool json = false;
};

v1::KickRequest RequestOf(const KickChoices& choices) {
  v1::KickRequest request;
  request.set_id(choices.id);
  request.set_subject(choices.subject);
  request.set_reason(choices.reason);
  absl::Duration rest = choices.reconnect_after;
  request.mutable_reconnect_after()->set_seconds(absl::IDivDuration(rest, absl::Seconds(1), &rest));
  request.mutable_reconnect_after()->set_nanos(
      static_cast<int32_t>(absl::ToInt64Nanoseconds(rest)));
  return request;
}

int RunKick(const AdminGlobals& globals, const KickChoices& choices) {
  v1::KickResponse response;
  const grpc::Status status =
      CallAdmin(globals, &v1::Admin::Stub::Kick, RequestOf(choices), response);
  if (!status.ok()) {
    return TellAdmin(status, globals);
  }
  if (choices.json) {
    std::cout << absl::StrCat("{\"kicked\":", response.kicked(),
                              ",\"silent_threads\":", response.silent_threads(), "}\n");
  } else {
    std::cout << absl::StrCat("kicked ", response.kicked(), "\n");
  }
  if (response.silent_threads() > 0) {
    return Fail(kFailed, absl::StrCat(response.silent_threads(),
                                      " threads did not answer: what they serve was not kicked"));
  }
  return kOk;
}

std::string JsonNames(const google::protobuf::RepeatedPtrField<std::string>& names) {
  std::string out = "[";
  const char* between = "";
  for (const std::string& name : names) {
    out += between;
    AppendJsonString(out, name);
    between = ",";
  }
  return out + "]";
}

void PrintReload(const v1::ReloadResponse& response, bool json) {
  if (json) {
    std::cout << absl::StrCat("{\"changed\":", JsonNames(response.changed()),
                              ",\"needs_restart\":", JsonNames(response.needs_restart()), "}\n");
    return;
  }
  std::cout << (response.changed().empty()
                    ? "read again; no setting has changed\n"
                    : absl::StrCat("changed: ", absl::StrJoin(response.changed(), ", "), "\n"));
  if (!response.needs_restart().empty()) {
    std::cout << absl::StrCat("needs a restart: ", absl::StrJoin(response.needs_restart(), ", "),
                              "\n");
  }
}

const std::vector<std::string>& Levels() {
  static const auto& levels = *new std::vector<std::string>{"debug", "info", "warning", "error"};
  return levels;
}

// The levels are numbered from 1 in the schema, in this order.
v1::LogLevel LevelNamed(const std::string& name) {
  const auto found = std::find(Levels().begin(), Levels().end(), name);
  return static_cast<v1::LogLevel>(found - Levels().begin() + 1);
}

std::string NameOfLevel(v1::LogLevel level) {
  const size_t at = static_cast<size_t>(level) - 1;
  return at < Levels().size() ? Levels()[at] : "unknown";
}

int RunLogLevel(const AdminGlobals& globals, const std::string& level) {
  if (level.empty()) {
    v1::GetLogLevelResponse response;
    const grpc::Status status =
        CallAdmin(globals, &v1::Admin::Stub::GetLogLevel, v1::GetLogLevelRequest(), response);
    if (!status.ok()) {
      return TellAdmin(status, globals);
    }
    std::cout << NameOfLevel(response.level()) << '\n';
    return kOk;
  }
  v1::SetLogLevelRequest request;
  request.set_level(LevelNamed(level));
  v1::SetLogLevelResponse response;
  const grpc::Status status = CallAdmin(globals, &v1::Admin::Stub::SetLogLevel, request, response);
  if (!status.ok()) {
    return TellAdmin(status, globals);
  }
  std::cout << absl::StrCat(level, " (was ", NameOfLevel(response.previous()), ")\n");
  return kOk;
}

}  // namespace

void AddAdminKick(CLI::App& admin, const AdminGlobals& globals, Run& chosen) {
  CLI::App* command =
      admin.add_subcommand("kick", "End one connection, or all of a subject; they may come back");
  const auto choices = std::make_shared<KickChoices>();
  command->add_option("ID", choices->id, "A connection's id")->type_name("UUID");
  command->add_option("--subject", choices->subject, "All of this token's subject")
      ->type_name("TEXT");
  command->add_option("--reason", choices->reason, "Told to the client; at most 64 bytes")
      ->type_name("TEXT");
  AddTime(*command, "--reconnect-after", &choices->reconnect_after, absl::ZeroDuration(),
          "When the client may come back; up to 1h");
  AddOutput(*command, &choices->json);
  command->footer(kKickExamples);
  command->callback([&chosen, &globals, choices] {
    chosen = [&globals, choices] {
      return choices->id.empty() == choices->subject.empty()
                 ? Fail(kUsage, "kick: give either an ID or --subject")
                 : RunKick(globals, *choices);
    };
  });
}

void AddAdminDrain(CLI::App& admin, const AdminGlobals& globals, Run& chosen) {
  CLI::App* command = admin.add_subcommand("drain", "End the program in order, as SIGTERM does");
  command->callback([&chosen, &globals] {
    chosen = [&globals]() -> int {
      v1::DrainResponse response;
      const grpc::Status status =
          CallAdmin(globals, &v1::Admin::Stub::Drain, v1::DrainRequest(), response);
      if (!status.ok()) {
        return TellAdmin(status, globals);
      }
      std::cout << "draining\n";
      return kOk;
    };
  });
}

void AddAdminReload(CLI::App& admin, const AdminGlobals& globals, Run& chosen) {
  CLI::App* command = admin.add_subcommand(
      "reload", "Read the configuration and the files that it names again, as SIGHUP does");
  const auto json = std::make_shared<bool>(false);
  AddOutput(*command, json.get());
  command->callback([&chosen, &globals, json] {
    chosen = [&globals, json]() -> int {
      v1::ReloadResponse response;
      const grpc::Status status =
          CallAdmin(globals, &v1::Admin::Stub::Reload, v1::ReloadRequest(), response);
      if (!status.ok()) {
        return TellAdmin(status, globals);
      }
      PrintReload(response, *json);
      return kOk;
    };
  });
}

void AddAdminLogLevel(CLI::App& admin, const AdminGlobals& globals, Run& chosen) {
  CLI::App* command =
      admin.add_subcommand("log-level", "Print the least that is logged, or change it");
  const auto level = std::make_shared<std::string>();
  AddChoice(*command, "LEVEL", level.get(), Levels(),
            "From here on, until a reload or the program's end");
  command->callback([&chosen, &globals, level] {
    chosen = [&globals, level] { return RunLogLevel(globals, *level); };
  });
}

}  // namespace tocsin::cli
