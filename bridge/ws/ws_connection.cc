#include "bridge/ws/ws_connection.h"

#include <algorithm>
#include <array>
#include <boost/beast/websocket/stream.hpp>
#include <memory>
#include <utility>

#include "bridge/ws/frames.h"
#include "bridge/ws/session.h"
#include "core/base/heap_bytes.h"
#include "core/base/log.h"
#include "core/event/limits.h"

namespace tocsin::bridge::ws {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace websocket = boost::beast::websocket;

using Error = boost::system::error_code;

// For the closing handshake, and for a stuck client to take the last words.
constexpr absl::Duration kCloseTimeout = absl::Seconds(5);
constexpr size_t kReadBytes = 2048;
// The block that websocket::stream keeps its state in, the MuxStream among it (Boost 1.81; it is private
// there).
constexpr size_t kBeastBytes = 2'608;

class WsConnection final : public Connection, public MuxOwner, public SessionOutput {
 public:
  WsConnection(Worker& worker, Socket socket, ConnectionLimits::Ticket ticket)
      : worker_(worker),
        ticket_(std::move(ticket)),
        ws_(std::move(socket)),
        session_(worker.sessions(), *this),
        deadline_(worker.clock().Monotonic() + limits::kHeaderReadTimeout) {}

  void Accept(const http::BeastRequest& request) {
    mux().SetOwner(std::shared_ptr<MuxOwner>(shared_from_this(), this));
    ws_.set_option({.handshake_timeout = websocket::stream_base::none(),
                    .idle_timeout = websocket::stream_base::none(),
                    .keep_alive_pings = false});
    ws_.read_message_max(0);  // ours, so that the error comes before the close
    ws_.control_callback(
        [this](websocket::frame_type kind, beast::string_view) { OnControl(kind); });
    ws_.async_accept(
        request, [self = self()](Error error) { self->Guard([&] { self->OnAccepted(error); }); });
  }

  // Connection.
  void Tick() override {
    if (worker_.clock().Monotonic() >= deadline_) {
      Abort();
    } else if (open_) {
      session_.Tick();
      ReadOn();
    }
  }
  void OnHubState(bool connected) override { session_.OnHubState(connected); }
  void Drain(absl::Duration slot) override {
    if (open_) {
      session_.Drain(slot);
    } else {
      Abort();
    }
  }
  void Abort() override { mux().Abort(); }
  size_t MemoryBytes() const override {
    return sizeof(*this) + kBeastBytes + session_.MemoryBytes() + HeapBytes(message_) +
           ws_.next_layer().QueueBytes();
  }

  // SessionOutput.
  bool SendBatch(std::string_view frames) override {
    const bool left = mux().SendBatch(frames);
    ReadOn();
    return left;
  }
  void Send(std::string_view frames) override { mux().Send(frames); }
  void Close(uint16_t code, std::string_view reason) override {
    deadline_ = worker_.clock().Monotonic() + kCloseTimeout;
    const std::string_view text = CutUtf8(reason, kMaxReasonBytes);
    const websocket::close_reason close(static_cast<websocket::close_code>(code),
                                        beast::string_view(text.data(), text.size()));
    ws_.async_close(close, [self = self()](Error) { self->Guard([&] { self->Finish(); }); });
    ReadOn();
  }
  void Drop() override { Abort(); }
  uint64_t BytesTaken() override { return mux().BytesTaken(); }
  size_t BytesWaiting() const override { return ws_.next_layer().ReplyBytesQueued(); }

  // MuxOwner.
  void OnBatchSent() override {
    Guard([&] {
      worker_.shard().Written(session_.subscriber());
      ReadOn();
    });
  }
  std::string BeforeClose(uint16_t code, std::string& reason) override {
    // Also when the peer or the protocol ends it: a peer that says nothing more is not waited for.
    deadline_ = std::min(deadline_, worker_.clock().Monotonic() + kCloseTimeout);
    return peer_closes_ ? "" : session_.BeforeProtocolClose(code, reason);
  }
  void OnSendFailed() override { worker_.sessions().metrics.send_errors.Increment(); }

