#include "core/http/origin_policy.h"

#include <algorithm>
#include <boost/asio/ip/address.hpp>

#include "absl/strings/match.h"
#include "core/base/strings.h"
#include "core/event/error.h"
#include "core/http/problem.h"

namespace tocsin::http {
namespace {

// How long a browser may keep the answer to a preflight request.
constexpr std::string_view kPreflightSeconds = "600";
constexpr std::string_view kRequestFields =
    "Accept, Authorization, Content-Type, Idempotency-Key, If-Match, Last-Event-ID";
constexpr std::string_view kResponseFields = "ETag, Location, Retry-After, WWW-Authenticate";

bool IsAddressOrLocalhost(std::string_view host) {
  const size_t port = host.rfind(':');
  if (port != std::string_view::npos && host.find(']', port) == std::string_view::npos) {
    host = host.substr(0, port);
  }
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
  }
  boost::system::error_code error;
  boost::asio::ip::make_address(std::string(host), error);
  return !error || absl::EqualsIgnoreCase(ToAbsl(host), "localhost");
}

size_t CountOf(const HttpRequest& request, std::string_view name) {
  return static_cast<size_t>(std::count_if(
      request.fields.begin(), request.fields.end(),
      [&](const Field& field) { return absl::EqualsIgnoreCase(field.name, ToAbsl(name)); }));
}

}  // namespace

std::optional<HttpResponse> OriginPolicy::Refuse(const HttpRequest& request) const {
  const auto origin = request.Header("Origin");
  if (!origin.has_value()) {
    return std::nullopt;
  }
  if (CountOf(request, "Origin") > 1) {
    return ProblemResponse(Refusal{400, "Origin must be given only once"});
  }
  if (Allows(request, *origin)) {
    return std::nullopt;
  }
  return ProblemResponse(MakeError(
      ErrorCode::kForbidden, "pages of this origin may not connect: list it with --allowed-origin",
      {.field = "Origin"}));
}

bool OriginPolicy::Allows(const HttpRequest& request, std::string_view origin) const {
  if (std::find(allowed_.begin(), allowed_.end(), origin) != allowed_.end()) {
    return true;
  }
  const size_t scheme = origin.find("://");
  const auto host = request.Header("Host");
  return scheme != std::string_view::npos && host.has_value() && IsAddressOrLocalhost(*host) &&
         absl::EqualsIgnoreCase(ToAbsl(origin.substr(scheme + 3)), ToAbsl(*host));
}

std::optional<HttpResponse> OriginPolicy::AnswerPreflight(const HttpRequest& request,
                                                          std::string_view allow) const {
  if (!request.Header("Origin").has_value() ||
      !request.Header("Access-Control-Request-Method").has_value()) {
    return std::nullopt;
  }
  HttpResponse response{.status = 204};
  response.fields = {{"Access-Control-Allow-Methods", std::string(allow)},
                     {"Access-Control-Allow-Headers", std::string(kRequestFields)},
                     {"Access-Control-Max-Age", std::string(kPreflightSeconds)}};
  return response;
}

void OriginPolicy::AddFields(const HttpRequest& request, HttpResponse& response) const {
  const auto origin = request.Header("Origin");
  const bool allowed = origin.has_value() && Allows(request, *origin);
  if (allowed) {
    response.fields.push_back({"Access-Control-Allow-Origin", std::string(*origin)});
    response.fields.push_back({"Access-Control-Expose-Headers", std::string(kResponseFields)});
  }
  if (origin.has_value() || !allowed_.empty()) {
    response.fields.push_back({"Vary", "Origin"});
  }
}

}  // namespace tocsin::http
