#include "bridge/graphql/http/http_request.h"

#include <algorithm>
#include <boost/json/object.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "bridge/graphql/request_json.h"
#include "bridge/http/accept.h"
#include "bridge/http/json_request.h"
#include "bridge/http/query_parameters.h"
#include "core/base/strings.h"
#include "core/event/error.h"
#include "core/event/json_reader.h"
#include "core/http/problem.h"

namespace tocsin::bridge::graphql {
namespace {

namespace json = boost::json;
using http::HttpRequest;
using http::HttpResponse;

constexpr std::string_view kGraphqlResponseType = "application/graphql-response+json";
constexpr std::string_view kMembers[] = {"query", "operationName", "variables", "extensions"};

bool TakesParts(const AcceptRange& range) {
  const std::string spec = range.Parameter("subscriptionSpec").value_or("");
  return absl::EqualsIgnoreCase(range.value, "multipart/mixed") && range.quality > 0 &&
         (spec == "1.0" || spec == "1");
}

Error InputError(const absl::Status& status) {
  return {.message = std::string(status.message()),
          .code = kBadUserInput,
          .field = ErrorDetailsOf(status).field};
}

// A member of the request as the query has it: the two objects are JSON.
std::optional<Error> ReadMember(const http::Field& parameter, json::object& to) {
  json::value value = json::string(parameter.value);
  if (parameter.name == "variables" || parameter.name == "extensions") {
    if (const absl::Status read = ParseJson(parameter.value, value); !read.ok()) {
      return Error{.message = absl::StrCat(parameter.name, ": ", read.message()),
                   .code = kBadUserInput,
                   .field = parameter.name};
    }
  }
  to.emplace(parameter.name, std::move(value));
  return std::nullopt;
}

}  // namespace

std::optional<AnswerWanted> WantedAnswer(const HttpRequest& request) {
  const std::vector<AcceptRange> accepted = AcceptRanges(request, "Accept");
  if (accepted.empty()) {
    return AnswerWanted{};
  }
  const double graphql = Wanted(accepted, kGraphqlResponseType);
  const double plain = Wanted(accepted, kJsonMediaType);
  const bool parts = std::ranges::any_of(accepted, TakesParts);
  if (graphql <= 0 && plain <= 0) {
    return parts ? std::optional(AnswerWanted{.answer = std::nullopt, .multipart = true})
                 : std::nullopt;
  }
  // Whoever knows the newer type asks for it by name; a wildcard may stand for a client that reads
  // no other than application/json.
  const bool newer = plain <= 0 || (graphql >= plain && Names(accepted, kGraphqlResponseType));
  return AnswerWanted{.answer = newer ? AnswerType::kGraphqlResponse : AnswerType::kJson,
                      .multipart = parts};
}

std::optional<HttpResponse> RefuseMediaType(const HttpRequest& request) {
  if (const absl::Status bad = CheckIsJson(request); !bad.ok()) {
    return http::ProblemResponse(bad);
  }
  const AcceptRange given = ReadRange(*request.Header("Content-Type"));
  const std::string charset = given.Parameter("charset").value_or("utf-8");
  if (absl::EqualsIgnoreCase(charset, "utf-8") || absl::EqualsIgnoreCase(charset, "utf8")) {
    return std::nullopt;
  }
  return http::ProblemResponse(
      MakeError(ErrorCode::kUnsupported, "Content-Type: the charset must be utf-8",
                {.field = "Content-Type", .allowed = {"application/json; charset=utf-8"}}));
}

std::optional<HttpResponse> RefuseCrossSite(const HttpRequest& request) {
  const std::string_view site = request.Header("Sec-Fetch-Site").value_or("none");
  // With an Origin, that was allowed before.
  if (site == "none" || site == "same-origin" || request.Header("Origin").has_value()) {
    return std::nullopt;
  }
  return http::ProblemResponse(
      MakeError(ErrorCode::kForbidden, "Sec-Fetch-Site: pages of other sites may not send queries",
                {.field = "Sec-Fetch-Site", .allowed = {"same-origin", "none"}}));
}

std::variant<Request, Error> ReadBody(std::string_view body) {
  json::value value;
  if (const absl::Status read = ParseJson(body, value); !read.ok()) {
    return InputError(read);
  }
  return ReadJsonRequest(std::move(value));
}

std::variant<Request, Error> ReadQuery(const HttpRequest& request) {
  const absl::StatusOr<std::vector<http::Field>> parameters =
      ReadQueryParameters(request, {std::begin(kMembers), std::end(kMembers)});
  if (!parameters.ok()) {
    return InputError(parameters.status());
  }
  json::object members;
  for (const http::Field& parameter : *parameters) {
    const bool known = std::ranges::find(kMembers, parameter.name) != std::end(kMembers);
    if (!known || (parameter.value.empty() && parameter.name != "query")) {
      continue;
    }
    if (members.contains(parameter.name)) {
      return Error{.message = absl::StrCat(parameter.name, " is given twice"),
                   .code = kBadUserInput,
                   .field = parameter.name};
    }
    if (auto error = ReadMember(parameter, members)) {
      return *std::move(error);
    }
  }
  return ReadJsonRequest(std::move(members));
}

}  // namespace tocsin::bridge::graphql
