// message.h: an HTTP request and its answer as plain values, for code that should not see Beast.
//
// Threads: values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tocsin::http {

struct Field {
  std::string name;
  std::string value;
};

struct HttpRequest {
  std::string method;
  std::string target;         // as sent: path and query
  int version = 11;           // 10 or 11
  std::vector<Field> fields;  // in order, names as sent
  uint64_t content_length = 0;
  bool keep_alive = true;
  bool upgrade = false;  // has an Upgrade field

  std::string_view path() const { return std::string_view(target).substr(0, target.find('?')); }
  // Without the question mark; empty when there is none.
  std::string_view query() const;
  // The first field of that name, in any letter case.
  std::optional<std::string_view> Header(std::string_view name) const;
};

struct HttpResponse {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
  std::vector<Field> fields;  // besides Content-Type, Content-Length, Connection, Date
  bool close = false;         // end the connection after this answer
};

// "OK", "Not Found", …; "Status" for a number without a name.
std::string_view ReasonPhrase(int status);
// Head and body as they go on the wire. `head_only` (for HEAD) leaves the body out but tells its
// length.
std::string Serialize(const HttpResponse& response, const HttpRequest& request,
                      bool head_only = false);

}  // namespace tocsin::http
