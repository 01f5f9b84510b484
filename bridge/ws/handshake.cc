#include "bridge/ws/handshake.h"

#include <openssl/sha.h>

#include <algorithm>
#include <array>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "core/base/strings.h"
#include "core/http/problem.h"

namespace tocsin::bridge::ws {
namespace {

using http::HttpRequest;
using http::HttpResponse;

constexpr size_t kKeyBytes = 16;
constexpr size_t kKeyChars = 24;
// RFC 6455, section 1.3: it is appended to every key.
constexpr std::string_view kAcceptSuffix = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

// The name of a field that a handshake must not have twice, if this request has it twice.
std::optional<std::string_view> GivenTwice(const HttpRequest& request) {
  for (std::string_view name : {"Sec-WebSocket-Key", "Sec-WebSocket-Version"}) {
    const auto count = std::count_if(
        request.fields.begin(), request.fields.end(),
        [&](const http::Field& field) { return absl::EqualsIgnoreCase(field.name, ToAbsl(name)); });
    if (count > 1) {
      return name;
    }
  }
  return std::nullopt;
}

bool IsKey(std::string_view text) {
  std::string bytes;
  return text.size() <= kKeyChars && absl::Base64Unescape(ToAbsl(text), &bytes) &&
         bytes.size() == kKeyBytes;
}

HttpResponse UpgradeRequired(std::string_view detail) {
  HttpResponse response = http::ProblemResponse(http::Refusal{426, std::string(detail)});
  response.fields.push_back({"Upgrade", "websocket"});
  response.fields.push_back({"Sec-WebSocket-Version", "13"});
  return response;
}

std::string AcceptKey(std::string_view key) {
  const std::string text = absl::StrCat(ToAbsl(key), ToAbsl(kAcceptSuffix));
  std::array<unsigned char, SHA_DIGEST_LENGTH> digest;
  SHA1(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  return absl::Base64Escape(
      absl::string_view(reinterpret_cast<const char*>(digest.data()), digest.size()));
}

}  // namespace

std::optional<HttpResponse> RefuseHandshake(const HttpRequest& request) {
  if (!request.HasToken("Upgrade", "websocket")) {
    return UpgradeRequired(
        absl::StrCat(ToAbsl(request.path()), " is a WebSocket: send Upgrade: websocket"));
  }
  if (const auto name = GivenTwice(request)) {
    return http::ProblemResponse(
        http::Refusal{400, absl::StrCat(ToAbsl(*name), " must be given only once")});
  }
  if (!request.HasToken("Connection", "upgrade")) {
    return http::ProblemResponse(http::Refusal{400, "Connection must have Upgrade in it"});
  }
  if (request.Header("Sec-WebSocket-Version") != "13") {
    return UpgradeRequired("Sec-WebSocket-Version must be 13");
  }
  const auto key = request.Header("Sec-WebSocket-Key");
  if (!key.has_value() || !IsKey(*key)) {
    return http::ProblemResponse(
        http::Refusal{400, "Sec-WebSocket-Key must be 16 bytes in base64"});
  }
  if (request.followed) {
    return http::ProblemResponse(
        http::Refusal{400, "nothing may follow the handshake before it is answered"});
  }
  return std::nullopt;
}

std::string HandshakeResponse(std::string_view key, std::string_view extensions,
                              std::string_view subprotocol) {
  std::string response = absl::StrCat(
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Accept: ",
      AcceptKey(key), "\r\n");
  if (!extensions.empty()) {
    absl::StrAppend(&response, "Sec-WebSocket-Extensions: ", ToAbsl(extensions), "\r\n");
  }
  if (!subprotocol.empty()) {
    absl::StrAppend(&response, "Sec-WebSocket-Protocol: ", ToAbsl(subprotocol), "\r\n");
  }
  response += "\r\n";
  return response;
}

std::vector<std::string_view> OfferedSubprotocols(const HttpRequest& request) {
  std::vector<std::string_view> offered;
  for (const http::Field& field : request.fields) {
    if (absl::EqualsIgnoreCase(field.name, "Sec-WebSocket-Protocol")) {
      for (absl::string_view each : absl::StrSplit(field.value, ',', absl::SkipWhitespace())) {
        offered.push_back(ToStd(absl::StripAsciiWhitespace(each)));
      }
    }
  }
  return offered;
}

}  // namespace tocsin::bridge::ws
