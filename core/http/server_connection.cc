// The phases of a connection:
//
//   request ─▶ handler ─▶ response ─▶ request …        kept alive
//                │  └──▶ stream ─▶ response            closes when the stream ends
//                └─ taken over        └─▶ linger ─▶ done
//
// Nothing is read in the phases handler and response: what the client has sent by then waits in the
// request reader.
#include "core/http/server_connection.h"

#include <array>
#include <string>
#include <string_view>
#include <utility>

#include "core/base/check.h"
#include "core/base/log.h"
#include "core/event/error.h"
#include "core/http/out_stream.h"
#include "core/http/problem.h"
#include "core/http/request_reader.h"
#include "core/http/responder.h"
#include "core/http/streamed_response.h"
#include "core/http/time_share.h"

namespace tocsin::http {
namespace {

// How long the connection reads on after its last answer.
constexpr absl::Duration kLingerTime = absl::Seconds(1);
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

class ServerConnection final : public Connection, public OutOwner, public Exchange {
 public:
  ServerConnection(IoThread& io, Service& service, std::unique_ptr<ByteStream> stream,
                   ConnectionLimits::Ticket ticket, std::optional<HttpResponse> refusal)
      : io_(io),
        service_(service),
        ticket_(std::move(ticket)),
        out_(std::move(stream)),
        reader_(service, io.clock(), std::move(refusal), &ticket_) {}

  void Start() {
    out_.SetOwner(std::shared_ptr<OutOwner>(shared_from_this(), this));
    Guard([&] { ReadNow(); });
  }

  // Connection.
  void Tick() override;
  void OnSourceChange() override;
  void Drain(absl::Duration slot) override;
  void Abort() override;
  absl::Duration IdleSince() const override {
    return phase_ == Phase::kHandler || phase_ == Phase::kStream || phase_ == Phase::kDone
               ? absl::InfiniteDuration()
               : reader_.idle_since();
  }
  void GiveWay() override;
  size_t MemoryBytes() const override;

  // OutOwner.
  void OnBatchSent() override {
    Guard([&] { phase_ == Phase::kStream ? owner_->OnBatchSent() : OnAnswered(); });
  }
  void OnSendFailed() override { Abort(); }

  // Exchange.
  void Respond(HttpResponse response) override;
  void Stream(HttpResponse head, MakeStreamOwner make) override;
  TakenOver TakeOver() override;

 private:
  enum class Phase : uint8_t { kRequest, kHandler, kResponse, kStream, kLinger, kDone };

  std::shared_ptr<ServerConnection> self() {
    return std::static_pointer_cast<ServerConnection>(shared_from_this());
  }
  // Runs a step of the connection's own; if it throws, the connection ends.
  template <class Call>
  void Guard(Call call) {
    const absl::Duration began = io_.clock().Monotonic();
    if (!Guarded("http connection", call)) {
      Abort();
    }
    share_.Add(began, io_.clock().Monotonic());
  }
  // Runs a step in a turn of its own: after what the others wait for, if this connection has taken
  // much of the thread's time.
  template <class Call>
  void Later(Call call) {
    auto step = [self = self(), call] { self->Guard([&] { call(*self); }); };
    share_.much(io_.clock().Monotonic()) ? io_.PostLate(std::move(step))
                                         : io_.Post(std::move(step));
  }
  bool idle() const { return phase_ == Phase::kRequest && reader_.idle(); }
  void SetDeadline(absl::Duration time) { deadline_ = io_.clock().Monotonic() + time; }

  void ReadNow();
  void WaitToRead(Readiness readiness = Readiness::kReadable);
  void ReadAfterWait(bool ok);
  void OnStep(RequestReader::Step step);
  void Handle();
  void Answer(HttpResponse response, bool last);
  void OnAnswered();
  void OnStreamEnd();
  void OnDeadline();
  void EndConnection();
  void Finish();

