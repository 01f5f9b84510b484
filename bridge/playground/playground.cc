#include "bridge/playground/playground.h"

#include <cstdint>
#include <random>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "bridge/http/accept.h"
#include "bridge/http/doc_parts.h"
#include "bridge/rest/entity_tag.h"
#include "core/base/strings.h"
#include "core/http/problem.h"

namespace tocsin::bridge::playground {
namespace {

using http::HttpRequest;
using http::HttpResponse;

constexpr char kPattern[] = "/graphql/playground";
constexpr char kAssetPattern[] = "/graphql/playground/{asset}";
constexpr char kHtml[] = "text/html; charset=utf-8";

constexpr char kNotBuiltIn[] = R"(<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Tocsin: GraphiQL is not built in</title>
<h1>GraphiQL is not built in</h1>
<p>This bridge was built on a machine without Node.js. GraphQL itself is served all the same, at
<code>/graphql</code> and <code>/graphql/ws</code>.</p>
<p>To have GraphiQL here: install Node.js 18 or later and npm, then run <code>scripts/setup</code>
and <code>scripts/build</code>, and start the bridge again.</p>
</html>
)";

// 128 bits that no other page can guess.
std::string NewNonce() {
  std::random_device random;
  std::string nonce;
  for (int i = 0; i < 4; ++i) {
    absl::StrAppend(&nonce, absl::Hex(static_cast<uint32_t>(random()), absl::kZeroPad8));
  }
  return nonce;
}

// What GraphiQL needs, and nothing else. Its editor (Monaco) writes style elements, which carry the
// nonce, and style attributes, which cannot; its style sheet has its fonts in it as data.
std::string ContentSecurityPolicy(std::string_view nonce) {
  return absl::StrCat(
      "default-src 'none'; script-src 'self'; connect-src 'self'; worker-src 'self'; "
      "style-src-elem 'self' 'nonce-",
      ToAbsl(nonce),
      "'; style-src-attr 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; "
      "base-uri 'none'; form-action 'none'; frame-ancestors 'none'");
}

HttpResponse Page(const Assets& assets) {
  const std::string nonce = NewNonce();
  HttpResponse response{.content_type = kHtml};
  response.fields = {{"Content-Security-Policy", ContentSecurityPolicy(nonce)},
                     {"Referrer-Policy", "no-referrer"},
                     {"Cross-Origin-Opener-Policy", "same-origin"},
                     {"Cache-Control", "no-store"}};
  if (const Asset* const page = assets.Find(kPage)) {
    response.body = absl::StrReplaceAll(ToAbsl(page->bytes), {{"{nonce}", nonce}});
  } else {
    response.status = 404;
    response.body = kNotBuiltIn;
  }
  return response;
}

// A request that says nothing takes any coding.
bool TakesGzip(const HttpRequest& request) {
  const std::vector<AcceptRange> accepted = AcceptRanges(request, "Accept-Encoding");
  return accepted.empty() || Wanted(accepted, "gzip") > 0;
}

HttpResponse File(const Assets& assets, const HttpRequest& request) {
  const Asset* const asset = assets.Find(request.Parameter("asset"));
  if (asset == nullptr || asset->name == kPage) {
    return http::NotFound(request.path());
  }
  if (asset->gzip && !TakesGzip(request)) {
    return http::ProblemResponse(
        http::Refusal{406, "this file is served as gzip: Accept-Encoding must have it"});
  }
  const std::string tag = absl::StrCat("\"", ToAbsl(asset->tag), "\"");
  HttpResponse response{.content_type = std::string(asset->media_type)};
  response.fields = {{"ETag", tag}, {"Cache-Control", "no-cache"}, {"Vary", "Accept-Encoding"}};
  if (HasTag(KnownTags(request), tag)) {
    response.status = 304;
    return response;
  }
  if (asset->gzip) {
    response.fields.push_back({"Content-Encoding", "gzip"});
  }
  response.body = std::string(asset->bytes);
  return response;
}

http::RouteDoc PageDoc() {
  return {
      .responses = {{.description = "GraphiQL.", .media_type = "text/html", .schema = kTextSchema},
                    {.status = 404,
                     .description = "The program was built without it.",
                     .media_type = "text/html",
                     .schema = kTextSchema}}};
}

http::RouteDoc FileDoc() {
  http::RouteDoc doc{.parameters = {{"asset", "path", "The file's name.", kTextSchema}},
                     .errors = {404, 406}};
  for (const std::string_view type : {"text/javascript", "text/css", "font/ttf", "text/plain"}) {
    doc.responses.push_back({.description = "The file.",
                             .media_type = type,
                             .schema = kTextSchema,
                             .headers = {"ETag"}});
  }
  doc.responses.push_back({.status = 304, .description = "The client has it."});
  return doc;
}

}  // namespace

std::vector<http::Route> Routes(const Assets& assets) {
  return {{.name = "playground",
           .summary = "GraphiQL, in which GraphQL is tried out.",
           .method = "GET",
           .pattern = kPattern,
           .access = http::Access::kAnyone,
           .handler = http::AtOnce([&assets](const HttpRequest&) { return Page(assets); }),
           .doc = PageDoc()},
          {.name = "playgroundFile",
           .summary = "A file of GraphiQL.",
           .method = "GET",
           .pattern = kAssetPattern,
           .access = http::Access::kAnyone,
           .handler = http::AtOnce(
               [&assets](const HttpRequest& request) { return File(assets, request); }),
           .doc = FileDoc()}};
}

}  // namespace tocsin::bridge::playground
