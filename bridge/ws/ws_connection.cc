#include "bridge/ws/ws_connection.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "bridge/ws/close_code.h"
#include "bridge/ws/extensions.h"
#include "bridge/ws/frame_reader.h"
#include "bridge/ws/frames.h"
#include "bridge/ws/handshake.h"
#include "bridge/ws/session.h"
#include "core/base/heap_bytes.h"
#include "core/base/log.h"
#include "core/http/out_stream.h"

namespace tocsin::bridge::ws {
namespace {

using http::IoResult;

// Time for the closing handshake, and for a stuck client to take the last frames.
constexpr absl::Duration kCloseTimeout = absl::Seconds(5);

class WsConnection final : public http::Connection, public http::OutOwner, public SessionOutput {
 public:
  // `inflater`: null where compression has not been agreed on.
  WsConnection(Worker& worker, std::unique_ptr<http::ByteStream> stream,
               http::ConnectionLimits::Ticket ticket, Inflater* inflater)
      : worker_(worker),
        ticket_(std::move(ticket)),
        stream_(std::move(stream)),
        reader_(worker.sessions().options.max_message_bytes, inflater),
        session_(worker.sessions(), *this) {}

  void Start(const http::HttpRequest& request, std::string_view extensions) {
    stream_.SetOwner(std::shared_ptr<http::OutOwner>(shared_from_this(), this));
    Guard([&] {
      stream_.Gather();  // the handshake's answer and `welcome` leave in one piece
      stream_.Send(HandshakeResponse(request.Header("Sec-WebSocket-Key").value_or(""), extensions));
      session_.Start(/*deflate=*/!extensions.empty());
      stream_.Flush();
      ReadOn();
    });
  }

  // Connection.
  void Tick() override {
    if (worker_.clock().Monotonic() >= deadline_) {
      Abort();
    } else {
      session_.Tick();
      ReadOn();
    }
  }
  void OnSourceChange() override { session_.OnHubState(worker_.sessions().hub_connected); }
  void Drain(absl::Duration slot) override { session_.Drain(slot); }
  // Finishes in a handler of its own, because the caller may be inside the session or the shard.
  void Abort() override {
    stream_.Abort();
    worker_.Post([self = self()] { self->Finish(); });
  }
  size_t MemoryBytes() const override {
    return sizeof(*this) + session_.MemoryBytes() + reader_.heap_bytes() + HeapBytes(unread_) +
           stream_.QueueBytes();
  }

  // SessionOutput.
  bool SendBatch(std::string_view frames) override {
    const bool left = stream_.SendBatch(frames);
    ReadOn();
    return left;
  }
  void Send(std::string_view frames) override { stream_.Send(frames); }
  void Close(uint16_t code, std::string_view reason) override {
    SendClose(CloseFrame(code, reason));
    ReadOn();
  }
  void Drop() override { Abort(); }
  uint64_t BytesTaken() override { return stream_.BytesTaken(); }
  size_t BytesWaiting() const override { return stream_.ReplyBytesQueued(); }

  // http::OutOwner.
  void OnBatchSent() override {
    Guard([&] {
      worker_.shard().Written(session_.subscriber());
      ReadOn();
    });
  }
  void OnRepliesSent() override {
    Guard([&] {
      session_.OnRepliesSent();
      ReadOn();
    });
  }
  void OnSendFailed() override {
    worker_.sessions().metrics.send_errors.Increment();
    Abort();
  }

 private:
  std::shared_ptr<WsConnection> self() {
    return std::static_pointer_cast<WsConnection>(shared_from_this());
  }

  template <class Call>
  void Guard(Call call) {
    try {
      call();
    } catch (const std::exception& error) {
      LogError("a session failed", {{"error", error.what()}});
      Fail();
    }
  }

  void Fail() {
    if (session_.subscriber() == 0) {  // not yet started
      return Abort();
    }
    try {
      stream_.Flush();
      session_.OnInternalError();
    } catch (const std::exception&) {
      Abort();
    }
  }

  // ---- reading ----

  // Reads on, unless the client must first take the answers to what it asked. Every call that may
  // have made room for answers is followed by this one.
  void ReadOn() {
    if (reading_ || !stream_.is_open() || !session_.WantsRead()) {
      return;
    }
    reading_ = true;
    if (!unread_.empty()) {
      // In a handler of its own, because the caller may be inside the session or the shard.
      return worker_.Post([self = self()] { self->Guard([&] { self->ReadUnread(); }); });
    }
    WaitToRead(http::Readiness::kReadable);
  }

