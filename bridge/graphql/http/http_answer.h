// http_answer.h: GraphQL results and errors as HTTP responses.
//
// Shape:   the status follows from the media type. As application/json a request that could be read
//          is always 200, since a proxy may have made any other; as
//          application/graphql-response+json one that was not executed is 4xx or 5xx.
// Threads: pure.
// Source:  GraphQL over HTTP, "Status Codes"
#pragma once

#include <string>

#include "absl/time/time.h"
#include "bridge/graphql/http/http_request.h"
#include "bridge/graphql/request.h"
#include "core/http/message.h"

namespace tocsin::bridge::graphql {

// `result` is {"data":…,"errors":[…]}.
http::HttpResponse ResultResponse(AnswerType type, std::string result);
// Of a request that was read, and not executed.
http::HttpResponse ErrorsResponse(AnswerType type, const Errors& errors, absl::Time now);
// Of one that is no request, or not by this method: `status` whatever the type.
http::HttpResponse BadRequestResponse(AnswerType type, int status, Error error, absl::Time now);

}  // namespace tocsin::bridge::graphql
