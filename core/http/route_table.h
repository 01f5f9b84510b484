// route_table.h: the table of a server's routes: methods, path patterns, handlers.
//
// Shape:   the rows are tried in order. A pattern consists of literal segments and {parameters},
//          whose values are percent-decoded. The row for GET also serves HEAD. The rows are data,
//          so that a description of all routes can be made from them. Who may use a route is asked of
//          the table's gate (route_gate.h).
// Threads: const once it has been made.
// Errors:  a pattern that does not begin with a slash is a bug.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "core/http/message.h"
#include "core/http/responder.h"
#include "core/http/route_gate.h"

namespace tocsin::http {

// Runs on the connection's thread and must not block. The request lives until the handler returns;
// the handler may move parts out of it. If it throws, the answer is 500.
using Handler = std::function<void(HttpRequest&, Responder)>;

// A handler that answers at once.
Handler AtOnce(std::function<HttpResponse(const HttpRequest&)> answer);

// What a route takes and answers, for those who read its description (openapi.h). Schemas are JSON
// Schemas as text.
struct ParameterDoc {
  std::string_view name;
  std::string_view in;  // "query", "header"; "path" of a parameter that is no UUID
  std::string_view description;
  std::string schema;
  std::string_view example = {};  // as it is written in the request
};
struct BodyDoc {
  std::string_view media_type;
  std::string schema;
  std::string_view example = {};  // JSON
};
struct ResponseDoc {
  int status = 200;
  std::string_view description = {};
  std::string_view media_type = {};  // empty: no body
  std::string schema = {};
  std::vector<std::string_view> headers = {};
};
struct RouteDoc {
  std::vector<ParameterDoc> parameters = {};  // besides the pattern's, which are UUIDs
  std::vector<BodyDoc> bodies = {};           // one of them
  bool body_is_optional = false;
  std::vector<ResponseDoc> responses = {};
  std::vector<int> errors = {};  // HTTP statuses, besides those that any route may answer
};

struct Route {
  std::string_view name;     // of the operation: "publishEvents"
  std::string_view summary;  // one sentence
  std::string_view method;
  std::string_view pattern;  // "/v1/incidents/{id}/comments"
  size_t max_body_bytes = 0;
  Access access = Access::kNobody;  // told to the table's gate, where it has one
  int publishes = 0;  // with kPublish: the one type (v1::EventType) of what it publishes
  // Words a refusal of the gate; null: as a problem.
  std::function<HttpResponse(const HttpRequest&, const absl::Status&)> refusal = {};
  Handler handler = {};
  RouteDoc doc = {};
};

class RouteTable {
 public:
  struct Match {
    enum class Kind { kRoute, kNotFound, kMethodNotAllowed, kOptions, kBadPath };
    Kind kind = Kind::kNotFound;
    const Route* route = nullptr;
    std::vector<Field> parameters = {};
    std::string allow = {};  // the methods that the path takes: "GET, HEAD, OPTIONS"
  };

  RouteTable() = default;
  // Without a gate everyone may use every route.
  explicit RouteTable(std::vector<Route> routes, RouteGatePtr gate = nullptr);

  // `path` as it was sent. kBadPath: a percent sign is not followed by two hexadecimal digits, or
  // it encodes a control character.
  Match Find(std::string_view method, std::string_view path) const&;
  // A match points into the table, which must outlive it.
  Match Find(std::string_view method, std::string_view path) const&& = delete;
  std::span<const Route> routes() const { return routes_; }
  const RouteGate* gate() const { return gate_.get(); }
  // The methods of all rows, for the answer to OPTIONS *.
  std::string AllMethods() const;

 private:
  std::vector<Route> routes_;
  RouteGatePtr gate_;
  std::vector<std::vector<std::string_view>> patterns_;  // the segments of each row
};

}  // namespace tocsin::http
