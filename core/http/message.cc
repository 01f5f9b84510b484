#include "core/http/message.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "core/base/strings.h"

namespace tocsin::http {
namespace {

bool SameName(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
    return absl::ascii_tolower(static_cast<unsigned char>(x)) ==
           absl::ascii_tolower(static_cast<unsigned char>(y));
  });
}

std::string HttpDate() {
  return absl::FormatTime("%a, %d %b %Y %H:%M:%S GMT", absl::Now(), absl::UTCTimeZone());
}

}  // namespace

std::string_view HttpRequest::query() const {
  const size_t mark = target.find('?');
  return mark == std::string::npos ? std::string_view() : std::string_view(target).substr(mark + 1);
}

std::optional<std::string_view> HttpRequest::Header(std::string_view name) const {
  for (const Field& field : fields) {
    if (SameName(field.name, name)) {
      return field.value;
    }
  }
  return std::nullopt;
}

std::string_view ReasonPhrase(int status) {
  switch (status) {
    case 101:
      return "Switching Protocols";
    case 200:
      return "OK";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 410:
      return "Gone";
    case 411:
      return "Length Required";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 415:
      return "Unsupported Media Type";
    case 426:
      return "Upgrade Required";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 503:
      return "Service Unavailable";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "Status";
  }
}

std::string Serialize(const HttpResponse& response, const HttpRequest& request, bool head_only) {
  const bool close = response.close || !request.keep_alive;
  std::string out = absl::StrCat("HTTP/1.1 ", response.status, " ",
                                 ToAbsl(ReasonPhrase(response.status)), "\r\n");
  absl::StrAppend(&out, "Date: ", HttpDate(), "\r\n");
  if (response.status != 204) {
    absl::StrAppend(&out, "Content-Type: ", response.content_type, "\r\n",
                    "Content-Length: ", response.body.size(), "\r\n",
                    "X-Content-Type-Options: nosniff\r\n");
  }
  for (const Field& field : response.fields) {
    absl::StrAppend(&out, field.name, ": ", field.value, "\r\n");
  }
  if (close) {
    out += "Connection: close\r\n";
  } else if (request.version == 10) {
    out += "Connection: keep-alive\r\n";
  }
  out += "\r\n";
  if (!head_only && response.status != 204) {
    out += response.body;
  }
  return out;
}

}  // namespace tocsin::http
