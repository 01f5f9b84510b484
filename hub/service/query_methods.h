// query_methods.h: the methods that are answered by the threads of queries (hub/query).
//
// Threads: a request is read on the call's shard, answered on a thread of queries, and the answer
//          posted back. One whose client has gone, or whose deadline has passed, is not looked for.
#pragma once

#include "hub/service/unary_call.h"

namespace tocsin::hub {

void ServeGetIncident(UnaryCall& call);
void ServeListIncidents(UnaryCall& call);
void ServeListEvents(UnaryCall& call);

}  // namespace tocsin::hub
