// request_head.h: parses and checks the head of a request. Includes Beast: for .cc files of HTTP
// servers only.
//
// Shape:   the caller reads up to and including the empty line ("\r\n\r\n", at most kMaxHeadBytes)
//          and then calls ParseHead.
// Threads: pure.
// Errors:  a Refusal, see request_checks.h. Never throws.
#pragma once

#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <optional>
#include <string_view>

#include "core/http/message.h"
#include "core/http/request_checks.h"

namespace tocsin::http {

using BeastRequest = boost::beast::http::request<boost::beast::http::empty_body>;

// `head` is exactly the head, with its empty line. `request` is valid only when no Refusal is
// returned.
std::optional<Refusal> ParseHead(std::string_view head, BeastRequest& request);
std::optional<Refusal> ParseHead(std::string_view head, HttpRequest& request);
// Converts Beast's request to ours.
HttpRequest ToHttpRequest(const BeastRequest& request);

}  // namespace tocsin::http
