#include <iostream>
#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "cli/admin/commands.h"
#include "cli/admin/connection_text.h"
#include "cli/exit_codes.h"
#include "cli/flags.h"
#include "cli/time_text.h"

namespace tocsin::cli {
namespace {

constexpr size_t kMostOnAPage = 1'000;

constexpr char kExamples[] =
    "Examples:\n"
    "  tocsin admin connections --subject alice\n"
    "  tocsin admin connections --all --json | jq -r '.connections[] | select(.behind > 0) | "
    ".id'\n";

struct Choices {
  std::string subject;
  std::string transport;
  size_t limit = 100;
  bool all = false;
  bool json = false;
};

// One page, or with --all every page as one.
grpc::Status List(const AdminGlobals& globals, const Choices& choices,
                  v1::ListConnectionsResponse& response) {
  v1::ListConnectionsRequest request;
  request.set_page_size(static_cast<uint32_t>(choices.all ? kMostOnAPage : choices.limit));
  request.set_subject(choices.subject);
  request.set_transport(choices.transport);
  grpc::Status status = CallAdmin(globals, &v1::Admin::Stub::ListConnections, request, response);
  while (status.ok() && choices.all && !response.next_page_token().empty()) {
    request.set_page_token(response.next_page_token());
    v1::ListConnectionsResponse next;
    status = CallAdmin(globals, &v1::Admin::Stub::ListConnections, request, next);
    response.mutable_connections()->Add(next.connections().begin(), next.connections().end());
    response.set_next_page_token(next.next_page_token());
  }
  return status;
}

int RunConnections(const AdminGlobals& globals, const Choices& choices) {
  v1::ListConnectionsResponse response;
  const grpc::Status status = List(globals, choices, response);
  if (!status.ok()) {
    return TellAdmin(status, globals);
  }
  if (choices.json) {
    std::cout << ConnectionsJson(response);
    return kOk;
  }
  std::cout << ConnectionsText(response, absl::Now());
  if (!response.next_page_token().empty()) {
    std::cerr << absl::StrCat("of ", response.total(), "; --all lists every one\n");
  }
  if (response.silent_threads() > 0) {
    std::cerr << absl::StrCat(response.silent_threads(),
                              " threads did not answer: what they serve is missing\n");
  }
  return kOk;
}

}  // namespace

void AddAdminConnections(CLI::App& admin, const AdminGlobals& globals, Run& chosen) {
  CLI::App* command = admin.add_subcommand(
      "connections", "Who is connected: subject, address, subscriptions, where they stand");
  const auto choices = std::make_shared<Choices>();
  command->add_option("--subject", choices->subject, "Only those of this token's subject")
      ->type_name("TEXT");
  AddChoice(*command, "--transport", &choices->transport,
            {"grpc", "websocket", "graphql", "sse", "ndjson", "graphql-multipart"},
            "Only those that came this way");
  AddCount(*command, "--limit", &choices->limit, 1, kMostOnAPage, "How many");
  command->add_flag("--all", choices->all, "Every one, however many");
  AddOutput(*command, &choices->json);
  command->footer(kExamples);
  command->callback([&chosen, &globals, choices] {
    chosen = [&globals, choices] { return RunConnections(globals, *choices); };
  });
}

void AddAdminClosed(CLI::App& admin, const AdminGlobals& globals, Run& chosen) {
  CLI::App* command =
      admin.add_subcommand("closed", "Who was connected and why that ended, the newest first");
  const auto choices = std::make_shared<Choices>();
  command->add_option("--subject", choices->subject, "Only those of this token's subject")
      ->type_name("TEXT");
  AddCount(*command, "--limit", &choices->limit, 1, kMostOnAPage, "How many; 1,000 are kept");
  AddOutput(*command, &choices->json);
  command->callback([&chosen, &globals, choices] {
    chosen = [&globals, choices]() -> int {
      v1::ListClosedRequest request;
      request.set_limit(static_cast<uint32_t>(choices->limit));
      request.set_subject(choices->subject);
      v1::ListClosedResponse response;
      const grpc::Status status =
          CallAdmin(globals, &v1::Admin::Stub::ListClosed, request, response);
      if (!status.ok()) {
        return TellAdmin(status, globals);
      }
      std::cout << (choices->json ? ClosedJson(response)
                                  : ClosedText(response, ZoneOf(globals.all)));
      return kOk;
    };
  });
}

}  // namespace tocsin::cli
