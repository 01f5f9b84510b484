#include "core/http/problem.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "core/base/strings.h"
#include "core/event/error.h"
#include "core/event/json_writer.h"

namespace tocsin::http {
namespace {

void AppendMember(std::string& out, std::string_view name, std::string_view value) {
  if (out.size() > 1) {
    out += ',';
  }
  AppendJsonString(out, name);
  out += ':';
  AppendJsonString(out, value);
}

void AppendMemberUnlessEmpty(std::string& out, std::string_view name, std::string_view value) {
  if (!value.empty()) {
    AppendMember(out, name, value);
  }
}

// The type is about:blank, so the title is the phrase of the HTTP status, and `code` names the
// error (RFC 9457, section 4.2.1).
std::string ProblemBody(int status, std::string_view detail, std::string_view code) {
  std::string out = "{";
  AppendMember(out, "type", "about:blank");
  AppendMember(out, "title", ReasonPhrase(status));
  absl::StrAppend(&out, ",\"status\":", status);
  AppendMember(out, "detail", detail);
  AppendMember(out, "code", code);
  return out;
}

HttpResponse Problem(int status, std::string body) {
  HttpResponse response;
  response.status = status;
  response.content_type = "application/problem+json";
  response.body = std::move(body) + "}\n";
  return response;
}

void AppendAllowed(std::string& out, const std::vector<std::string>& allowed) {
  if (allowed.empty()) {
    return;
  }
  out += ",\"allowed\":[";
  for (size_t i = 0; i < allowed.size(); ++i) {
    if (i > 0) {
      out += ',';
    }
    AppendJsonString(out, allowed[i]);
  }
  out += ']';
}

void AddRetryAfter(HttpResponse& response, absl::Duration after) {
  const int64_t seconds =
      std::max<int64_t>(1, absl::ToInt64Seconds(absl::Ceil(after, absl::Seconds(1))));
  response.fields.push_back({"Retry-After", absl::StrCat(seconds)});
}

}  // namespace

HttpResponse ProblemResponse(const absl::Status& status) {
  return ProblemResponse(status, RowOf(ErrorCodeOf(status)).http, "");
}

HttpResponse ProblemResponse(const absl::Status& status, int http, std::string_view members) {
  const ErrorDetails details = ErrorDetailsOf(status);
  std::string body = ProblemBody(http, ToStd(status.message()), RowOf(ErrorCodeOf(status)).name);
  AppendMemberUnlessEmpty(body, "field", details.field);
  AppendAllowed(body, details.allowed);
  AppendMemberUnlessEmpty(body, "earliest", details.earliest);
  AppendMemberUnlessEmpty(body, "latest", details.latest);
  if (details.retry_after > absl::ZeroDuration()) {
    absl::StrAppend(&body, ",\"retry_after_ms\":", absl::ToInt64Milliseconds(details.retry_after));
  }
  if (!members.empty()) {
    absl::StrAppend(&body, ",", ToAbsl(members));
  }
  HttpResponse response = Problem(http, std::move(body));
  if (details.retry_after > absl::ZeroDuration()) {
    AddRetryAfter(response, details.retry_after);
  } else if (http == 429 || http == 503) {
    AddRetryAfter(response, absl::Seconds(1));
  }
  AddChallenge(response, status);
  return response;
}

// A client that sent no token is told of no error (RFC 6750, section 3.1).
void AddChallenge(HttpResponse& response, const absl::Status& status) {
  constexpr char kField[] = "WWW-Authenticate";
  const bool told = std::ranges::any_of(response.fields,
                                        [&](const Field& field) { return field.name == kField; });
  if (response.status == 401 && !told) {
    response.fields.push_back({kField, ErrorCodeOf(status) == ErrorCode::kUnauthorized
                                           ? "Bearer error=\"invalid_token\""
                                           : "Bearer"});
  }
}

HttpResponse ProblemResponse(const Refusal& refusal) {
  const ErrorCode code = refusal.status == 413   ? ErrorCode::kMessageTooLarge
                         : refusal.status == 415 ? ErrorCode::kUnsupported
                                                 : ErrorCode::kInvalidMessage;
  HttpResponse response =
      Problem(refusal.status, ProblemBody(refusal.status, refusal.detail, RowOf(code).name));
  response.close = true;
  return response;
}

HttpResponse NotFound(std::string_view path) {
  return ProblemResponse(
      MakeError(ErrorCode::kNotFound, absl::StrCat("there is nothing at ", ToAbsl(path))));
}

HttpResponse MethodNotAllowed(std::string_view allow) {
  HttpResponse response =
      Problem(405, ProblemBody(405, absl::StrCat("the method must be one of: ", ToAbsl(allow)),
                               RowOf(ErrorCode::kInvalidMessage).name));
  response.fields.push_back({"Allow", std::string(allow)});
  return response;
}

}  // namespace tocsin::http
