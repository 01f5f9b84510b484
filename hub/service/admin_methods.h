// admin_methods.h: the methods of tocsin.v1.Admin on the hub's port, for tokens that allow to
// administer (method_access.h).
//
// Threads: a request is read on the call's shard, answered on the thread of AdminCalls, and the
//          answer posted back.
#pragma once

#include <memory>
#include <vector>

#include "hub/service/call.h"

namespace tocsin::hub {

class HubShard;

// One call object for each method. They do not listen yet.
std::vector<std::unique_ptr<Call>> AdminMethods(HubShard& shard);

}  // namespace tocsin::hub
