// explain.h: POST /v1/explain: which field of a filter let an event through or stopped it, or where
// a live session stands.
//
// Shape:   a session of this bridge (/ws, GET /v1/events, …) is explained here, to its own subject
//          and to who may administer; all else is the hub's to explain. A caller whose permission
//          has a filter is told nothing of what it hides: the last events are the last that it may
//          see, and an incident that it may not see completes no event (narrowed_explanation.h).
// Threads: on the worker only the Content-Type is looked at; the rest is done by HubCalls' thread
//          and the worker that has the session.
// Errors:  the table's, with the field as the body has it ("filter.severities[0]").
// Source:  docs/protocol.md, sections 4 and 7.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "bridge/upstream/hub_calls.h"
#include "core/auth/subject.h"
#include "core/http/route_table.h"
#include "core/stream/live_session.h"
#include "tocsin/v1/hub.pb.h"

namespace tocsin::bridge {

// Looks for the session among all workers. `told` is called once, on any thread, with nothing where
// none has it, or none that the caller may be told of.
using SessionTold = std::function<void(std::optional<v1::SessionExplanation> session)>;
using ExplainSession =
    std::function<void(const std::string& id, const SubjectPtr& caller, SessionTold told)>;

// The session of the id, explained; nothing where there is none, or it is another's.
std::optional<v1::SessionExplanation> ExplainOwn(const LiveSessions& sessions,
                                                 const std::string& id, const SubjectPtr& caller);

// Without `explain_session`, all sessions are asked of the hub.
http::Handler Explain(HubCalls& calls, ExplainSession explain_session);

}  // namespace tocsin::bridge
