#include "bridge/graphql_ws/graphql_ws_route.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "bridge/graphql_ws/session.h"
#include "bridge/http/upgrade.h"
#include "bridge/ws/handshake.h"
#include "bridge/ws/ws_connection.h"
#include "core/base/strings.h"
#include "core/http/problem.h"

namespace tocsin::bridge::graphql_ws {
namespace {

// A token in the place of a subprotocol: browsers can set no header.
bool IsCredential(std::string_view offered) {
  return absl::StartsWithIgnoreCase(ToAbsl(offered), "bearer.");
}

}  // namespace

http::Handler WebSocketHandler(const BridgeState& state, Worker& worker, Context::Execute execute) {
  return [&state, &worker, execute = std::move(execute), context = std::shared_ptr<Context>()](
             http::HttpRequest& request, http::Responder responder) mutable {
    const auto offered = ws::OfferedSubprotocols(request);
    if (!offered.empty() && std::ranges::all_of(offered, IsCredential)) {
      worker.sessions().metrics.connection_errors.Increment();
      return std::move(responder).Respond(http::ProblemResponse(http::Refusal{
          400, absl::StrCat("offer the subprotocol ", ToAbsl(kSubprotocol), " beside the token")}));
    }
    const bool spoken = std::ranges::find(offered, kSubprotocol) != offered.end();
    Upgrade(state, worker.sessions().metrics, request, std::move(responder),
            [&](http::TakenOver taken) {
              if (context == nullptr) {
                context = std::make_shared<Context>(worker.sessions(), worker.messages(), execute);
              }
              ws::ServeWebSocket<Session>(worker, std::move(taken), request,
                                          spoken ? kSubprotocol : std::string_view(), *context,
                                          spoken);
            });
  };
}

}  // namespace tocsin::bridge::graphql_ws
