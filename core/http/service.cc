#include "core/http/service.h"

#include <optional>
#include <utility>

#include "core/http/problem.h"

namespace tocsin::http {
namespace {

// A sender of webhooks asks by OPTIONS whether it may POST here; who may post may do so as a
// webhook.
void AddWebhookConsent(const HttpRequest& request, std::string_view allow, HttpResponse& response) {
  const auto origin = request.Header("WebHook-Request-Origin");
  if (origin.has_value() && !origin->empty() && allow.find("POST") != std::string_view::npos) {
    response.fields.push_back({"WebHook-Allowed-Origin", std::string(*origin)});
    response.fields.push_back({"WebHook-Allowed-Rate", "*"});
  }
}

}  // namespace

std::variant<const Route*, HttpResponse> RouteOf(const Service& service, HttpRequest& request) {
  using Kind = RouteTable::Match::Kind;
  if (auto refusal = service.origins.Refuse(request)) {
    return *std::move(refusal);
  }
  const RouteGate* const gate = service.routes.gate();
  if (gate != nullptr) {
    if (auto refusal = gate->RefuseTarget(request)) {
      return *std::move(refusal);
    }
  }
  if (request.target == "*") {
    return HttpResponse{.status = 204, .fields = {{"Allow", service.routes.AllMethods()}}};
  }
  RouteTable::Match match = service.routes.Find(request.method, request.path());
  switch (match.kind) {
    case Kind::kRoute:
      request.parameters = std::move(match.parameters);
      if (gate != nullptr) {
        if (auto refusal = gate->RefuseCaller(*match.route, request)) {
          return *std::move(refusal);
        }
      }
      return match.route;
    case Kind::kNotFound:
      return NotFound(request.path());
    case Kind::kMethodNotAllowed:
      return MethodNotAllowed(match.allow);
    case Kind::kBadPath:
      return ProblemResponse(Refusal{400, "the path's percent-encoding is wrong"});
    case Kind::kOptions:
      break;
  }
  if (auto preflight = service.origins.AnswerPreflight(request, match.allow)) {
    return *std::move(preflight);
  }
  HttpResponse response{.status = 204, .fields = {{"Allow", match.allow}}};
  AddWebhookConsent(request, match.allow, response);
  return response;
}

void AddFields(const Service& service, const HttpRequest& request, HttpResponse& response) {
  service.origins.AddFields(request, response);
  response.fields.insert(response.fields.end(), service.fields.begin(), service.fields.end());
}

bool BodyShare::Set(size_t bytes) {
  service_.bodies_bytes += bytes - std::exchange(bytes_, bytes);
  return bytes == 0 || service_.bodies_bytes <= service_.max_bodies_bytes;
}

}  // namespace tocsin::http
