#include "bridge/http/routes.h"

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "core/base/strings.h"
#include "core/base/version.h"
#include "core/event/error.h"
#include "core/http/problem.h"

namespace tocsin::bridge {
namespace {

// True for localhost and for addresses. Any other name may be made to point here by whoever owns
// it, a page of theirs then seems to come from this very server (DNS rebinding).
bool IsNoName(std::string_view host) {
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

using http::HttpRequest;
using http::HttpResponse;

constexpr std::string_view kWebSocketPath = "/ws";
constexpr size_t kKeyBytes = 16;
constexpr size_t kKeyChars = 24;

bool HasToken(const HttpRequest& request, std::string_view field, std::string_view token) {
  for (const http::Field& each : request.fields) {
    if (!absl::EqualsIgnoreCase(each.name, ToAbsl(field))) {
      continue;
    }
    for (absl::string_view part : absl::StrSplit(each.value, ',')) {
      if (absl::EqualsIgnoreCase(absl::StripAsciiWhitespace(part), ToAbsl(token))) {
        return true;
      }
    }
  }
  return false;
}

// The handshake's fields that mean nothing when there are two of them.
std::optional<std::string_view> GivenTwice(const HttpRequest& request) {
  for (std::string_view name : {"Sec-WebSocket-Key", "Sec-WebSocket-Version", "Origin"}) {
    const auto count = std::count_if(
        request.fields.begin(), request.fields.end(),
        [&](const http::Field& field) { return absl::EqualsIgnoreCase(field.name, ToAbsl(name)); });
    if (count > 1) {
      return name;
    }
  }
  return std::nullopt;
}

bool IsKey(std::string_view text) {
  std::string bytes;
  return text.size() <= kKeyChars && absl::Base64Unescape(ToAbsl(text), &bytes) &&
         bytes.size() == kKeyBytes;
}

HttpResponse UpgradeRequired(std::string_view detail) {
  HttpResponse response = http::ProblemResponse(http::Refusal{426, std::string(detail)});
  response.fields.push_back({"Upgrade", "websocket"});
  response.fields.push_back({"Sec-WebSocket-Version", "13"});
  return response;
}

std::optional<HttpResponse> RefuseHandshake(const HttpRequest& request) {
  if (request.method != "GET") {
    return http::MethodNotAllowed("GET");
  }
  if (const auto name = GivenTwice(request)) {
    return http::ProblemResponse(
        http::Refusal{400, absl::StrCat(ToAbsl(*name), " must be given only once")});
  }
  if (!HasToken(request, "Connection", "upgrade")) {
    return http::ProblemResponse(http::Refusal{400, "Connection must have Upgrade in it"});
  }
  if (request.Header("Sec-WebSocket-Version") != "13") {
    return UpgradeRequired("Sec-WebSocket-Version must be 13");
  }
  const auto key = request.Header("Sec-WebSocket-Key");
  if (!key.has_value() || !IsKey(*key)) {
    return http::ProblemResponse(
        http::Refusal{400, "Sec-WebSocket-Key must be 16 bytes in base64"});
  }
  return std::nullopt;
}

}  // namespace

Routes::Routes(const BridgeState& state, std::vector<std::string> allowed_origins,
               std::function<std::string()> metrics)
    : state_(state), allowed_origins_(std::move(allowed_origins)), metrics_(std::move(metrics)) {}

HttpResponse Routes::Answer(const HttpRequest& request) const {
  const std::string_view path = request.path();
  const bool known =
      path == "/health" || path == "/health/live" || path == "/health/ready" || path == "/metrics";
  if (path == kWebSocketPath) {
    return request.method == "GET" ? UpgradeRequired("/ws is a WebSocket: send Upgrade: websocket")
                                   : http::MethodNotAllowed("GET");
  }
  if (!known) {
    return http::NotFound(path);
  }
  if (request.method != "GET" && request.method != "HEAD") {
    return http::MethodNotAllowed("GET, HEAD");
  }
  if (path == "/metrics") {
    return {.status = 200,
            .content_type = "text/plain; version=0.0.4; charset=utf-8",
            .body = metrics_(),
            .fields = {}};
  }
  return Health(path == "/health/live" || (state_.hub_connected.load() && !state_.draining.load()));
}

HttpResponse Routes::Health(bool ready) const {
  const std::string_view status = state_.draining.load() ? "draining"
                                  : ready                ? "ok"
                                                         : "unavailable";
  const int64_t uptime = absl::ToInt64Seconds(state_.Uptime());
  return {
      .status = ready ? 200 : 503,
      .content_type = "application/json",
      .body = absl::StrCat(R"({"status":")", ToAbsl(status), R"(","version":")", ToAbsl(Version()),
                           R"(","uptime_seconds":)", uptime, R"(,"hub":")", ToAbsl(hub()), "\"}\n"),
      .fields = {}};
}

std::string_view Routes::hub() const {
  return state_.hub_connected.load() ? "connected"
         : state_.window_open.load() ? "reconnecting"
                                     : "connecting";
}

bool Routes::WantsWebSocket(const HttpRequest& request) {
  return request.path() == kWebSocketPath && HasToken(request, "Upgrade", "websocket");
}

std::optional<HttpResponse> Routes::RefuseUpgrade(const HttpRequest& request) const {
  if (auto refusal = RefuseHandshake(request)) {
    return refusal;
  }
  if (!OriginAllowed(request)) {
    return http::ProblemResponse(
        MakeError(ErrorCode::kForbidden,
                  "pages of this origin may not connect: list it with --allowed-origin",
                  {.field = "Origin"}));
  }
  if (state_.draining.load()) {
    return http::ProblemResponse(MakeError(ErrorCode::kServiceUnavailable,
                                           "the server is going down",
                                           {.retry_after = absl::Seconds(1)}));
  }
  if (!state_.window_open.load()) {
    return http::ProblemResponse(MakeError(ErrorCode::kServiceUnavailable,
                                           "the hub has not been reached yet; try again shortly",
                                           {.retry_after = absl::Seconds(1)}));
  }
  return std::nullopt;
}

// Not a browser: no Origin. The page's own server: Origin names the host that the request is for,
// and that is no name that others could own. Else it must be listed.
bool Routes::OriginAllowed(const HttpRequest& request) const {
  const auto origin = request.Header("Origin");
  if (!origin.has_value()) {
    return true;
  }
  if (std::find(allowed_origins_.begin(), allowed_origins_.end(), *origin) !=
      allowed_origins_.end()) {
    return true;
  }
  const size_t scheme = origin->find("://");
  const auto host = request.Header("Host");
  return scheme != std::string_view::npos && host.has_value() && IsNoName(*host) &&
         absl::EqualsIgnoreCase(ToAbsl(origin->substr(scheme + 3)), ToAbsl(*host));
}

}  // namespace tocsin::bridge
