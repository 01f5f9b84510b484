// service.h: what the connections of one IoThread serve: routes, rules about origins, and the room
// for request bodies.
//
// Shape:   RouteOf finds the route of a request, or the answer to a request that reaches no
//          handler: a forbidden origin, a caller that the gate refuses, OPTIONS, a path or a method
//          that no route has.
// Threads: the IoThread's.
// Owns:    the routes. Outlives the connections.
// Errors:  application/problem+json, see problem.h.
// Source:  RFC 9110, section 9.3.7 (OPTIONS); CloudEvents' HTTP 1.1 Web Hooks, section 4.
#pragma once

#include <cstddef>
#include <variant>
#include <vector>

#include "core/event/limits.h"
#include "core/http/message.h"
#include "core/http/origin_policy.h"
#include "core/http/proxy_rules.h"
#include "core/http/route_table.h"

namespace tocsin::http {

struct Service {
  RouteTable routes;
  OriginPolicy origins = {};
  std::vector<Field> fields = {};  // that every answer has
  ProxyRules proxies = {};         // before this server
  // All bodies that this thread is receiving or handling may take so much together. Beyond it: 503.
  size_t max_bodies_bytes = limits::kRequestBodiesBytes;
  size_t bodies_bytes = 0;  // now
};

// The route, with the request's parameters set; or the answer, where no handler is asked.
std::variant<const Route*, HttpResponse> RouteOf(const Service& service, HttpRequest& request);

// Adds what the service says in every answer, and what the origin's rules demand.
void AddFields(const Service& service, const HttpRequest& request, HttpResponse& response);

// The part of Service::bodies_bytes that one request's body takes.
class BodyShare {
 public:
  explicit BodyShare(Service& service) : service_(service) {}
  BodyShare(const BodyShare&) = delete;
  BodyShare& operator=(const BodyShare&) = delete;
  ~BodyShare() { Set(0); }

  // False when all bodies together are larger than the service's bound. The share is counted even
  // then.
  bool Set(size_t bytes);

 private:
  Service& service_;
  size_t bytes_ = 0;
};

}  // namespace tocsin::http
