// request_json.h: a GraphQL request as clients write it in JSON: query, operationName, variables,
// extensions.
//
// Shape:   the body of a POST, and the payload of a `subscribe` over a WebSocket. null is as good
//          as absent but for the query. Other members are passed over: they are reserved for
//          versions to come.
// Threads: pure.
// Errors:  BAD_USER_INPUT, naming the member.
// Source:  GraphQL over HTTP, "JSON Encoding"; the protocol graphql-transport-ws, "Subscribe"
#pragma once

#include <boost/json/value.hpp>
#include <variant>

#include "bridge/graphql/request.h"

namespace tocsin::bridge::graphql {

std::variant<Request, Error> ReadJsonRequest(boost::json::value value);

}  // namespace tocsin::bridge::graphql
