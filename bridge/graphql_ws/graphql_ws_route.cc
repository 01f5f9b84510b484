#include "bridge/graphql_ws/graphql_ws_route.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "bridge/graphql_ws/session.h"
#include "bridge/http/upgrade.h"
#include "bridge/ws/handshake.h"
#include "bridge/ws/ws_connection.h"

namespace tocsin::bridge::graphql_ws {

http::Handler WebSocketHandler(const BridgeState& state, Worker& worker, Context::Execute execute) {
  return [&state, &worker, execute = std::move(execute), context = std::shared_ptr<Context>()](
             http::HttpRequest& request, http::Responder responder) mutable {
    const auto offered = ws::OfferedSubprotocols(request);
    const bool spoken = std::ranges::find(offered, kSubprotocol) != offered.end();
    Upgrade(state, worker.sessions(), {kSubprotocol, /*required=*/true}, request,
            std::move(responder), [&](http::TakenOver taken, SubjectPtr subject) {
              if (context == nullptr) {
                context = std::make_shared<Context>(worker.sessions(), worker.messages(), execute);
              }
              ws::ServeWebSocket<Session>(worker, std::move(taken), request,
                                          spoken ? kSubprotocol : std::string_view(), *context,
                                          spoken, std::move(subject));
            });
  };
}

}  // namespace tocsin::bridge::graphql_ws
