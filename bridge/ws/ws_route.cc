#include "bridge/ws/ws_route.h"

#include <algorithm>
#include <utility>

#include "bridge/http/upgrade.h"
#include "bridge/ws/handshake.h"
#include "bridge/ws/session.h"
#include "bridge/ws/ws_connection.h"

namespace tocsin::bridge::ws {

http::Handler WebSocketHandler(const BridgeState& state, Worker& worker) {
  return [&state, &worker](http::HttpRequest& request, http::Responder responder) {
    const auto offered = OfferedSubprotocols(request);
    const bool spoken = std::ranges::find(offered, kSubprotocol) != offered.end();
    Upgrade(state, worker.sessions(), {.subprotocol = kSubprotocol}, request, std::move(responder),
            [&](http::TakenOver taken, SubjectPtr subject) {
              ServeWebSocket<Session>(worker, std::move(taken), request,
                                      spoken ? kSubprotocol : std::string_view(), worker.sessions(),
                                      std::move(subject));
            });
  };
}

}  // namespace tocsin::bridge::ws
