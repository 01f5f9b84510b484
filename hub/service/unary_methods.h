// unary_methods.h: the services' methods with one request and one response.
#pragma once

#include <memory>
#include <vector>

#include "hub/service/call.h"

namespace tocsin::hub {

class HubShard;

// A call of each, that waits for nothing yet.
std::vector<std::unique_ptr<Call>> UnaryMethods(HubShard& shard);

}  // namespace tocsin::hub
