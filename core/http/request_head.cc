#include "core/http/request_head.h"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/none.hpp>
#include <charconv>
#include <exception>
#include <vector>

#include "absl/strings/match.h"

namespace tocsin::http {
namespace {

namespace beast = boost::beast;

std::string_view View(beast::string_view text) { return {text.data(), text.size()}; }

Refusal ParseRefusal(const beast::error_code& error) {
  if (error == beast::http::error::bad_version) {
    return {505, "the HTTP version must be 1.1"};
  }
  return {400, "the request's head is not well-formed HTTP/1.1: " + error.message()};
}

std::optional<Refusal> CheckParsed(const BeastRequest& request) {
  std::vector<FieldView> fields;
  for (const auto& field : request) {
    fields.push_back({View(field.name_string()), View(field.value())});
  }
  return CheckRequest({View(request.method_string()), View(request.target()),
                       static_cast<int>(request.version()), fields});
}

std::optional<Refusal> Parse(std::string_view head, BeastRequest& request) {
  beast::http::request_parser<beast::http::empty_body> parser;
  parser.body_limit(boost::none);  // BodyReader bounds the body
  beast::error_code error;
  parser.put(boost::asio::buffer(head.data(), head.size()), error);
  if (error && error != beast::http::error::need_more) {
    return ParseRefusal(error);
  }
  if (!parser.is_header_done()) {
    return Refusal{400, "the request's head is not complete"};
  }
  request = parser.release();
  return CheckParsed(request);
}

uint64_t ContentLength(const BeastRequest& request) {
  const std::string_view text = View(request[beast::http::field::content_length]);
  uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

// The host of an absolute target replaces the Host field (RFC 9112, section 3.2.2).
void TakeAuthority(HttpRequest& request) {
  const size_t scheme =
      request.target.starts_with('/') ? std::string::npos : request.target.find("://");
  if (scheme == std::string::npos) {
    return;
  }
  const size_t host = scheme + 3;
  const size_t end = std::min(request.target.find_first_of("/?", host), request.target.size());
  const std::string authority = request.target.substr(host, end - host);
  std::erase_if(request.fields,
                [](const Field& field) { return absl::EqualsIgnoreCase(field.name, "Host"); });
  request.fields.push_back({"Host", authority});
  request.target.erase(0, end);
  if (!request.target.starts_with('/')) {
    request.target.insert(0, 1, '/');
  }
}

}  // namespace

std::optional<Refusal> ParseHead(std::string_view head, BeastRequest& request) {
  if (std::optional<Refusal> refusal = CheckHeadBytes(head)) {
    return refusal;
  }
  try {
    return Parse(head, request);
  } catch (const std::exception& error) {
    return Refusal{400,
                   std::string("the request's head is not well-formed HTTP/1.1: ") + error.what()};
  }
}

std::optional<Refusal> ParseHead(std::string_view head, HttpRequest& request) {
  BeastRequest parsed;
  if (std::optional<Refusal> refusal = ParseHead(head, parsed)) {
    return refusal;
  }
  request = ToHttpRequest(parsed);
  return std::nullopt;
}

HttpRequest ToHttpRequest(const BeastRequest& request) {
  HttpRequest out;
  out.method = View(request.method_string());
  out.target = View(request.target());
  out.version = static_cast<int>(request.version());
  for (const auto& field : request) {
    out.fields.push_back(
        {std::string(View(field.name_string())), std::string(View(field.value()))});
  }
  TakeAuthority(out);
  out.content_length = ContentLength(request);
  out.chunked = request.find(beast::http::field::transfer_encoding) != request.end();
  out.keep_alive = request.keep_alive();
  out.upgrade = request.find(beast::http::field::upgrade) != request.end();
  return out;
}

}  // namespace tocsin::http
