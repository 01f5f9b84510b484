// openapi.h: an OpenAPI 3.1 document of a table of routes.
//
// Shape:   made from the rows: method, pattern, its {parameters}, summary, and what RouteDoc says
//          besides. What every route may answer (a path or head that is too long, overload, …) is
//          added to all.
// Threads: pure.
// Source:  OpenAPI 3.1.0.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "core/http/route_table.h"

namespace tocsin::http {

struct OpenApiInfo {
  std::string_view title;
  std::string_view version;
  // Callers are known: what needs a token says so, by the scheme "bearer" of the components.
  bool authenticates = false;
  std::string components;  // JSON of an object: {"schemas":{…}}, which the routes' schemas refer to
};

// A document as JSON.
std::string OpenApiDocument(const OpenApiInfo& info, std::span<const Route> routes);

}  // namespace tocsin::http
