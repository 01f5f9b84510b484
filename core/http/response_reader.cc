// Beast reads the head alone. What follows is read as a request's body is: Beast's own reader of
// chunks ends the program, by an assertion, where a body without a chunk comes byte by byte.
#include "core/http/response_reader.h"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "core/base/planted.h"
#include "core/base/status_macros.h"

namespace tocsin::http {
namespace {

namespace beast = boost::beast::http;

absl::Status TooLarge() { return absl::InvalidArgumentError("its answer is too large"); }

absl::Status Unusable(const boost::system::error_code& error) {
  if (error == beast::error::header_limit) {
    return TooLarge();
  }
  return absl::InvalidArgumentError(absl::StrCat("its answer is not HTTP: ", error.message()));
}

}  // namespace

struct ResponseReader::Parser {
  beast::response_parser<beast::empty_body> http;
};

ResponseReader::ResponseReader(const Bounds& bounds)
    : most_bytes_(bounds.head + 2 * bounds.body),
      most_body_bytes_(Planted("answer-over-its-bound") ? 2 * bounds.body : bounds.body),
      parser_(std::make_unique<Parser>()) {
  parser_->http.header_limit(static_cast<uint32_t>(bounds.head));
  parser_->http.body_limit(boost::none);  // it is bounded here
}

ResponseReader::~ResponseReader() = default;

absl::Status ResponseReader::Take(std::string_view bytes) {
  taken_ += bytes.size();
  if (taken_ > most_bytes_) {
    return TooLarge();
  }
  if (framing_ != Framing::kUnknown) {
    return TakeBody(bytes);
  }
  kept_ += bytes;
  boost::system::error_code error;
  kept_.erase(0, parser_->http.put(boost::asio::buffer(kept_), error));
  if (error && error != beast::error::need_more) {
    return Unusable(error);
  }
  if (!parser_->http.is_header_done()) {
    return absl::OkStatus();
  }
  RETURN_IF_ERROR(CheckHead());
  BeginBody();
  return TakeBody(std::exchange(kept_, {}));
}

void ResponseReader::BeginBody() {
  HttpRequest framed;  // as a request's body would be
  framed.chunked = parser_->http.chunked();
  framed.content_length = parser_->http.content_length().value_or(0);
  if (framed.chunked || parser_->http.content_length().has_value()) {
    framing_ = Framing::kTold;
    told_ = BodyReader(framed, most_body_bytes_);
  } else {
    framing_ = Framing::kToTheEnd;
  }
}

absl::Status ResponseReader::TakeBody(std::string_view bytes) {
  if (framing_ == Framing::kToTheEnd) {
    to_the_end_ += bytes;
    return to_the_end_.size() > most_body_bytes_ ? TooLarge() : absl::OkStatus();
  }
  told_.Take(bytes);
  if (!told_.refusal().has_value()) {
    return absl::OkStatus();
  }
  return told_.refusal()->status == 413 ? TooLarge()
                                        : absl::InvalidArgumentError(absl::StrCat(
                                              "its answer is not HTTP: ", told_.refusal()->detail));
}

absl::Status ResponseReader::End() {
  ended_ = true;
  return done() ? absl::OkStatus() : absl::InvalidArgumentError("its answer has no end");
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

bool ResponseReader::done() const {
  return framing_ == Framing::kTold ? told_.done() : framing_ == Framing::kToTheEnd && ended_;
}

std::string ResponseReader::body() && {
  return framing_ == Framing::kTold ? told_.Release() : std::move(to_the_end_);
}

}  // namespace tocsin::http
