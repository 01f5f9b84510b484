#include "bridge/ws/ws_connection.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "bridge/ws/close_code.h"
#include "bridge/ws/extensions.h"
#include "bridge/ws/frames.h"
#include "bridge/ws/handshake.h"
#include "core/base/heap_bytes.h"
#include "core/base/log.h"

namespace tocsin::bridge::ws {
namespace {

using http::IoResult;

// Time for the closing handshake, and for a stuck client to take the last frames. A session whose
// token has run out is to be gone 5 s later, and both its end and this are noticed by a Tick.
constexpr absl::Duration kCloseTimeout = absl::Seconds(4);
constexpr uint16_t kNormalClosure = 1000;
// What is handled of one client in a turn of the thread, in units of the budget: half a millisecond.
// The rest comes after what the others wait for.
constexpr double kTurn = 250;

// What it costs to have read this, in units of the budget.
double PriceOf(const Received& received, size_t bytes, uint64_t frames) {
  const size_t handled = std::max(bytes, received.payload.size());  // it may have been inflated
  const bool control = received.kind == Received::Kind::kPing ||
                       received.kind == Received::Kind::kPong ||
                       received.kind == Received::Kind::kClose;
  return (received.kind == Received::Kind::kNothing ? 0
          : control                                 ? ReadBudget::kControlFrame
                                                    : ReadBudget::kMessage) +
         static_cast<double>(frames) * ReadBudget::kFrame +
         static_cast<double>(handled) * ReadBudget::kBytes;
}

}  // namespace

WsConnection::WsConnection(Worker& worker, http::TakenOver taken, Inflater* inflater)
    : worker_(worker),
      ticket_(std::move(taken.ticket)),
      stream_(std::move(taken.stream)),
      reader_(worker.sessions().options.max_message_bytes, inflater),
      budget_(worker.sessions().options.messages_per_second,
              worker.sessions().options.message_burst, worker.sessions().options.max_message_bytes,
              worker.clock().Monotonic()) {}

std::shared_ptr<WsConnection> WsConnection::self() {
  return std::static_pointer_cast<WsConnection>(shared_from_this());
}

template <class Call>
void WsConnection::Guard(Call call) {
  try {
    call();
  } catch (const std::exception& error) {
    LogError("a session failed", {{"error", error.what()}});
    Fail();
  }
}

void WsConnection::Fail() {
  if (session().subscriber() == 0) {  // not yet started
    return Abort();
  }
  try {
    stream_.Flush();
    session().OnInternalError();
  } catch (const std::exception&) {
    Abort();
  }
}

void WsConnection::Start(const http::HttpRequest& request, const Agreed& agreed) {
  stream_.SetOwner(std::shared_ptr<http::OutOwner>(shared_from_this(), this));
  Guard([&] {
    stream_.Gather();  // the handshake's answer and what the session begins with leave in one piece
    stream_.Send(HandshakeResponse(request.Header("Sec-WebSocket-Key").value_or(""),
                                   agreed.extensions, agreed.subprotocol));
    session().Start(/*deflate=*/!agreed.extensions.empty());
    stream_.Flush();
    ReadOn();
  });
}

void WsConnection::Tick() {
  if (worker_.clock().Monotonic() >= deadline_) {
    Abort();
  } else {
    session().Tick();
    if (budget_.OverForTooLong()) {
      session().OnOverRate();
    }
    ReadOn();
  }
}

void WsConnection::OnSourceChange() { session().OnHubState(worker_.sessions().hub_connected); }

void WsConnection::Abort() {
  stream_.Abort();
  worker_.Post([self = self()] { self->Finish(); });
}

size_t WsConnection::HeldBytes() const {
  return reader_.heap_bytes() + HeapBytes(unread_) + stream_.MemoryBytes();
}

bool WsConnection::SendBatch(std::string_view frames) {
  const bool left = stream_.SendBatch(frames);
  ReadOn();
  return left;
}

void WsConnection::Close(uint16_t code, std::string_view reason) {
  SendClose(CloseFrame(code, reason));
  ReadOn();
}

void WsConnection::OnBatchSent() {
  FinishWhenSent();
  Guard([&] {
    worker_.shard().Written(session().subscriber());
    ReadOn();
  });
}

void WsConnection::OnRepliesSent() {
  FinishWhenSent();
  Guard([&] {
    session().OnRepliesSent();
    ReadOn();
  });
}

void WsConnection::OnSendFailed() {
  worker_.sessions().metrics.send_errors.Increment();
  Abort();
}

// ---- reading ----

bool WsConnection::MayRead() {
  return session().WantsRead() && budget_.Allows(worker_.clock().Monotonic());
}

// Every call that may have made room for answers is followed by this one; Tick looks again at the
// budget.
void WsConnection::ReadOn() {
  if (reading_ || !stream_.is_open() || !MayRead()) {
    return;
  }
  reading_ = true;
  if (!unread_.empty()) {
    // In a handler of its own, because the caller may be inside the session or the shard.
    return worker_.io().PostLate([self = self()] { self->Guard([&] { self->ReadUnread(); }); });
  }
  WaitToRead(http::Readiness::kReadable);
}

void WsConnection::WaitToRead(http::Readiness readiness) {
  stream_.Wait(readiness, [self = self()](bool ok) {
    self->Guard([&] { ok ? self->ReadNow() : self->Finish(); });
  });
}

void WsConnection::ReadUnread() {
  if (!finished_) {
    std::string bytes = std::exchange(unread_, {});
    TakeIn(bytes);
  }
}

void WsConnection::ReadNow() {
  const std::span<char> room = worker_.io().read_buffer();
  const IoResult result = stream_.Read(room);
  switch (result.state) {
    case IoResult::State::kDone:
      return TakeIn(room.first(result.bytes));
    case IoResult::State::kBlocked:
      return WaitToRead(result.wait_for);
    case IoResult::State::kFailed:
      worker_.sessions().metrics.connection_errors.Increment();
      return Finish();
    case IoResult::State::kEnd:
      return OnPeerEnd();
  }
}

// Gathers the answers, so that messages that came in one piece are answered in one.
void WsConnection::TakeIn(std::span<char> bytes) {
  if (!ended_) {
    stream_.Gather();
    session().OnSignOfLife();
    TakeMessages(bytes);
    stream_.Flush();
  }
  reading_ = false;
  ReadOn();
}

void WsConnection::TakeMessages(std::span<char> bytes) {
  double turn = 0;
  while (!ended_) {
    if (turn > kTurn || !MayRead()) {
      unread_.assign(bytes.data(), bytes.size());
      return;
    }
    const size_t size = bytes.size();
    const uint64_t frames = reader_.frames();
    const Received received = reader_.Next(bytes);
    const double price = PriceOf(received, size - bytes.size(), reader_.frames() - frames);
    budget_.Spend(price);
    turn += price;
    if (received.kind == Received::Kind::kNothing) {
      return;
    }
    Guard([&] { Take(received); });
  }
}

void WsConnection::Take(const Received& received) {
  switch (received.kind) {
    case Received::Kind::kNothing:
      return;
    case Received::Kind::kText:
      return session().OnText(received.payload);
    case Received::Kind::kBinary:
      return session().OnBinary();
    case Received::Kind::kPing: {
      std::string pong;
      AppendControlFrame(pong, Opcode::kPong, received.payload);
      return stream_.Send(pong);
    }
    case Received::Kind::kPong:
      return session().OnPong();
    case Received::Kind::kTooLarge:
      return session().OnOversize(received.payload);
    case Received::Kind::kClose:
      return OnPeerClose(received.code);
    case Received::Kind::kFailed:
      session().OnProtocolError(received.code, received.payload);
      return EndReading();
  }
}

// ---- the end ----

void WsConnection::SendClose(std::string_view frame) {
  deadline_ = std::min(deadline_, worker_.clock().Monotonic() + kCloseTimeout);
  reader_.Discard();
  stream_.SendLast(frame);
}

// The peer's close frame either answers ours or is now answered.
void WsConnection::OnPeerClose(uint16_t code) {
  session().OnPeerClose();
  SendClose(CloseFrame(code, ""));
  EndReading();
}

// The peer sends nothing more, but may still read: it gets what is its due, and a close frame where
// none was sent.
void WsConnection::OnPeerEnd() {
  if (!ended_) {
    session().OnPeerClose();
    SendClose(CloseFrame(kNormalClosure, ""));
    EndReading();
  }
  peer_ended_ = true;
  FinishWhenSent();
}

// In a handler of its own, because the caller may be inside the stream.
void WsConnection::FinishWhenSent() {
  if (peer_ended_ && stream_.empty()) {
    worker_.Post([self = self()] { self->Finish(); });
  }
}

void WsConnection::EndReading() {
  ended_ = true;
  stream_.ShutdownWhenSent();
}

// The connection is destroyed with the last handler that holds it.
void WsConnection::Finish() {
  if (finished_) {
    return;
  }
  finished_ = true;
  stream_.Abort();
  worker_.io().Remove(*this);
}

std::string AgreeOnExtensions(const Worker& worker, const http::HttpRequest& request) {
  if (worker.sessions().compression == nullptr) {
    return "";
  }
  std::string offers;
  for (const http::Field& field : request.fields) {
    if (absl::EqualsIgnoreCase(field.name, "Sec-WebSocket-Extensions")) {
      absl::StrAppend(&offers, offers.empty() ? "" : ",", field.value);
    }
  }
  return AgreeOnDeflate(offers).value_or("");
}

}  // namespace tocsin::bridge::ws
