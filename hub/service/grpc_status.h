// grpc_status.h: the hub's errors as gRPC statuses (core/rpc/grpc_status.h).
#pragma once

#include "core/rpc/grpc_status.h"

namespace tocsin::hub {

using rpc::ToGrpcStatus;
using rpc::ToPublishError;

}  // namespace tocsin::hub
