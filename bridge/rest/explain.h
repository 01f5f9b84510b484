// explain.h: POST /v1/explain: which field of a filter let an event through or stopped it, or where
// a live session stands.
//
// Shape:   a session of this bridge (/ws, GET /v1/events) is explained here; all else, and a
//          session that is not of this bridge, is the hub's to explain.
// Threads: on the worker only the Content-Type is looked at; the rest is done by HubCalls' thread
//          and the worker that has the session.
// Errors:  the table's, with the field as the body has it ("filter.severities[0]").
// Source:  docs/protocol.md, sections 4 and 7.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "bridge/upstream/hub_calls.h"
#include "core/http/route_table.h"
#include "tocsin/v1/hub.pb.h"

namespace tocsin::bridge {

// Looks for the session among all workers. `told` is called once, on any thread, with nothing where
// none has it.
using SessionTold = std::function<void(std::optional<v1::SessionExplanation> session)>;
using ExplainSession = std::function<void(const std::string& id, SessionTold told)>;

// Without `explain_session`, all sessions are asked of the hub.
http::Handler Explain(HubCalls& calls, ExplainSession explain_session);

}  // namespace tocsin::bridge
