// unary_methods.h: the methods of the services that have one request and one response.
#pragma once

#include <memory>
#include <vector>

#include "hub/service/call.h"

namespace tocsin::hub {

class HubShard;

// One call object for each method. They do not listen yet.
std::vector<std::unique_ptr<Call>> UnaryMethods(HubShard& shard);

}  // namespace tocsin::hub
