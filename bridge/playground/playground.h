// playground.h: GET /graphql/playground: GraphiQL, the page in which GraphQL is tried out.
//
// Shape:   the page and its files, from the program itself: the browser asks no other host for
//          anything. The page has a Content-Security-Policy that forbids it to, and a nonce of its
//          own for the styles that its editor makes.
// Threads: any.
// Errors:  a file that is not there is NOT_FOUND. Where the program was built without GraphiQL the
//          page says how to get it.
// Source:  docs/graphql.md; docs/security.md.
#pragma once

#include <vector>

#include "bridge/playground/assets.h"
#include "core/http/route_table.h"

namespace tocsin::bridge::playground {

// `assets` outlives the routes.
std::vector<http::Route> Routes(const Assets& assets = Assets::BuiltIn());

}  // namespace tocsin::bridge::playground
