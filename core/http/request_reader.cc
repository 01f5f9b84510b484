#include "core/http/request_reader.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "core/base/heap_bytes.h"
#include "core/base/status_macros.h"
#include "core/event/error.h"
#include "core/event/limits.h"
#include "core/http/forwarded.h"
#include "core/http/problem.h"
#include "core/http/proxy_protocol.h"
#include "core/http/request_head.h"

namespace tocsin::http {
namespace {

using Step = RequestReader::Step;

constexpr std::string_view kLineEnd = "\r\n";
constexpr std::string_view kHeadEnd = "\r\n\r\n";

Step Answer(HttpResponse response, bool last) {
  return {.kind = Step::Kind::kAnswer, .answer = std::move(response), .last = last};
}

Step Refuse(const Refusal& refusal) { return Answer(ProblemResponse(refusal), /*last=*/true); }

}  // namespace

RequestReader::RequestReader(Service& service, Clock& clock, std::optional<HttpResponse> refusal,
                             ConnectionLimits::Ticket* ticket)
    : service_(service),
      clock_(clock),
      refusal_(std::move(refusal)),
      ticket_(ticket),
      peer_(ticket == nullptr ? IpAddress() : ticket->client()),
      share_(service),
      idle_since_(clock.Monotonic()) {
  SetDeadline(limits::kHeaderReadTimeout);
}

// A head that has come whole is parsed where it lies. Otherwise the part that has come is kept.
Step RequestReader::Take(std::string_view bytes) {
  if (in_body_) {
    return TakeBody(bytes);
  }
  if (std::exchange(between_requests_, false)) {
    SetDeadline(limits::kHeaderReadTimeout);
  }
  std::string joined;
  size_t searched = 0;
  if (!kept_.empty()) {
    searched = kept_.size() - std::min(kept_.size(), kHeadEnd.size() - 1);
    kept_ += bytes;
    joined = std::exchange(kept_, {});
    bytes = joined;
  }
  if (BeginsProxyHeader(bytes)) {
    return Refuse({400,
                   "a PROXY protocol header comes from an address that is none of --trusted-proxy, "
                   "or --proxy-protocol is off"});
  }
  // One empty line before a request is ignored (RFC 9112, section 2.2).
  const size_t begin = bytes.starts_with(kLineEnd) ? kLineEnd.size() : 0;
  if (bytes.substr(begin).starts_with(kLineEnd)) {
    return Refuse({400, "the request line is missing"});
  }
  const size_t end = bytes.find(kHeadEnd, std::max(begin, searched));
  if (end != std::string_view::npos) {
    const size_t rest = end + kHeadEnd.size();
    return OnHead(bytes.substr(begin, rest - begin), bytes.substr(rest));
  }
  if (bytes.size() >= kMaxHeadBytes) {
    return Refuse(HeadTooLarge());
  }
  kept_ = joined.empty() ? std::string(bytes) : std::move(joined);
  return {};
}

Step RequestReader::OnHead(std::string_view head, std::string_view rest) {
  request_ = {};
  if (const auto refusal = ParseHead(head, request_)) {
    request_ = {};
    return Refuse(*refusal);
  }
  if (refusal_.has_value()) {
    return Answer(*std::exchange(refusal_, std::nullopt), /*last=*/true);
  }
  if (const absl::Status found = FindClient(); !found.ok()) {
    return Answer(ProblemResponse(found), /*last=*/true);
  }
  auto found = RouteOf(service_, request_);
  if (auto* const answer = std::get_if<HttpResponse>(&found)) {
    kept_ = rest;
    return Answer(std::move(*answer), /*last=*/request_.has_body());
  }
  route_ = std::get<const Route*>(found);
  if (ticket_ != nullptr && NeedsToken(route_->access)) {
    ticket_->Authenticated();
  }
  body_ = BodyReader(request_, route_->max_body_bytes);
  continued_ = false;
  in_body_ = true;
  SetDeadline(limits::kBodyReadTimeout);
  return TakeBody(rest);
}

// A connection that is one of the last is not kept for another request.
absl::Status RequestReader::FindClient() {
  request_.client = peer_;
  request_.ticket = ticket_;
  request_.keep_alive &= ticket_ == nullptr || !ticket_->reserved();
  if (ticket_ == nullptr || !service_.proxies.trusted.Contains(peer_)) {
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(request_.client, ClientOf(request_, peer_, service_.proxies));
  return ticket_->MoveTo(request_.client);
}

Step RequestReader::TakeBody(std::string_view bytes) {
  heard_ = clock_.Monotonic();
  const size_t used = body_.Take(bytes);
  if (body_.refusal().has_value()) {
    return Refuse(*body_.refusal());
  }
  if (!share_.Set(body_.size())) {
    return Answer(ProblemResponse(MakeError(ErrorCode::kServiceUnavailable,
                                            "too many request bodies are being received",
                                            {.retry_after = absl::Seconds(1)})),
                  /*last=*/true);
  }
  if (!body_.done()) {
    const bool waits = !std::exchange(continued_, true) && body_.size() == 0 &&
                       request_.version == 11 && request_.HasToken("Expect", "100-continue");
    return {.kind = waits ? Step::Kind::kContinue : Step::Kind::kNeedsBytes};
  }
  in_body_ = false;
  kept_ = bytes.substr(used);
  request_.body = body_.Release();
  request_.followed = has_bytes();
  return {.kind = Step::Kind::kRequest};
}

void RequestReader::BeginNext() {
  if (ticket_ != nullptr) {
    // Back to the proxy, of which there may be any number: this cannot fail.
    ticket_->MoveTo(peer_).IgnoreError();
  }
  between_requests_ = true;
  idle_since_ = clock_.Monotonic();
  SetDeadline(limits::kKeepAlive);
}

Step RequestReader::TakeKept() {
  const std::string bytes = std::exchange(kept_, {});
  return Take(bytes);
}

bool RequestReader::TimedOut() const {
  const absl::Duration now = clock_.Monotonic();
  return now >= deadline_ || (in_body_ && now >= heard_ + limits::kBodySilence);
}

std::optional<HttpResponse> RequestReader::AnswerTooLate() const {
  if (idle()) {
    return std::nullopt;
  }
  return ProblemResponse(Refusal{408, in_body_ ? "the request's body did not come in time"
                                               : "the request's head did not come in time"});
}

void RequestReader::ReleaseBody() {
  share_.Set(0);
  body_ = {};
}

size_t RequestReader::heap_bytes() const {
  return HeapBytes(kept_) + body_.heap_bytes() + HeapBytes(request_.body);
}

}  // namespace tocsin::http
