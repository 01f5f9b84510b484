#include "bridge/http/url_token.h"

#include <algorithm>
#include <string>

#include "absl/strings/ascii.h"
#include "core/base/hex.h"
#include "core/event/error.h"

namespace tocsin::bridge {
namespace {

constexpr std::string_view kWhereItBelongs =
    "a token is not taken from a URL, which histories and logs keep: get a new one, and send it as "
    "the header \"Authorization: Bearer TOKEN\"; a browser's WebSocket sends it in its first "
    "message (authenticate, connection_init) or as the subprotocol bearer.TOKEN";

// In lower case and without separators. A name of the API must not be one ("page_token" is none).
constexpr std::string_view kNames[] = {
    "accesstoken", "token",        "authorization", "auth",     "jwt",    "bearer",
    "bearertoken", "authtoken",    "idtoken",       "apitoken", "apikey", "accesskey",
    "xauthtoken",  "sessiontoken", "xaccesstoken",  "xapikey",  "jws",    "authorizationtoken",
};

// What does not begin a byte stays as it is: this is no place to refuse it.
std::string Decoded(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = PercentByte(text.substr(i));
    out += byte.value_or(text[i]);
    i += byte.has_value() ? 2 : 0;
  }
  return out;
}

bool IsTokenName(std::string_view name) {
  std::string plain;
  for (const char c : Decoded(name)) {
    if (absl::ascii_isalnum(static_cast<unsigned char>(c))) {
      plain += absl::ascii_tolower(static_cast<unsigned char>(c));
    }
  }
  return std::ranges::find(kNames, plain) != std::end(kNames);
}

bool HasTokenName(std::string_view query) {
  while (!query.empty()) {
    const size_t end = std::min(query.find_first_of("&;"), query.size());
    if (IsTokenName(query.substr(0, std::min(query.find('='), end)))) {
      return true;
    }
    query.remove_prefix(std::min(end + 1, query.size()));
  }
  return false;
}

// A run of base64url and dots that begins as the JSON of a header does, {", and has the dots of a
// signed or an encrypted token.
bool HasTokenForm(std::string_view text) {
  constexpr std::string_view kBegin = "eyJ";
  for (size_t at = text.find(kBegin); at != text.npos; at = text.find(kBegin, at + 1)) {
    const std::string_view rest = text.substr(at);
    const auto end = std::ranges::find_if_not(rest, [](char c) {
      return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_' || c == '.';
    });
    if (std::count(rest.begin(), end, '.') >= 2) {
      return true;
    }
  }
  return false;
}

}  // namespace

absl::Status RefuseTokenInUrl(std::string_view target) {
  const size_t mark = target.find('?');
  const bool named = mark != target.npos && HasTokenName(target.substr(mark + 1));
  return named || HasTokenForm(Decoded(target))
             ? MakeError(ErrorCode::kUnauthorized, kWhereItBelongs)
             : absl::OkStatus();
}

}  // namespace tocsin::bridge
