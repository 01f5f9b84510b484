#include "core/http/forwarded.h"

#include <charconv>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "core/base/planted.h"
#include "core/base/status_macros.h"
#include "core/base/strings.h"
#include "core/event/error.h"

namespace tocsin::http {
namespace {

// As they stand in the fields, the nearest proxy's last.
using Entries = std::vector<std::string>;

bool IsPort(std::string_view text) {
  uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc() && end == text.data() + text.size();
}

// "192.0.2.1", "192.0.2.1:4711", "2001:db8::1", "[2001:db8::1]", "[2001:db8::1]:4711".
std::optional<IpAddress> AddressOf(std::string_view entry) {
  if (entry.starts_with('[')) {
    const size_t end = entry.find(']');
    const std::string_view rest = end == std::string_view::npos ? "" : entry.substr(end + 1);
    if (end == std::string_view::npos ||
        !(rest.empty() || (rest.front() == ':' && IsPort(rest.substr(1))))) {
      return std::nullopt;
    }
    const std::string_view address = entry.substr(1, end - 1);
    return address.find(':') == std::string_view::npos ? std::nullopt : IpAddress::Parse(address);
  }
  const size_t colon = entry.find(':');
  if (colon != std::string_view::npos && colon == entry.rfind(':')) {
    return IsPort(entry.substr(colon + 1)) ? IpAddress::Parse(entry.substr(0, colon))
                                           : std::nullopt;
  }
  return IpAddress::Parse(entry);
}

Entries XForwardedFor(const HttpRequest& request) {
  Entries entries;
  for (const Field& field : request.fields) {
    if (absl::EqualsIgnoreCase(field.name, "X-Forwarded-For")) {
      for (const absl::string_view entry : absl::StrSplit(field.value, ',')) {
        entries.emplace_back(absl::StripAsciiWhitespace(entry));
      }
    }
  }
  return entries;
}

// Reads one field of Forwarded: elements between commas, each of pairs between semicolons.
class ForwardedReader {
 public:
  ForwardedReader(std::string_view text, Entries& entries) : text_(text), entries_(entries) {}

  absl::Status Read() {
    do {
      RETURN_IF_ERROR(ReadElement());
    } while (Skip(','));
    return AtEnd() ? absl::OkStatus() : Wrong();
  }

 private:
  static absl::Status Wrong() {
    return MakeError(ErrorCode::kInvalidMessage,
                     "the field Forwarded is not well-formed (RFC 7239): name=value pairs, with a "
                     "value in quotes where it has a colon",
                     {.field = "Forwarded"});
  }
  absl::Status ReadElement() {
    std::string client;
    do {
      SkipBlanks();
      const std::string name = Token();
      if (name.empty()) {
        continue;  // an empty element or pair is allowed
      }
      if (!Skip('=')) {
        return Wrong();
      }
      ASSIGN_OR_RETURN(std::string value, Value());
      if (absl::EqualsIgnoreCase(name, "for")) {
        client = std::move(value);
      }
    } while (Skip(';'));
    entries_.push_back(std::move(client));
    return absl::OkStatus();
  }
  absl::StatusOr<std::string> Value() {
    if (!Skip('"')) {
      std::string token = Token();
      return token.empty() ? absl::StatusOr<std::string>(Wrong()) : std::move(token);
    }
    std::string value;
    for (; !AtEnd(); ++at_) {
      if (text_[at_] == '"') {
        ++at_;
        return value;
      }
      if (text_[at_] == '\\' && ++at_ == text_.size()) {
        break;
      }
      value += text_[at_];
    }
    return Wrong();
  }
  // RFC 9110's token.
  std::string Token() {
    const size_t begin = at_;
    while (!AtEnd() &&
           (absl::ascii_isalnum(static_cast<unsigned char>(text_[at_])) ||
            std::string_view("!#$%&'*+-.^_`|~").find(text_[at_]) != std::string_view::npos)) {
      ++at_;
    }
    return std::string(text_.substr(begin, at_ - begin));
  }
  void SkipBlanks() {
    while (!AtEnd() && (text_[at_] == ' ' || text_[at_] == '\t')) {
      ++at_;
    }
  }
  bool Skip(char c) {
    if (c != '=' && c != '"') {
      SkipBlanks();
    }
    if (AtEnd() || text_[at_] != c) {
      return false;
    }
    ++at_;
    return true;
  }
  bool AtEnd() const { return at_ == text_.size(); }

  const std::string_view text_;
  Entries& entries_;
  size_t at_ = 0;
};

absl::StatusOr<Entries> Forwarded(const HttpRequest& request) {
  Entries entries;
  for (const Field& field : request.fields) {
    if (absl::EqualsIgnoreCase(field.name, "Forwarded")) {
      RETURN_IF_ERROR(ForwardedReader(field.value, entries).Read());
    }
  }
  return entries;
}

}  // namespace

absl::StatusOr<IpAddress> ClientOf(const HttpRequest& request, const IpAddress& peer,
                                   const ProxyRules& rules) {
  IpAddress client = peer;
  if (!rules.trusted.Contains(client) && !Planted("anyone-is-a-proxy")) {
    return client;
  }
  Entries entries;
  if (rules.header == ProxyRules::Header::kForwarded) {
    ASSIGN_OR_RETURN(entries, Forwarded(request));
  } else {
    entries = XForwardedFor(request);
  }
  for (auto entry = entries.rbegin(); entry != entries.rend(); ++entry) {
    const auto address = AddressOf(*entry);
    if (!address.has_value()) {
      break;
    }
    client = *address;
    if (!rules.trusted.Contains(client)) {
      break;
    }
  }
  return client;
}

}  // namespace tocsin::http
