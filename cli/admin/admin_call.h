// admin_call.h: a call to the admin socket of a hub or a bridge, or to the port of a hub.
//
// Shape:   --socket is asked, else the hub of a --hub on the command line, else the socket of the
//          environment, else the hub of the environment. Only the hub's port is shown the token.
// Threads: runs on the caller's until it is answered or --timeout is over. Not tried again: who
//          acts wants to know.
// Errors:  TellAdmin prints what happened and what to do, and returns the exit code.
#pragma once

#include <grpcpp/grpcpp.h>

#include <memory>
#include <string>

#include "cli/command.h"
#include "core/rpc/hub_token.h"
#include "tocsin/v1/admin.grpc.pb.h"

namespace tocsin::cli {

// What the commands of `tocsin admin` share.
struct AdminGlobals {
  const Globals& all;
  std::string socket = {};  // --socket

  // Empty: the hub is asked.
  std::string Socket() const;
};

template <class Request, class Response>
using AdminMethod = grpc::Status (v1::Admin::Stub::*)(grpc::ClientContext*, const Request&,
                                                      Response*);

std::unique_ptr<v1::Admin::Stub> AdminStub(const AdminGlobals& globals);
void SetAdminTimeout(const AdminGlobals& globals, grpc::ClientContext& context);
int TellAdmin(const grpc::Status& status, const AdminGlobals& globals);

template <class Request, class Response>
grpc::Status CallAdmin(const AdminGlobals& globals, AdminMethod<Request, Response> method,
                       const Request& request, Response& response) {
  const auto stub = AdminStub(globals);
  rpc::HubContext context(globals.Socket().empty() ? globals.all.token : nullptr);
  SetAdminTimeout(globals, context);
  return (*stub.*method)(&context, request, &response);
}

}  // namespace tocsin::cli
