#include <grpcpp/generic/generic_stub.h>

#include <future>
#include <iostream>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "cli/client.h"
#include "cli/command.h"
#include "cli/event_text.h"
#include "cli/exit_codes.h"
#include "cli/flags.h"
#include "core/base/strings.h"
#include "core/event/json_writer.h"
#include "grpc/health/v1/health.pb.h"

namespace tocsin::cli {
namespace {

using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;

constexpr char kExamples[] =
    "Examples:\n"
    "  tocsin status\n"
    "  tocsin --hub hub.example.org:50051 status --output json\n\n"
    "Exits with 0 when the hub serves and takes events, with 1 when it answers but does not.\n";

struct HubState {
  v1::GetStatusResponse status;
  std::string health;  // "SERVING"
};

// Calls the standard health service by a generic stub: Debian ships no generated one.
std::string CheckHealth(const std::shared_ptr<grpc::Channel>& channel, const Globals& globals) {
  grpc::TemplatedGenericStub<HealthCheckRequest, HealthCheckResponse> stub(channel);
  rpc::HubContext context(globals.token);
  SetTimeout(context, globals.timeout);
  const HealthCheckRequest request;
  HealthCheckResponse response;
  std::promise<grpc::Status> done;
  stub.UnaryCall(&context, "/grpc.health.v1.Health/Check", {}, &request, &response,
                 [&](grpc::Status status) { done.set_value(std::move(status)); });
  if (!done.get_future().get().ok()) return "UNKNOWN";
  return HealthCheckResponse::ServingStatus_Name(response.status());
}

grpc::Status GetState(const Globals& globals, HubState& state) {
  const auto channel = OpenChannel(globals);
  const auto hub = v1::EventHub::NewStub(channel);
  rpc::HubContext context(globals.token);
  SetTimeout(context, globals.timeout);
  const grpc::Status status = hub->GetStatus(&context, {}, &state.status);
  if (status.ok()) state.health = CheckHealth(channel, globals);
  return status;
}

absl::Time StartOf(const v1::GetStatusResponse& status) {
  return absl::FromUnixSeconds(status.started_at().seconds()) +
         absl::Nanoseconds(status.started_at().nanos());
}

std::string Publishing(const v1::GetStatusResponse& status) {
  if (status.draining()) return "no: the hub is stopping";
  if (status.accepts_publish()) return "yes";
  return absl::StrCat("NO: ", Clean(status.publish_error()));
}

std::string Size(uint64_t bytes) {
  if (bytes < 1024) return absl::StrCat(bytes, " B");
  double size = static_cast<double>(bytes) / 1024;
  size_t unit = 0;
  constexpr const char* kUnits[] = {"KiB", "MiB", "GiB", "TiB"};
  for (; size >= 1024 && unit + 1 < std::size(kUnits); ++unit) size /= 1024;
  return absl::StrFormat("%.1f %s", size, kUnits[unit]);
}

void PrintText(const Globals& globals, const HubState& state) {
  const v1::GetStatusResponse& status = state.status;
  const absl::Duration up = absl::Trunc(absl::Now() - StartOf(status), absl::Seconds(1));
  std::vector<std::pair<const char*, std::string>> rows = {
      {"hub", globals.hub},
      {"version", Clean(status.version())},
      {"health", state.health},
      {"takes events", Publishing(status)},
      {"up", absl::FormatDuration(up)},
      {"store", absl::StrCat(Clean(status.store()), ", durability ", Clean(status.durability()))},
      {"events held", absl::StrCat(status.events_held(), " (", Size(status.bytes_held()), ")")},
      {"sequences", absl::StrCat(status.first_sequence(), " to ", status.last_sequence())},
      {"earliest", Clean(status.earliest())},
      {"latest", Clean(status.latest())},
      {"subscriptions", absl::StrCat(status.subscriptions())},
  };
  if (!status.log_damage().empty())
    rows.push_back({"log", "DAMAGED: " + Clean(status.log_damage())});
  for (const auto& [name, value] : rows) std::cout << absl::StrFormat("%-14s %s\n", name, value);
}

void AppendText(std::string& out, std::string_view name, std::string_view value) {
  absl::StrAppend(&out, ",\"", ToAbsl(name), "\":");
  AppendJsonString(out, value);
}

void PrintJson(const Globals& globals, const HubState& state) {
  const v1::GetStatusResponse& status = state.status;
  std::string out = "{\"hub\":";
  AppendJsonString(out, globals.hub);
  AppendText(out, "health", state.health);
  AppendText(out, "version", status.version());
  std::string started;
  AppendJsonTime(started, StartOf(status));
  AppendText(out, "started_at", started);
  AppendText(out, "store", status.store());
  AppendText(out, "durability", status.durability());
  AppendText(out, "earliest", status.earliest());
  AppendText(out, "latest", status.latest());
  AppendText(out, "publish_error", status.publish_error());
  AppendText(out, "log_damage", status.log_damage());
  const auto flag = [](bool value) { return value ? "true" : "false"; };
  absl::StrAppend(&out, ",\"first_sequence\":", status.first_sequence(),
                  ",\"last_sequence\":", status.last_sequence(), ",\"epoch\":", status.epoch(),
                  ",\"events_held\":", status.events_held(),
                  ",\"bytes_held\":", status.bytes_held());
  absl::StrAppend(&out, ",\"subscriptions\":", status.subscriptions(),
                  ",\"accepts_publish\":", flag(status.accepts_publish()),
                  ",\"draining\":", flag(status.draining()), "}");
  std::cout << out << '\n';
}

int RunStatus(const Globals& globals, bool json) {
  HubState state;
  const grpc::Status status = GetState(globals, state);
  if (!status.ok()) {
    const Failure failure = FailureOf(status, globals.hub);
    return Fail(failure.exit_code, failure.text);
  }
  json ? PrintJson(globals, state) : PrintText(globals, state);
  const bool well = state.health == "SERVING" && state.status.accepts_publish();
  return well ? kOk : kFailed;
}

}  // namespace

void AddStatus(CLI::App& app, const Globals& globals, Run& chosen) {
  CLI::App* status = app.add_subcommand("status", "How the hub is, and what its log holds");
  auto output = std::make_shared<std::string>("text");
  AddChoice(*status, "--output", output.get(), {"text", "json"}, "For people, or as JSON");
  status->footer(kExamples);
  status->callback([&globals, &chosen, output] {
    chosen = [&globals, output] { return RunStatus(globals, *output == "json"); };
  });
}

}  // namespace tocsin::cli
