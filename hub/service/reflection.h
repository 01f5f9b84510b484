// reflection.h: answers what the schema is, from the descriptors that the program is built with.
//
// Threads: pure.
// Errors:  NOT_FOUND in the response, with the name that is not known.
// Source:  grpc.reflection.v1alpha, the server reflection protocol of gRPC.
#pragma once

#include <string>
#include <vector>

#include "grpc/reflection/v1alpha/reflection.pb.h"

namespace tocsin::hub {

// `services`: the full names of those that are served.
grpc::reflection::v1alpha::ServerReflectionResponse Reflect(
    const grpc::reflection::v1alpha::ServerReflectionRequest& request,
    const std::vector<std::string>& services);

}  // namespace tocsin::hub
