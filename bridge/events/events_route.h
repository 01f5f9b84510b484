// events_route.h: GET /v1/events: a filtered stream of events as the body of a response.
//
// Shape:   reads what is asked for and begins a stream (event_stream.h). While none can begin (the
//          hub has not been reached yet; a drain) a client of server-sent events is told by `retry`
//          when to come back, since a browser gives up for ever on any other status than 200; a
//          client of JSON lines gets 503.
// Threads: the worker's.
// Source:  docs/protocol.md, section 7.
#pragma once

#include "bridge/http/routes.h"
#include "core/http/route_table.h"

namespace tocsin::bridge {

http::Handler EventsHandler(const RouteSources& sources, Worker& worker);

}  // namespace tocsin::bridge