  IoThread& io_;
  Service& service_;
  ConnectionLimits::Ticket ticket_;
  OutStream out_;
  RequestReader reader_;
  std::unique_ptr<StreamedResponse> stream_;
  std::unique_ptr<StreamOwner> owner_;
  TimeShare share_;
  uint64_t taken_ = 0;       // bytes of the response that the client has taken, at the last Tick
  absl::Duration deadline_;  // of the phase; while a request is read, the reader has its own
  Phase phase_ = Phase::kRequest;
  bool waiting_to_read_ = false;
  bool last_ = false;  // the connection ends after this response
  bool finished_ = false;
};

// ---- reading ----

// Reads without waiting first: the request has often come together with the connection.
void ServerConnection::ReadNow() {
  const std::span<char> room = io_.read_buffer();
  const IoResult result = out_.Read(room);
  switch (result.state) {
    case IoResult::State::kDone:
      // After the last answer and during a stream, what the client sends is dropped.
      return phase_ == Phase::kRequest ? OnStep(reader_.Take({room.data(), result.bytes}))
                                       : WaitToRead();
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
    if (ok && self->share_.much(self->io_.clock().Monotonic())) {
      return self->Later([](ServerConnection& late) { late.ReadAfterWait(true); });
    }
    self->Guard([&] { self->ReadAfterWait(ok); });
  });
}

void ServerConnection::ReadAfterWait(bool ok) {
  waiting_to_read_ = false;
  ok ? ReadNow() : Finish();
}

void ServerConnection::OnStep(RequestReader::Step step) {
  switch (step.kind) {
    case RequestReader::Step::Kind::kContinue:
      out_.Send(kContinue);
      return WaitToRead();
    case RequestReader::Step::Kind::kNeedsBytes:
      return WaitToRead();
    case RequestReader::Step::Kind::kRequest:
      return Handle();
    case RequestReader::Step::Kind::kAnswer:
      return Answer(*std::move(step.answer), step.last);
  }
}

// ---- answering ----

void ServerConnection::Handle() {
  const auto keep = self();
  phase_ = Phase::kHandler;
  SetDeadline(limits::kHandlerTimeout);
  // A handler that throws drops its responder, which then answers.
  Guarded("request", [&] {
    reader_.route().handler(reader_.request(), Responder(io_, std::weak_ptr<Exchange>(keep)));
  });
  std::string().swap(reader_.request().body);
}

void ServerConnection::Respond(HttpResponse response) {
  if (phase_ == Phase::kHandler) {
    Answer(std::move(response), /*last=*/false);
  }
}

void ServerConnection::Answer(HttpResponse response, bool last) {
  const HttpRequest& request = reader_.request();
  reader_.ReleaseBody();
  last_ = last || response.close || !request.keep_alive || io_.draining();
  response.close = last_;
  AddFields(service_, request, response);
  phase_ = Phase::kResponse;
  SetDeadline(limits::kStuckAfter);
  const std::string head = SerializeHead(response, request);
  const std::array<std::string_view, 2> parts = {
      head, SendsBody(response, request) ? std::string_view(response.body) : ""};
  if (out_.SendBatch(parts)) {
    OnAnswered();
  }
}

// Also called when a stream has ended; then some of it may still wait to leave.
void ServerConnection::OnAnswered() {
  if (!out_.is_open() || !out_.empty()) {
    return;  // Tick looks again
  }
  if (last_) {
    return EndConnection();
  }
  phase_ = Phase::kRequest;
  reader_.BeginNext();
  if (!reader_.has_bytes()) {
    return WaitToRead();
  }
  // In a turn of its own, so that other connections come between and the stack does not grow.
  Later([](ServerConnection& next) {
    if (next.phase_ == Phase::kRequest) {
      next.OnStep(next.reader_.TakeKept());
    }
  });
}

void ServerConnection::Stream(HttpResponse head, MakeStreamOwner make) {
  if (phase_ != Phase::kHandler) {
    return;
  }
  const HttpRequest& request = reader_.request();
  if (request.method == "HEAD") {
    return Answer(std::move(head), /*last=*/true);
  }
  reader_.ReleaseBody();
  const bool chunked = request.version == 11;
  AddFields(service_, request, head);
  phase_ = Phase::kStream;
  out_.Gather();
  out_.Send(
      SerializeHead(head, request, chunked ? BodyFraming::kChunked : BodyFraming::kUntilClose));
  stream_ = std::make_unique<StreamedResponse>(*this, out_, chunked, [this] { OnStreamEnd(); });
  if (!Guarded("stream", [&] { owner_ = make(*stream_); }) || owner_ == nullptr) {
    phase_ = Phase::kDone;
    return Abort();
  }
  out_.Flush();
  WaitToRead();  // only to learn when the client goes
}

void ServerConnection::OnStreamEnd() {
  phase_ = Phase::kResponse;
  last_ = true;
  SetDeadline(limits::kStuckAfter);
  io_.Post([self = self()] {
    self->owner_.reset();
    self->Guard([&] { self->OnAnswered(); });
  });
}

TakenOver ServerConnection::TakeOver() {
  TOCSIN_CHECK(phase_ == Phase::kHandler && !reader_.has_bytes());
  phase_ = Phase::kDone;
  finished_ = true;
  TakenOver taken{.stream = out_.Release(), .ticket = std::move(ticket_)};
  io_.Remove(*this);
  return taken;
}

// ---- time, and the program's end ----

void ServerConnection::Tick() {
  switch (phase_) {
    case Phase::kRequest:
      if (reader_.TimedOut()) {
        OnDeadline();
      }
      return;
    case Phase::kStream:
      return owner_->Tick();
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
  if (phase_ == Phase::kRequest) {
    auto answer = reader_.AnswerTooLate();
    return answer.has_value() ? Answer(*std::move(answer), /*last=*/true) : EndConnection();
  }
  if (phase_ == Phase::kHandler) {
    // The last answer, so that what the responder does later meets no other request.
    return Answer(ProblemResponse(MakeError(ErrorCode::kServiceUnavailable,
                                            "the request could not be answered in time",
                                            {.retry_after = absl::Seconds(1)})),
                  /*last=*/true);
  }
  Abort();
}

void ServerConnection::OnSourceChange() {
  if (phase_ == Phase::kStream) {
    owner_->OnSourceChange();
  }
}

// An answer in progress is finished. A connection that waits for a request ends now.
void ServerConnection::Drain(absl::Duration slot) {
  if (phase_ == Phase::kStream) {
    owner_->Drain(slot);
  } else if (idle()) {
    EndConnection();
  }
}

void ServerConnection::GiveWay() {
  phase_ = Phase::kDone;
  ticket_ = {};
  Abort();
}

size_t ServerConnection::MemoryBytes() const {
  return sizeof(*this) + reader_.heap_bytes() + out_.MemoryBytes() +
         (stream_ == nullptr ? 0 : sizeof(*stream_)) +
         (owner_ == nullptr ? 0 : owner_->MemoryBytes());
}

// ---- the connection's end ----

// Shuts the sending side; what the client still sends is read and dropped.
void ServerConnection::EndConnection() {
  out_.ShutdownWhenSent();
  phase_ = Phase::kLinger;
  reader_.DropBytes();
  SetDeadline(kLingerTime);
  WaitToRead();
}

// Finished in a turn of its own, since the caller may be the stream's owner.
void ServerConnection::Abort() {
  out_.Abort();
  io_.Post([self = self()] { self->Finish(); });
}

void ServerConnection::Finish() {
  if (std::exchange(finished_, true)) {
    return;
  }
  const auto keep = self();
  const bool gone = phase_ == Phase::kStream;
  phase_ = Phase::kDone;
  out_.Abort();
  reader_.ReleaseBody();
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
