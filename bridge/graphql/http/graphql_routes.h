// graphql_routes.h: POST and GET /graphql, and GET /graphql/schema.graphql.
//
// Shape:   a request is read and prepared on the worker; a query or a mutation is executed by
//          HubCalls' thread, a subscription becomes a stream of parts (multipart_stream.h). A GET
//          takes queries only.
// Threads: the worker's.
// Errors:  a caller that is not let in is told by `errors`, with HTTP's status; what HTTP refuses is
//          a problem, as on other routes; what GraphQL refuses is `errors`.
// Source:  docs/protocol.md, section 6; GraphQL over HTTP
#pragma once

#include <vector>

#include "bridge/graphql/executor.h"
#include "bridge/http/routes.h"
#include "core/http/route_table.h"

namespace tocsin::bridge::graphql {

std::vector<http::Route> Routes(const ExecutionSources& sources, const RouteSources& bridge,
                                Worker& worker);

}  // namespace tocsin::bridge::graphql
