// message.h: HTTP requests and responses as plain values, for code that should not see Beast.
//
// Threads: values.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/ip_address.h"
#include "core/http/connection_limits.h"

namespace tocsin {
struct Subject;
}

namespace tocsin::http {

struct Field {
  std::string name;
  std::string value;
};

struct HttpRequest {
  std::string method;
  std::string target;  // path and query as sent, or "*"; of an absolute target, its path and query
  int version = 11;    // 10 or 11
  std::vector<Field> fields;  // in order, names as sent
  uint64_t content_length = 0;
  bool chunked = false;
  bool keep_alive = true;
  bool upgrade = false;   // has an Upgrade field
  bool followed = false;  // more bytes came after it, before it was answered
  std::string body;
  IpAddress client;               // who asks: the peer's address, or what a trusted proxy said
  std::vector<Field> parameters;  // of the route's path pattern, percent-decoded
  // Who calls, as the table's gate knows it (route_gate.h); null without a gate.
  std::shared_ptr<const Subject> subject;
  // Of its connection, until the handler returns; null where connections are not counted.
  ConnectionLimits::Ticket* ticket = nullptr;

  bool has_body() const { return chunked || content_length > 0; }
  std::string_view path() const { return std::string_view(target).substr(0, target.find('?')); }
  // Without the question mark; empty when there is none.
  std::string_view query() const;
  // The first field of that name, in any letter case.
  std::optional<std::string_view> Header(std::string_view name) const;
  // True when a field of that name has the token in its comma-separated list, in any letter case.
  bool HasToken(std::string_view name, std::string_view token) const;
  // The value of a parameter of the path pattern; a name that the pattern does not have is a bug.
  std::string_view Parameter(std::string_view name) const;
};

struct HttpResponse {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body = {};
  std::vector<Field> fields = {};  // besides those that every response has: Content-Type, Date, …
  bool close = false;              // end the connection after this answer
};

// "OK", "Not Found", …; "Status" for a number without a name.
std::string_view ReasonPhrase(int status);
// How the client learns where a response's body ends.
enum class BodyFraming : uint8_t { kLength, kChunked, kUntilClose };
// The head as it goes on the wire, with its empty line. Responses with 204 and 304 have no body.
// The response to HEAD tells the body's length, but the body is not sent (SendsBody).
std::string SerializeHead(const HttpResponse& response, const HttpRequest& request,
                          BodyFraming framing = BodyFraming::kLength);
bool SendsBody(const HttpResponse& response, const HttpRequest& request);

}  // namespace tocsin::http
