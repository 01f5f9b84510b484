#include "core/http/response_reader.h"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "core/base/planted.h"
#include "core/base/status_macros.h"

namespace tocsin::http {
namespace {

namespace beast = boost::beast::http;

absl::Status Unusable(const boost::system::error_code& error) {
  if (error == beast::error::body_limit || error == beast::error::header_limit) {
    return absl::InvalidArgumentError("its answer is too large");
  }
  if (error == beast::error::partial_message || error == beast::error::end_of_stream) {
    return absl::InvalidArgumentError("its answer has no end");
  }
  return absl::InvalidArgumentError(absl::StrCat("its answer is not HTTP: ", error.message()));
}

}  // namespace

struct ResponseReader::Parser {
  beast::response_parser<beast::string_body> http;
};

ResponseReader::ResponseReader(const Bounds& bounds)
    : most_bytes_(bounds.head + 2 * bounds.body), parser_(std::make_unique<Parser>()) {
  parser_->http.header_limit(static_cast<uint32_t>(bounds.head));
  parser_->http.body_limit(Planted("answer-over-its-bound") ? 2 * bounds.body : bounds.body);
  parser_->http.eager(true);
}

ResponseReader::~ResponseReader() = default;

absl::Status ResponseReader::Take(std::string_view bytes) {
  taken_ += bytes.size();
  if (taken_ > most_bytes_) {
    return absl::InvalidArgumentError("its answer is too large");
  }
  kept_ += bytes;
  boost::system::error_code error;
  kept_.erase(0, parser_->http.put(boost::asio::buffer(kept_), error));
  if (parser_->http.is_header_done()) {
    RETURN_IF_ERROR(CheckHead());
  }
  return error && error != beast::error::need_more ? Unusable(error) : absl::OkStatus();
}

absl::Status ResponseReader::End() {
  boost::system::error_code error = beast::error::end_of_stream;
  if (parser_->http.got_some()) {  // Beast takes an end before any byte for a bug
    parser_->http.put_eof(error);
  }
  return error ? Unusable(error) : absl::OkStatus();
}

absl::Status ResponseReader::CheckHead() const {
  const auto& head = parser_->http.get();
  if (Planted("redirect-is-an-answer")) return absl::OkStatus();
  if (head.result_int() / 100 == 3) {
    return absl::InvalidArgumentError(
        absl::StrCat("it answers with the redirect ", head.result_int(),
                     ", which is not followed: name the address that it leads to"));
  }
  if (head.result() != beast::status::ok) {
    return absl::InvalidArgumentError(
        absl::StrCat("it answers with status ", head.result_int(), " instead of 200"));
  }
  const auto encoding = head[beast::field::content_encoding];
  if (!encoding.empty() && !beast::token_list(encoding).exists("identity")) {
    return absl::InvalidArgumentError("it answers in an encoding that was not asked for");
  }
  return absl::OkStatus();
}

bool ResponseReader::done() const { return parser_->http.is_done(); }

std::string ResponseReader::body() && { return std::move(parser_->http.get().body()); }

}  // namespace tocsin::http