 private:
  std::shared_ptr<WsConnection> self() {
    return std::static_pointer_cast<WsConnection>(shared_from_this());
  }
  MuxStream& mux() { return ws_.next_layer(); }

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
    if (!open_) {
      return Abort();
    }
    try {
      session_.OnInternalError();
    } catch (const std::exception&) {
      Abort();
    }
  }

  void OnAccepted(Error error) {
    if (error) {
      worker_.sessions().metrics.connection_errors.Increment();
      return Finish();
    }
    open_ = true;
    deadline_ = absl::InfiniteDuration();
    mux().Open();
    session_.Start();
    Read();
  }

  void OnControl(websocket::frame_type kind) {
    if (kind == websocket::frame_type::close) {
      peer_closes_ = true;
    } else if (kind == websocket::frame_type::pong) {
      session_.OnPong();
    } else {
      session_.OnSignOfLife();
    }
  }

  // ---- reading ----

  // An idle connection waits with a few bytes of its own; a message gets memory when it has begun.
  void Read() {
    reading_ = true;
    asio::mutable_buffer room(first_.data(), first_.size());
    if (discarding_) {
      message_.clear();
    } else if (!message_.empty()) {
      const size_t have = message_.size();
      message_.resize(have + kReadBytes);
      room = asio::buffer(message_.data() + have, kReadBytes);
    }
    ws_.async_read_some(room, [self = self()](Error error, size_t bytes) {
      self->Guard([&] { self->OnRead(error, bytes); });
    });
  }

  // What stopped for want of room goes on.
  void ReadOn() {
    if (open_ && !reading_ && !finished_ && session_.WantsRead()) {
      Read();
    }
  }

  void OnRead(Error error, size_t bytes) {
    reading_ = false;
    if (error) {
      if (error != websocket::error::closed && error != asio::error::operation_aborted &&
          error != asio::error::eof) {
        worker_.sessions().metrics.connection_errors.Increment();
      }
      return Finish();
    }
    TakeIn(bytes);
    if (!reading_ && session_.WantsRead()) {
      Read();
    }
  }

  void TakeIn(size_t bytes) {
    if (session_.closing()) {
      discarding_ = true;
      return;
    }
    if (message_.empty()) {
      message_.assign(first_.data(), bytes);
    } else {
      message_.resize(message_.size() - kReadBytes + bytes);
    }
    if (message_.size() > worker_.sessions().options.max_message_bytes) {
      // Before the close begins, which reads on: nothing may be read into what is given up here.
      discarding_ = true;
      std::string().swap(message_);
      session_.OnOversize();
    } else if (!ws_.is_message_done()) {
      session_.OnSignOfLife();
    } else {
      const std::string message = std::exchange(message_, {});
      if (ws_.got_binary()) {
        session_.OnBinary();
      } else {
        session_.OnText(message);
      }
    }
  }

  // The socket closes with the last handler that holds this.
  void Finish() {
    if (finished_) {
      return;
    }
    finished_ = true;
    mux().Abort();
    worker_.Remove(*this);
  }

  Worker& worker_;
  ConnectionLimits::Ticket ticket_;
  websocket::stream<MuxStream, /*deflateSupported=*/false> ws_;
  Session session_;
  absl::Duration deadline_;
  std::string message_;
  std::array<char, 32> first_;
  bool open_ = false;
  bool reading_ = false;
  bool discarding_ = false;
  bool peer_closes_ = false;
  bool finished_ = false;
};

}  // namespace

void ServeWebSocket(Worker& worker, Socket socket, const http::BeastRequest& request,
                    ConnectionLimits::Ticket ticket) {
  auto connection = std::make_shared<WsConnection>(worker, std::move(socket), std::move(ticket));
  worker.Add(connection);
  connection->Accept(request);
}

}  // namespace tocsin::bridge::ws
