// upgrade.h: a request that asks for a WebSocket: refused, or handed on with its connection and the
// subject that its token names.
//
// Shape:   the subject is null where no token came and one is due: the session asks for it.
// Threads: the worker's.
// Errors:  a bad handshake is answered with 400 or 426, a bad token with 401, one of a subject
//          with as many connections as it may have with 429; 503 while no session can begin.
#pragma once

#include <string_view>

#include "absl/functional/function_ref.h"
#include "bridge/http/routes.h"
#include "bridge/ws/session_context.h"
#include "core/auth/subject.h"
#include "core/http/message.h"
#include "core/http/responder.h"

namespace tocsin::bridge {

using ServeSession = absl::FunctionRef<void(http::TakenOver taken, SubjectPtr subject)>;

// The subprotocol of a route. Where it is not required, a client may also offer none.
struct Spoken {
  std::string_view subprotocol;
  bool required = false;
};

void Upgrade(const BridgeState& state, ws::SessionContext& sessions, const Spoken& spoken,
             const http::HttpRequest& request, http::Responder responder, ServeSession serve);

}  // namespace tocsin::bridge
