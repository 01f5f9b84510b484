#include "core/http/request_checks.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "core/base/strings.h"

namespace tocsin::http {
namespace {

using Result = std::optional<Refusal>;

Result Refuse(int status, std::string detail) { return Refusal{status, std::move(detail)}; }

bool IsControl(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 || byte == 0x7f;
}

bool IsTokenChar(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
         std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

bool IsToken(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), IsTokenChar);
}

bool Named(const FieldView& field, std::string_view name) {
  return absl::EqualsIgnoreCase(ToAbsl(field.name), ToAbsl(name));
}

// Checks one line without its end. The first line is the request line, which must not hold tabs.
Result CheckLine(std::string_view line, bool first) {
  if (!first && (line.front() == ' ' || line.front() == '\t')) {
    return Refuse(400,
                  "a header line begins with white space: folded lines (obs-fold) are not taken");
  }
  const bool control = std::any_of(
      line.begin(), line.end(), [first](char c) { return IsControl(c) && (c != '\t' || first); });
  if (control) {
    return Refuse(400, "the request's head holds a control character; lines end in CR LF");
  }
  return std::nullopt;
}

Result CheckVersion(const HeadView& head) {
  if (head.version != 11 && head.version != 10) {
    return Refuse(505, "the HTTP version must be 1.1");
  }
  const bool upgrade = std::any_of(head.fields.begin(), head.fields.end(),
                                   [](const FieldView& field) { return Named(field, "Upgrade"); });
  if (upgrade && head.version != 11) {
    return Refuse(505, "Upgrade needs HTTP/1.1");
  }
  return std::nullopt;
}

bool IsHost(std::string_view value) {
  return !value.empty() && std::all_of(value.begin(), value.end(), [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
           std::string_view("-._~:[]%!$&'()*+;=").find(c) != std::string_view::npos;
  });
}

bool IsPath(std::string_view target) { return target.starts_with('/'); }

// Checks an absolute target, as clients send it to proxies (RFC 9112, section 3.2.2). It must not
// hold a user name.
bool IsHttpUrl(std::string_view target) {
  const size_t host = target.find("://");
  if (host == std::string_view::npos) {
    return false;
  }
  const std::string_view scheme = target.substr(0, host);
  const std::string_view rest = target.substr(host + 3);
  return (absl::EqualsIgnoreCase(ToAbsl(scheme), "http") ||
          absl::EqualsIgnoreCase(ToAbsl(scheme), "https")) &&
         IsHost(rest.substr(0, rest.find_first_of("/?")));
}

Result CheckTarget(const HeadView& head) {
  if (!IsToken(head.method)) {
    return Refuse(400, "the method is not a token");
  }
  if (head.target.size() > kMaxTargetBytes) {
    return Refuse(414,
                  absl::StrCat("the request target is longer than ", kMaxTargetBytes, " bytes"));
  }
  if (!IsPath(head.target) && !IsHttpUrl(head.target) &&
      !(head.target == "*" && head.method == "OPTIONS")) {
    return Refuse(400, "the request target must be a path that begins with /");
  }
  const bool strange = std::any_of(head.target.begin(), head.target.end(), [](char c) {
    return IsControl(c) || c == ' ' || static_cast<unsigned char>(c) >= 0x80;
  });
  if (strange) {
    return Refuse(400, "the request target holds a character that must be percent-encoded");
  }
  return std::nullopt;
}

Result CheckFieldSyntax(const HeadView& head) {
  if (head.fields.size() > kMaxFields) {
    return Refuse(431, absl::StrCat("more than ", kMaxFields, " header fields"));
  }
  for (const FieldView& field : head.fields) {
    if (!IsToken(field.name)) {
      return Refuse(400, "a header field's name is not a token");
    }
    const bool control = std::any_of(field.value.begin(), field.value.end(),
                                     [](char c) { return IsControl(c) && c != '\t'; });
    if (control) {
      return Refuse(
          400, absl::StrCat("the header field ", ToAbsl(field.name), " holds a control character"));
    }
  }
  return std::nullopt;
}

Result CheckHost(const HeadView& head) {
  const auto is_host = [](const FieldView& field) { return Named(field, "Host"); };
  const auto count = std::count_if(head.fields.begin(), head.fields.end(), is_host);
  if (count == 0 && head.version == 10) {
    return std::nullopt;
  }
  if (count != 1) {
    return Refuse(400, "a request needs exactly one Host field");
  }
  if (!IsHost(std::find_if(head.fields.begin(), head.fields.end(), is_host)->value)) {
    return Refuse(400, "Host must be a host name or address, with or without a port");
  }
  return std::nullopt;
}

Result CheckContentLength(std::string_view value) {
  const bool digits = !value.empty() && std::all_of(value.begin(), value.end(), [](char c) {
    return absl::ascii_isdigit(static_cast<unsigned char>(c));
  });
  if (!digits) {
    return Refuse(400, "Content-Length must be one number, in digits alone");
  }
  if (value.size() > 18) {
    return Refuse(413, "Content-Length is larger than any body taken here");
  }
  return std::nullopt;
}

Result CheckFraming(const HeadView& head) {
  int lengths = 0;
  int encodings = 0;
  for (const FieldView& field : head.fields) {
    if (Named(field, "Transfer-Encoding")) {
      ++encodings;
      if (!absl::EqualsIgnoreCase(ToAbsl(field.value), "chunked")) {
        return Refuse(501, "Transfer-Encoding must be chunked, or left out");
      }
    } else if (Named(field, "Content-Length")) {
      ++lengths;
      if (Result refusal = CheckContentLength(field.value)) {
        return refusal;
      }
    }
  }
  if (lengths + encodings > 1) {
    return Refuse(400, "a body has one Content-Length, or one Transfer-Encoding, and not both");
  }
  if (encodings > 0 && head.version != 11) {
    return Refuse(400, "Transfer-Encoding needs HTTP/1.1");
  }
  return std::nullopt;
}

Result CheckExpect(const HeadView& head) {
  for (const FieldView& field : head.fields) {
    if (Named(field, "Expect") && !absl::EqualsIgnoreCase(ToAbsl(field.value), "100-continue")) {
      return Refuse(417, "Expect may only be 100-continue");
    }
  }
  return std::nullopt;
}

}  // namespace

Refusal HeadTooLarge() {
  return {431, absl::StrCat("the request line and header fields are longer than ", kMaxHeadBytes,
                            " bytes")};
}

std::optional<Refusal> CheckHeadBytes(std::string_view head) {
  if (head.size() > kMaxHeadBytes) {
    return HeadTooLarge();
  }
  bool first = true;
  while (true) {
    const size_t end = head.find("\r\n");
    if (end == std::string_view::npos) {
      return Refuse(400, "the request's head does not end in an empty line");
    }
    const std::string_view line = head.substr(0, end);
    head.remove_prefix(end + 2);
    if (line.empty()) {
      break;
    }
    if (Result refusal = CheckLine(line, first)) {
      return refusal;
    }
    first = false;
  }
  if (first) {
    return Refuse(400, "the request line is missing");
  }
  if (!head.empty()) {
    return Refuse(400, "there are bytes after the request's head");
  }
  return std::nullopt;
}

std::optional<Refusal> CheckRequest(const HeadView& head) {
  for (const auto check :
       {CheckVersion, CheckTarget, CheckFieldSyntax, CheckHost, CheckFraming, CheckExpect}) {
    if (Result refusal = check(head)) {
      return refusal;
    }
  }
  return std::nullopt;
}

}  // namespace tocsin::http
