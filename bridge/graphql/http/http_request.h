// http_request.h: what an HTTP request to /graphql asks for, and how it wants to be answered.
//
// Shape:   media types and origin come first, and what is wrong with them is a problem (problem.h)
//          as on other routes. What is wrong with the request itself is a GraphQL error.
// Threads: pure.
// Errors:  415 and 406; FORBIDDEN for a GET that a page of another site may have sent; BAD_USER_INPUT.
// Source:  GraphQL over HTTP, "Request" and "Accept"; docs/security.md, "Browsers"
#pragma once

#include <cstdint>
#include <optional>
#include <variant>

#include "bridge/graphql/request.h"
#include "core/http/message.h"

namespace tocsin::bridge::graphql {

// How a response that is not streamed is written.
enum class AnswerType : uint8_t {
  kGraphqlResponse,  // application/graphql-response+json
  kJson,             // application/json
};

struct AnswerWanted {
  std::optional<AnswerType> answer = AnswerType::kJson;  // nothing: only parts are taken
  // multipart/mixed;subscriptionSpec="1.0": subscriptions are taken.
  bool multipart = false;
};

// The client's Accept; nothing where it takes none of them.
std::optional<AnswerWanted> WantedAnswer(const http::HttpRequest& request);

// The answer to a POST whose body is not said to be JSON in UTF-8. A page of any site can send such
// a request without asking first.
std::optional<http::HttpResponse> RefuseMediaType(const http::HttpRequest& request);
// The answer to a GET that a page of another site makes, as far as its browser says so.
std::optional<http::HttpResponse> RefuseCrossSite(const http::HttpRequest& request);

std::variant<Request, Error> ReadBody(std::string_view body);
std::variant<Request, Error> ReadQuery(const http::HttpRequest& request);

}  // namespace tocsin::bridge::graphql
