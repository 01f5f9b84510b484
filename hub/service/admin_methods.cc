#include "hub/service/admin_methods.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/admin/admin.h"
#include "hub/service/admin_calls.h"
#include "hub/service/hub_shard.h"
#include "hub/service/unary_call.h"
#include "tocsin/v1/admin.pb.h"

namespace tocsin::hub {
namespace {

// As the log has it: "subject ann of https://id.example, 192.0.2.7".
std::string ByOf(const UnaryCall& call) {
  const Subject& subject = *call.subject();
  return absl::StrCat("subject ", subject.name, subject.issuer.empty() ? "" : " of ",
                      subject.issuer, ", ", call.address());
}

// `ask` makes the answer of the request.
template <class Request, class Response, class Ask>
void Serve(UnaryCall& call, Ask ask) {
  Request request;
  if (!call.Read(request)) {
    return;
  }
  call.shard().admin_calls().Run([&call, ask, by = ByOf(call), request = std::move(request)](
                                     const absl::StatusOr<Admin*>& admin) {
    absl::StatusOr<Response> answer =
        admin.ok() ? ask(**admin, by, request) : absl::StatusOr<Response>(admin.status());
    call.shard().PostAnswer([&call, answer = std::move(answer)] {
      answer.ok() ? call.Answer(*answer) : call.Fail(answer.status());
    });
  });
}

void ServeListConnections(UnaryCall& call) {
  Serve<v1::ListConnectionsRequest, v1::ListConnectionsResponse>(
      call,
      [](Admin& admin, Admin::By, const auto& request) { return admin.ListConnections(request); });
}

void ServeListClosed(UnaryCall& call) {
  Serve<v1::ListClosedRequest, v1::ListClosedResponse>(
      call, [](Admin& admin, Admin::By, const auto& request) { return admin.ListClosed(request); });
}

void ServeKick(UnaryCall& call) {
  Serve<v1::KickRequest, v1::KickResponse>(
      call,
      [](Admin& admin, Admin::By by, const auto& request) { return admin.Kick(by, request); });
}

void ServeDrain(UnaryCall& call) {
  Serve<v1::DrainRequest, v1::DrainResponse>(
      call, [](Admin& admin, Admin::By by, const auto&) { return admin.Drain(by); });
}

void ServeReload(UnaryCall& call) {
  Serve<v1::ReloadRequest, v1::ReloadResponse>(
      call, [](Admin& admin, Admin::By by, const auto&) { return admin.Reload(by); });
}

void ServeSetLogLevel(UnaryCall& call) {
  Serve<v1::SetLogLevelRequest, v1::SetLogLevelResponse>(
      call, [](Admin& admin, Admin::By by, const auto& request) {
        return admin.SetLogLevel(by, request);
      });
}

void ServeGetLogLevel(UnaryCall& call) {
  Serve<v1::GetLogLevelRequest, v1::GetLogLevelResponse>(
      call, [](Admin& admin, Admin::By, const auto&) {
        return absl::StatusOr<v1::GetLogLevelResponse>(admin.GetLogLevel());
      });
}

constexpr UnaryCall::Method kMethods[] = {
    {"ListConnections", ServeListConnections},
    {"ListClosed", ServeListClosed},
    {"Kick", ServeKick},
    {"Drain", ServeDrain},
    {"Reload", ServeReload},
    {"SetLogLevel", ServeSetLogLevel},
    {"GetLogLevel", ServeGetLogLevel},
};

}  // namespace

std::vector<std::unique_ptr<Call>> AdminMethods(HubShard& shard) {
  std::vector<std::unique_ptr<Call>> calls;
  for (const UnaryCall::Method& method : kMethods) {
    calls.push_back(std::make_unique<UnaryCall>(shard, shard.admin_rpc(), method));
  }
  return calls;
}

}  // namespace tocsin::hub
