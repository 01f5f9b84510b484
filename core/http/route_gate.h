// route_gate.h: decides who may use the routes of a table, before a body is read and a handler runs.
//
// Threads: const; may be shared by threads.
// Errors:  of the table of errors. The answer to each is the gate's to word.
// Source:  docs/protocol.md, section 8.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "core/http/message.h"

namespace tocsin::http {

struct Route;

// What a route asks of its caller, where callers are known at all.
enum class Access : uint8_t {
  kNobody,      // it has not been said: nobody is let in
  kAnyone,      // no token
  kSession,     // the handler asks for the token itself, since a session may bring it later
  kToken,       // any good token
  kSubscribe,   // one that allows subscribing and querying
  kPublish,     // one that allows publishing: Route::publishes, or, where that is 0, anything
  kAdminister,  // one that allows administering
};

// True where a request needs a token in its head.
constexpr bool NeedsToken(Access access) {
  return access != Access::kAnyone && access != Access::kSession;
}

class RouteGate {
 public:
  virtual ~RouteGate() = default;
  // Of each request, before its route is looked for. Nothing: go on.
  virtual std::optional<HttpResponse> RefuseTarget(const HttpRequest& request) const = 0;
  // Sets the request's subject, or answers it.
  virtual std::optional<HttpResponse> RefuseCaller(const Route& route,
                                                   HttpRequest& request) const = 0;
};

using RouteGatePtr = std::shared_ptr<const RouteGate>;

}  // namespace tocsin::http
