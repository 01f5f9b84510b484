#include "bridge/graphql/http/http_answer.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/strings.h"
#include "core/event/error.h"

namespace tocsin::bridge::graphql {
namespace {

using http::HttpResponse;

std::string ContentType(AnswerType type) {
  return type == AnswerType::kJson ? "application/json; charset=utf-8"
                                   : "application/graphql-response+json; charset=utf-8";
}

// The codes that GraphQL has of its own are all of the request's: 400.
int StatusOf(std::string_view code) {
  const auto row = std::ranges::find(ErrorTable(), code, &ErrorRow::name);
  return row == ErrorTable().end() ? 400 : row->http;
}

HttpResponse Respond(AnswerType type, int status, std::string body) {
  HttpResponse response{
      .status = status, .content_type = ContentType(type), .body = std::move(body) + "\n"};
  response.fields.push_back({"Cache-Control", "no-store"});
  return response;
}

std::string ErrorsBody(const Errors& errors, absl::Time now) {
  std::string body = "{\"errors\":";
  AppendErrors(body, errors, now);
  body += '}';
  return body;
}

}  // namespace

HttpResponse ResultResponse(AnswerType type, std::string result) {
  return Respond(type, 200, std::move(result));
}

HttpResponse ErrorsResponse(AnswerType type, const Errors& errors, absl::Time now) {
  const int status = type == AnswerType::kJson ? 200 : StatusOf(errors.front().code);
  return Respond(type, status, ErrorsBody(errors, now));
}

HttpResponse BadRequestResponse(AnswerType type, int status, Error error, absl::Time now) {
  Errors errors;
  errors.push_back(std::move(error));
  return Respond(type, status, ErrorsBody(errors, now));
}

}  // namespace tocsin::bridge::graphql
