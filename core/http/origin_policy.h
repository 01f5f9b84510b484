// origin_policy.h: decides which web pages may use this server from a browser, and speaks CORS.
//
// Shape:   a request without Origin does not come from a page and is allowed. A request from one of
//          the server's own pages is allowed, too: its Origin names the host that the request is
//          for, and that host is an address or localhost. A domain name would not do: its owner can
//          let it point here, and then pages of that domain look like this server's own (DNS
//          rebinding). Any other origin must be on the list.
// Threads: const.
// Source:  docs/protocol.md, section 8; the Fetch standard, section 3.3.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/http/message.h"

namespace tocsin::http {

class OriginPolicy {
 public:
  OriginPolicy() = default;
  explicit OriginPolicy(std::vector<std::string> allowed) : allowed_(std::move(allowed)) {}

  // The answer to a page that is not allowed: FORBIDDEN, or 400 for several Origins. Nothing for a
  // request that is allowed.
  std::optional<HttpResponse> Refuse(const HttpRequest& request) const;
  // The answer to a preflight request; nothing when the request is not one. `allow` are the methods
  // of the path. Call it for requests that Refuse allows.
  std::optional<HttpResponse> AnswerPreflight(const HttpRequest& request,
                                              std::string_view allow) const;
  // Adds the fields without which a browser keeps the response from the page.
  void AddFields(const HttpRequest& request, HttpResponse& response) const;

 private:
  bool Allows(const HttpRequest& request, std::string_view origin) const;

  std::vector<std::string> allowed_;
};

}  // namespace tocsin::http
