// route_table.h: what a server answers to: a table of methods and path patterns, as data.
//
// Shape:   rows, looked through in order; a row's pattern is literal segments and {parameters},
//          which are percent-decoded. HEAD is answered by GET's row, OPTIONS, 404 and 405 by the
//          table itself. A description of all routes can be made from the rows.
// Threads: filled at the start; then const.
// Errors:  a pattern that does not begin with a slash is a bug.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/http/message.h"
#include "core/http/responder.h"

namespace tocsin::http {

// On the connection's thread; does not block. The request lives until the handler returns, and
// what is needed of it may be moved out. May throw: then 500 is answered.
using Handler = std::function<void(HttpRequest&, Responder)>;

// For what is answered at once.
Handler AtOnce(std::function<HttpResponse(const HttpRequest&)> answer);

struct Route {
  std::string_view name;     // of the operation: "publishEvents"
  std::string_view summary;  // one sentence
  std::string_view method;
  std::string_view pattern;  // "/v1/incidents/{id}/comments"
  size_t max_body_bytes = 0;
  Handler handler = {};
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
  explicit RouteTable(std::vector<Route> routes);

  // `path` as it was sent. kBadPath: a percent sign without two hexadecimal digits, or one that
  // stands for a control character.
  Match Find(std::string_view method, std::string_view path) const&;
  // A match points into the table, which must outlive it.
  Match Find(std::string_view method, std::string_view path) const&& = delete;
  std::span<const Route> routes() const { return routes_; }
  // Of all rows: what OPTIONS * answers.
  std::string AllMethods() const;

 private:
  std::vector<Route> routes_;
  std::vector<std::vector<std::string_view>> patterns_;  // the segments of each
};

}  // namespace tocsin::http
