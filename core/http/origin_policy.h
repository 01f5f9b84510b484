// origin_policy.h: which pages of which origins a browser may let read from here, and CORS.
//
// Shape:   a request without Origin comes from no page and is let in. One of the server's own pages
//          is, too: its Origin names the very host that the request is for, and that host is an
//          address or localhost. Any other name may be made to point here by whoever owns it, and
//          a page of theirs would then seem to come from this server (DNS rebinding). All other
//          origins must be listed.
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

  // FORBIDDEN for a page that may not read from here; 400 for several Origins.
  std::optional<HttpResponse> Refuse(const HttpRequest& request) const;
  // The answer to a browser that asks before it sends, when this is one; `allow` are the methods of
  // the path. After Refuse has let it in.
  std::optional<HttpResponse> AnswerPreflight(const HttpRequest& request,
                                              std::string_view allow) const;
  // The fields by which a browser hands the response to the page.
  void AddFields(const HttpRequest& request, HttpResponse& response) const;

 private:
  bool Allows(const HttpRequest& request, std::string_view origin) const;

  std::vector<std::string> allowed_;
};

}  // namespace tocsin::http
