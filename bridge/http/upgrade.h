// upgrade.h: a request that asks for a WebSocket: refused, or handed on with its connection.
//
// Threads: the worker's.
// Errors:  a bad handshake is answered with 400 or 426; 503 while no session can begin.
#pragma once

#include "absl/functional/function_ref.h"
#include "bridge/http/routes.h"
#include "bridge/metrics.h"
#include "core/http/message.h"
#include "core/http/responder.h"

namespace tocsin::bridge {

void Upgrade(const BridgeState& state, Metrics& metrics, const http::HttpRequest& request,
             http::Responder responder, absl::FunctionRef<void(http::TakenOver)> serve);

}  // namespace tocsin::bridge
