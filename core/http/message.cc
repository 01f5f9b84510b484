#include "core/http/message.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "core/base/check.h"
#include "core/base/strings.h"
#include "core/event/limits.h"

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

bool HasBody(const HttpResponse& response) {
  return response.status != 204 && response.status != 304;
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

bool HttpRequest::HasToken(std::string_view name, std::string_view token) const {
  for (const Field& field : fields) {
    if (!SameName(field.name, name)) {
      continue;
    }
    for (absl::string_view part : absl::StrSplit(field.value, ',')) {
      if (SameName(ToStd(absl::StripAsciiWhitespace(part)), token)) {
        return true;
      }
    }
  }
  return false;
}

std::string_view HttpRequest::Parameter(std::string_view name) const {
  for (const Field& parameter : parameters) {
    if (parameter.name == name) {
      return parameter.value;
    }
  }
  TOCSIN_CHECK(false);
}

std::string_view ReasonPhrase(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 304:
      return "Not Modified";
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
    case 406:
      return "Not Acceptable";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 410:
      return "Gone";
    case 411:
      return "Length Required";
    case 412:
      return "Precondition Failed";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 415:
      return "Unsupported Media Type";
    case 417:
      return "Expectation Failed";
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

bool SendsBody(const HttpResponse& response, const HttpRequest& request) {
  return HasBody(response) && request.method != "HEAD";
}

std::string SerializeHead(const HttpResponse& response, const HttpRequest& request,
                          BodyFraming framing) {
  std::string out = absl::StrCat("HTTP/1.1 ", response.status, " ",
                                 ToAbsl(ReasonPhrase(response.status)), "\r\n");
  absl::StrAppend(&out, "Date: ", HttpDate(), "\r\n");
  if (HasBody(response)) {
    absl::StrAppend(&out, "Content-Type: ", response.content_type, "\r\n",
                    "X-Content-Type-Options: nosniff\r\n");
    if (framing == BodyFraming::kLength) {
      absl::StrAppend(&out, "Content-Length: ", response.body.size(), "\r\n");
    }
  }
  if (framing == BodyFraming::kChunked) {
    out += "Transfer-Encoding: chunked\r\n";
  }
  for (const Field& field : response.fields) {
    absl::StrAppend(&out, field.name, ": ", field.value, "\r\n");
  }
  if (response.close || !request.keep_alive || framing != BodyFraming::kLength) {
    out += "Connection: close\r\n";
  } else {
    out += request.version == 10 ? "Connection: keep-alive\r\n" : "";
    absl::StrAppend(&out, "Keep-Alive: timeout=", absl::ToInt64Seconds(limits::kKeepAlive), "\r\n");
  }
  out += "\r\n";
  return out;
}

}  // namespace tocsin::http
