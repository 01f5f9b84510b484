// Which phase follows which:
//
//   head ─▶ body ─▶ handler ─▶ response ─▶ head …             kept alive
//                     │   └──▶ stream ─▶ response             closes when the stream ends
//                     └─ taken over            └─▶ linger ─▶ done
//
// In the phases handler and response nothing is read: what has come already waits in in_.
#include "core/http/server_connection.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <string>
#include <string_view>
#include <utility>

#include "absl/container/inlined_vector.h"
#include "core/base/check.h"
#include "core/base/heap_bytes.h"
#include "core/base/log.h"
#include "core/event/error.h"
#include "core/http/body_reader.h"
#include "core/http/out_stream.h"
#include "core/http/problem.h"
#include "core/http/request_head.h"

namespace tocsin::http {
namespace {

// After the last answer what the client still sends is read for so long.
constexpr absl::Duration kLingerTime = absl::Seconds(1);
constexpr std::string_view kLineEnd = "\r\n";
constexpr std::string_view kHeadEnd = "\r\n\r\n";
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
constexpr std::string_view kLastChunk = "0\r\n\r\n";

class ServerConnection final : public Connection,
                               public OutOwner,
                               public Exchange,
                               public ResponseStream {
 public:
  ServerConnection(IoThread& io, Service& service, std::unique_ptr<ByteStream> stream,
                   ConnectionLimits::Ticket ticket, std::optional<HttpResponse> refusal)
      : io_(io),
        service_(service),
        ticket_(std::move(ticket)),
        out_(std::move(stream)),
        refusal_(std::move(refusal)) {}
  ~ServerConnection() override { ReleaseBody(); }

  void Start() {
    out_.SetOwner(std::shared_ptr<OutOwner>(shared_from_this(), this));
    waits_since_ = io_.clock().Monotonic();
    SetDeadline(limits::kHeaderReadTimeout);
    Guard([&] { ReadNow(); });
  }

  // Connection.
  void Tick() override;
  void OnSourceChange() override {
    if (phase_ == Phase::kStream) {
      owner_->OnSourceChange();
    }
  }
  // An answer in progress is finished; one that waits for a request has nothing to say.
  void Drain(absl::Duration slot) override {
    if (phase_ == Phase::kStream) {
      owner_->Drain(slot);
    } else if (phase_ == Phase::kHead && in_.empty()) {
      EndConnection();
    }
  }
  // Finished by a handler of its own: the caller may be the stream's owner.
  void Abort() override {
    out_.Abort();
    io_.Post([self = self()] { self->Finish(); });
  }
  absl::Duration IdleSince() const override {
    return phase_ == Phase::kHead && in_.empty() ? waits_since_ : absl::InfiniteDuration();
  }
  void GiveWay() override {
    phase_ = Phase::kDone;
    ticket_ = {};
    Abort();
  }
  size_t MemoryBytes() const override {
    return sizeof(*this) + HeapBytes(in_) + body_.heap_bytes() + HeapBytes(request_.body) +
           out_.QueueBytes() + (owner_ == nullptr ? 0 : owner_->MemoryBytes());
  }

  // OutOwner.
  void OnBatchSent() override {
    Guard([&] { phase_ == Phase::kStream ? owner_->OnBatchSent() : OnAnswered(); });
  }
  void OnSendFailed() override { Abort(); }

  // Exchange.
  void Respond(uint64_t exchange, HttpResponse response) override {
    if (Handles(exchange)) {
      Answer(std::move(response), /*last=*/false);
    }
  }
  void Stream(uint64_t exchange, HttpResponse head, MakeStreamOwner make) override;
  TakenOver TakeOver(uint64_t exchange) override;

  // ResponseStream.
  bool SendBatch(Parts parts) override;
  void Send(std::string_view bytes) override;
  void End() override;
  uint64_t BytesTaken() override { return out_.BytesTaken(); }
  size_t BytesWaiting() const override { return out_.ReplyBytesQueued(); }

 private:
  enum class Phase : uint8_t { kHead, kBody, kHandler, kResponse, kStream, kLinger, kDone };

  std::shared_ptr<ServerConnection> self() {
    return std::static_pointer_cast<ServerConnection>(shared_from_this());
  }

  // A step of the connection's own: what it throws ends the connection.
  template <class Call>
  void Guard(Call call) {
    if (!Guarded("http connection", call)) {
      Abort();
    }
  }

  void SetDeadline(absl::Duration time) { deadline_ = io_.clock().Monotonic() + time; }
  bool Handles(uint64_t exchange) const {
    return phase_ == Phase::kHandler && exchange == exchange_;
  }

  void ReadNow();
  void WaitToRead(Readiness readiness = Readiness::kReadable);
  void OnBytes(std::string_view bytes);
  void TakeHead(std::string_view bytes);
  void OnHead(std::string_view head, std::string_view rest);
  std::optional<HttpResponse> AnswerWithoutHandler();
  void TakeBody(std::string_view bytes);
  bool CountBody();
  void ReleaseBody();
  void MayContinue();
  void Handle();

  void Refuse(const Refusal& refusal) { Answer(ProblemResponse(refusal), /*last=*/true); }
  void Answer(HttpResponse response, bool last);
  void OnAnswered();
  void TakeWhatWaits();
  void OnDeadline();
  void EndConnection();
  void Finish();

  IoThread& io_;
  Service& service_;
  ConnectionLimits::Ticket ticket_;
  OutStream out_;
  std::optional<HttpResponse> refusal_;
  HttpRequest request_;
  const Route* route_ = nullptr;
  BodyReader body_;
  size_t counted_ = 0;  // of the body, in service_.bodies_bytes
  std::string in_;      // a head that has not come whole, or what follows the request
  std::unique_ptr<StreamOwner> owner_;
  uint64_t exchange_ = 0;
  uint64_t taken_ = 0;  // of the response, when it was last looked at
  absl::Duration deadline_;
  absl::Duration heard_;        // a part of the body
  absl::Duration waits_since_;  // for a request
  Phase phase_ = Phase::kHead;
  bool kept_alive_ = false;  // no byte of the next request has come
  bool waiting_to_read_ = false;
  bool continued_ = false;  // the client has been told to send the body
  bool chunked_ = false;    // the stream is
  bool last_ = false;       // closes after the response
  bool finished_ = false;
};

// ---- reading ----

// At once, since the request has often come with the connection.
void ServerConnection::ReadNow() {
  const std::span<char> room = io_.read_buffer();
  const IoResult result = out_.Read(room);
  switch (result.state) {
    case IoResult::State::kDone:
      return OnBytes({room.data(), result.bytes});
    case IoResult::State::kBlocked:
      return WaitToRead(result.wait_for);
    case IoResult::State::kEnd:
    case IoResult::State::kFailed:
      return Finish();
  }
}

void ServerConnection::WaitToRead(Readiness readiness) {
  if (std::exchange(waiting_to_read_, true)) {
    return;
  }
  out_.Wait(readiness, [self = self()](bool ok) {
    self->waiting_to_read_ = false;
    self->Guard([&] { ok ? self->ReadNow() : self->Finish(); });
  });
}

void ServerConnection::OnBytes(std::string_view bytes) {
  switch (phase_) {
    case Phase::kHead:
      return TakeHead(bytes);
    case Phase::kBody:
      return TakeBody(bytes);
    default:
      return WaitToRead();  // nothing of it is answered
  }
}

// A head that has come whole is looked at where it is; of another, what there is is kept.
void ServerConnection::TakeHead(std::string_view bytes) {
  if (std::exchange(kept_alive_, false)) {
    SetDeadline(limits::kHeaderReadTimeout);
  }
  std::string kept;
  size_t looked_at = 0;
  if (!in_.empty()) {
    looked_at = in_.size() - std::min(in_.size(), kHeadEnd.size() - 1);
    in_ += bytes;
    kept = std::exchange(in_, {});
    bytes = kept;
  }
  // One empty line before a request is passed over (RFC 9112, section 2.2).
  const size_t begin = bytes.starts_with(kLineEnd) ? kLineEnd.size() : 0;
  if (bytes.substr(begin).starts_with(kLineEnd)) {
    return Refuse({400, "the request line is missing"});
  }
  const size_t end = bytes.find(kHeadEnd, std::max(begin, looked_at));
  if (end != std::string_view::npos) {
    const size_t rest = end + kHeadEnd.size();
    return OnHead(bytes.substr(begin, rest - begin), bytes.substr(rest));
  }
  if (bytes.size() >= kMaxHeadBytes) {
    return Refuse(HeadTooLarge());
  }
  in_ = kept.empty() ? std::string(bytes) : std::move(kept);
  WaitToRead();
}

void ServerConnection::OnHead(std::string_view head, std::string_view rest) {
  ++exchange_;
  request_ = {};
  if (const auto refusal = ParseHead(head, request_)) {
    request_ = {};
    return Refuse(*refusal);
  }
  if (refusal_.has_value()) {
    return Answer(*std::exchange(refusal_, std::nullopt), /*last=*/true);
  }
  if (auto answer = AnswerWithoutHandler()) {
    in_ = rest;
    return Answer(*std::move(answer), /*last=*/request_.has_body());
  }
  body_ = BodyReader(request_, route_->max_body_bytes);
  continued_ = false;
  phase_ = Phase::kBody;
  SetDeadline(limits::kBodyReadTimeout);
  TakeBody(rest);
}

// Where no handler is asked; else route_ is set.
std::optional<HttpResponse> ServerConnection::AnswerWithoutHandler() {
  using Kind = RouteTable::Match::Kind;
  if (auto refusal = service_.origins.Refuse(request_)) {
    return refusal;
  }
  if (request_.target == "*") {
    return HttpResponse{.status = 204, .fields = {{"Allow", service_.routes.AllMethods()}}};
  }
  RouteTable::Match match = service_.routes.Find(request_.method, request_.path());
  switch (match.kind) {
    case Kind::kRoute:
      route_ = match.route;
      request_.parameters = std::move(match.parameters);
      return std::nullopt;
    case Kind::kNotFound:
      return NotFound(request_.path());
    case Kind::kMethodNotAllowed:
      return MethodNotAllowed(match.allow);
    case Kind::kBadPath:
      return ProblemResponse(Refusal{400, "the path's percent-encoding is wrong"});
    case Kind::kOptions:
      break;
  }
  if (auto preflight = service_.origins.AnswerPreflight(request_, match.allow)) {
    return preflight;
  }
  return HttpResponse{.status = 204, .fields = {{"Allow", match.allow}}};
}

void ServerConnection::TakeBody(std::string_view bytes) {
  heard_ = io_.clock().Monotonic();
  const size_t used = body_.Take(bytes);
  if (body_.refusal().has_value()) {
    return Refuse(*body_.refusal());
  }
  if (!CountBody()) {
    return Answer(ProblemResponse(MakeError(ErrorCode::kServiceUnavailable,
                                            "too many request bodies are being received",
                                            {.retry_after = absl::Seconds(1)})),
                  /*last=*/true);
  }
  if (!body_.done()) {
    MayContinue();
    return WaitToRead();
  }
  in_ = bytes.substr(used);
  Handle();
}

// False when all bodies together are more than there is room for.
bool ServerConnection::CountBody() {
  service_.bodies_bytes += body_.size() - counted_;
  counted_ = body_.size();
  return counted_ == 0 || service_.bodies_bytes <= service_.max_bodies_bytes;
}

void ServerConnection::ReleaseBody() {
  service_.bodies_bytes -= std::exchange(counted_, 0);
  body_ = {};
}

void ServerConnection::MayContinue() {
  if (!std::exchange(continued_, true) && body_.size() == 0 && request_.version == 11 &&
      request_.HasToken("Expect", "100-continue")) {
    out_.Send(kContinue);
  }
}

// ---- answering ----

void ServerConnection::Handle() {
  const auto keep = self();
  request_.body = body_.Release();
  request_.followed = !in_.empty();
  phase_ = Phase::kHandler;
  SetDeadline(limits::kHandlerTimeout);
  // What throws drops the responder, and so answers.
  Guarded("request", [&] {
    route_->handler(request_, Responder(io_, std::weak_ptr<Exchange>(keep), exchange_));
  });
  std::string().swap(request_.body);
}

void ServerConnection::Answer(HttpResponse response, bool last) {
  ReleaseBody();
  last_ = last || response.close || !request_.keep_alive || io_.draining();
  response.close = last_;
  service_.origins.AddFields(request_, response);
  phase_ = Phase::kResponse;
  SetDeadline(limits::kStuckAfter);
  const std::string head = SerializeHead(response, request_);
  const std::array<std::string_view, 2> parts = {
      head, SendsBody(response, request_) ? std::string_view(response.body) : ""};
  if (out_.SendBatch(parts)) {
    OnAnswered();
  }
}

// Also called when a stream has ended and not all of it has left.
void ServerConnection::OnAnswered() {
  if (!out_.is_open() || !out_.empty()) {
    return;  // Tick looks again
  }
  if (last_) {
    return EndConnection();
  }
  phase_ = Phase::kHead;
  kept_alive_ = true;
  waits_since_ = io_.clock().Monotonic();
  SetDeadline(limits::kKeepAlive);
  if (in_.empty()) {
    return WaitToRead();
  }
  // In a turn of its own: others come between, and the stack stays flat.
  io_.Post([self = self()] { self->Guard([&] { self->TakeWhatWaits(); }); });
}

void ServerConnection::TakeWhatWaits() {
  if (phase_ == Phase::kHead) {
    const std::string bytes = std::exchange(in_, {});
    TakeHead(bytes);
  }
}

// ---- a stream ----

void ServerConnection::Stream(uint64_t exchange, HttpResponse head, MakeStreamOwner make) {
  if (!Handles(exchange)) {
    return;
  }
  if (request_.method == "HEAD") {
    return Answer(std::move(head), /*last=*/true);
  }
  ReleaseBody();
  chunked_ = request_.version == 11;
  service_.origins.AddFields(request_, head);
  phase_ = Phase::kStream;
  out_.Gather();
  out_.Send(
      SerializeHead(head, request_, chunked_ ? BodyFraming::kChunked : BodyFraming::kUntilClose));
  if (!Guarded("stream", [&] { owner_ = make(*this); }) || owner_ == nullptr) {
    phase_ = Phase::kDone;
    return Abort();
  }
  out_.Flush();
  WaitToRead();  // only to learn when the client goes
}

bool ServerConnection::SendBatch(Parts parts) {
  if (phase_ != Phase::kStream) {
    return false;
  }
  size_t size = 0;
  for (const std::string_view part : parts) {
    size += part.size();
  }
  if (!chunked_ || size == 0) {  // an empty chunk would be the last
    return out_.SendBatch(parts);
  }
  std::array<char, 20> line;
  const int length = std::snprintf(line.data(), line.size(), "%zx\r\n", size);
  absl::InlinedVector<std::string_view, 8> all = {{line.data(), static_cast<size_t>(length)}};
  all.insert(all.end(), parts.begin(), parts.end());
  all.push_back(kLineEnd);
  return out_.SendBatch(all);
}

void ServerConnection::Send(std::string_view bytes) {
  if (phase_ != Phase::kStream || bytes.empty()) {
    return;
  }
  if (!chunked_) {
    return out_.Send(bytes);
  }
  std::array<char, 20> line;
  const int length = std::snprintf(line.data(), line.size(), "%zx\r\n", bytes.size());
  const std::array<std::string_view, 3> parts = {
      std::string_view(line.data(), static_cast<size_t>(length)), bytes, kLineEnd};
  out_.Send(parts);
}

void ServerConnection::End() {
  if (phase_ != Phase::kStream) {
    return;
  }
  if (chunked_) {
    out_.Send(kLastChunk);
  }
  phase_ = Phase::kResponse;
  last_ = true;
  SetDeadline(limits::kStuckAfter);
  io_.Post([self = self()] {
    self->owner_.reset();
    self->Guard([&] { self->OnAnswered(); });
  });
}

TakenOver ServerConnection::TakeOver(uint64_t exchange) {
  TOCSIN_CHECK(Handles(exchange) && in_.empty());
  phase_ = Phase::kDone;
  finished_ = true;
  TakenOver taken{.stream = out_.Release(), .ticket = std::move(ticket_)};
  io_.Remove(*this);
  return taken;
}

// ---- the end ----

void ServerConnection::Tick() {
  switch (phase_) {
    case Phase::kStream:
      return owner_->Tick();
    case Phase::kBody:
      if (io_.clock().Monotonic() >= heard_ + limits::kBodySilence) {
        return OnDeadline();
      }
      break;
    case Phase::kResponse:
      if (out_.empty()) {
        return OnAnswered();
      }
      if (const uint64_t taken = out_.BytesTaken(); taken != std::exchange(taken_, taken)) {
        SetDeadline(limits::kStuckAfter);
      }
      break;
    default:
      break;
  }
  if (io_.clock().Monotonic() >= deadline_) {
    OnDeadline();
  }
}

void ServerConnection::OnDeadline() {
  switch (phase_) {
    case Phase::kHead:
      return in_.empty() ? EndConnection()
                         : Refuse({408, "the request's head did not come in time"});
    case Phase::kBody:
      return Refuse({408, "the request's body did not come in time"});
    case Phase::kHandler:
      return Answer(ProblemResponse(MakeError(ErrorCode::kServiceUnavailable,
                                              "the request could not be answered in time",
                                              {.retry_after = absl::Seconds(1)})),
                    /*last=*/true);
    default:
      return Abort();
  }
}

// This side is shut; the peer's last bytes are read and thrown away.
void ServerConnection::EndConnection() {
  out_.ShutdownWhenSent();
  phase_ = Phase::kLinger;
  std::string().swap(in_);
  SetDeadline(kLingerTime);
  WaitToRead();
}

void ServerConnection::Finish() {
  if (std::exchange(finished_, true)) {
    return;
  }
  const auto keep = self();
  const bool gone = phase_ == Phase::kStream;
  phase_ = Phase::kDone;
  out_.Abort();
  ReleaseBody();
  if (gone && owner_ != nullptr) {
    Guarded("stream", [&] { owner_->OnClientGone(); });
  }
  owner_.reset();
  io_.Remove(*this);
}

}  // namespace

void ServeHttp(IoThread& io, Service& service, std::unique_ptr<ByteStream> stream,
               ConnectionLimits::Ticket ticket, std::optional<HttpResponse> refusal) {
  auto connection = std::make_shared<ServerConnection>(io, service, std::move(stream),
                                                       std::move(ticket), std::move(refusal));
  io.Add(connection);
  connection->Start();
}

}  // namespace tocsin::http
