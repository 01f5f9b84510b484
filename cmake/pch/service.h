// Precompiled for the programs, which speak gRPC.
#pragma once

#include <grpcpp/grpcpp.h>

#include "cmake/pch/core.h"
#include "tocsin/v1/hub.grpc.pb.h"