  void WaitToRead(http::Readiness readiness) {
    stream_.Wait(readiness, [self = self()](bool ok) {
      self->Guard([&] { ok ? self->ReadNow() : self->Finish(); });
    });
  }

  void ReadUnread() {
    if (!finished_) {
      std::string bytes = std::exchange(unread_, {});
      TakeIn(bytes);
    }
  }

  void ReadNow() {
    const std::span<char> room = worker_.io().read_buffer();
    const IoResult result = stream_.Read(room);
    switch (result.state) {
      case IoResult::State::kDone:
        return TakeIn(room.first(result.bytes));
      case IoResult::State::kBlocked:
        return WaitToRead(result.wait_for);
      case IoResult::State::kFailed:
        worker_.sessions().metrics.connection_errors.Increment();
        [[fallthrough]];
      case IoResult::State::kEnd:
        return Finish();
    }
  }

  // Gathers the answers, so that messages that came in one piece are answered in one.
  void TakeIn(std::span<char> bytes) {
    if (!ended_) {
      stream_.Gather();
      session_.OnSignOfLife();
      TakeMessages(bytes);
      stream_.Flush();
    }
    reading_ = false;
    ReadOn();
  }

  void TakeMessages(std::span<char> bytes) {
    while (!ended_) {
      if (!session_.WantsRead()) {
        unread_.assign(bytes.data(), bytes.size());
        return;
      }
      const Received received = reader_.Next(bytes);
      if (received.kind == Received::Kind::kNothing) {
        return;
      }
      Guard([&] { Take(received); });
    }
  }

  void Take(const Received& received) {
    switch (received.kind) {
      case Received::Kind::kNothing:
        return;
      case Received::Kind::kText:
        return session_.OnText(received.payload);
      case Received::Kind::kBinary:
        return session_.OnBinary();
      case Received::Kind::kPing: {
        std::string pong;
        AppendControlFrame(pong, Opcode::kPong, received.payload);
        return stream_.Send(pong);
      }
      case Received::Kind::kPong:
        return session_.OnPong();
      case Received::Kind::kTooLarge:
        return session_.OnOversize(received.payload);
      case Received::Kind::kClose:
        return OnPeerClose(received.code);
      case Received::Kind::kFailed:
        session_.OnProtocolError(received.code, received.payload);
        return EndReading();
    }
  }

  // ---- the end ----

  void SendClose(std::string_view frame) {
    deadline_ = std::min(deadline_, worker_.clock().Monotonic() + kCloseTimeout);
    reader_.Discard();
    stream_.SendLast(frame);
  }

  // The peer's close frame either answers ours or is now answered.
  void OnPeerClose(uint16_t code) {
    session_.OnPeerClose();
    SendClose(CloseFrame(code, ""));
    EndReading();
  }

  void EndReading() {
    ended_ = true;
    stream_.ShutdownWhenSent();
  }

  // The connection is destroyed with the last handler that holds it.
  void Finish() {
    if (finished_) {
      return;
    }
    finished_ = true;
    stream_.Abort();
    worker_.io().Remove(*this);
  }

  Worker& worker_;
  http::ConnectionLimits::Ticket ticket_;
  http::OutStream stream_;
  FrameReader reader_;
  Session session_;
  absl::Duration deadline_ = absl::InfiniteDuration();
  std::string unread_;    // read, but not handled yet: the client must first take its answers
  bool reading_ = false;  // a handler that reads is outstanding
  bool ended_ = false;    // the closing handshake is done, and what still comes is dropped
  bool finished_ = false;
};

// The response's Sec-WebSocket-Extensions; empty when nothing has been agreed on.
std::string Agree(const Worker& worker, const http::HttpRequest& request) {
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

}  // namespace

void ServeWebSocket(Worker& worker, std::unique_ptr<http::ByteStream> stream,
                    const http::HttpRequest& request, http::ConnectionLimits::Ticket ticket) {
  const std::string extensions = Agree(worker, request);
  Inflater* inflater = extensions.empty() ? nullptr : &worker.sessions().compression->inflater;
  auto connection =
      std::make_shared<WsConnection>(worker, std::move(stream), std::move(ticket), inflater);
  worker.io().Add(connection);
  connection->Start(request, extensions);
}

}  // namespace tocsin::bridge::ws
