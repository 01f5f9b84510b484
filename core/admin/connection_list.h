// connection_list.h: the connections of a program as Admin lists them, a page at a time.
//
// Shape:   each thread tells the first of its own after the page's beginning; the page is the first
//          of all of them.
// Threads: as AskShards.
#pragma once

#include <vector>

#include "core/stream/shard.h"
#include "tocsin/v1/admin.pb.h"

namespace tocsin {

// The request has been checked.
v1::ListConnectionsResponse ListConnections(const std::vector<Shard*>& shards, Clock& clock,
                                            const v1::ListConnectionsRequest& request);

}  // namespace tocsin
