// hub_call.h: one call to the hub that has one answer, tried again while the hub is away.
//
// Threads: runs on the caller's until it is answered or --timeout is over.
// Errors:  CallHub returns gRPC's status. Tell prints what happened and what to do, and returns the
//          exit code.
#pragma once

#include <functional>

#include "cli/client.h"
#include "cli/command.h"

namespace tocsin::cli {

// `call` makes one try. Only for what may be done twice: queries, and events that have an id.
grpc::Status WithRetries(
    const Globals& globals,
    const std::function<grpc::Status(v1::EventHub::Stub& hub, grpc::ClientContext& context)>& call);

template <class Request, class Response>
grpc::Status CallHub(const Globals& globals,
                     grpc::Status (v1::EventHub::Stub::*method)(grpc::ClientContext*,
                                                                const Request&, Response*),
                     const Request& request, Response& response) {
  return WithRetries(globals, [&](v1::EventHub::Stub& hub, grpc::ClientContext& context) {
    response.Clear();
    return (hub.*method)(&context, request, &response);
  });
}

int Tell(const grpc::Status& status, const Globals& globals);

}  // namespace tocsin::cli
