#include "bridge/http/http_connection.h"

#include <algorithm>
#include <boost/asio/error.hpp>
#include <boost/asio/write.hpp>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "bridge/ws/ws_connection.h"
#include "core/base/heap_bytes.h"
#include "core/base/log.h"
#include "core/event/limits.h"
#include "core/http/problem.h"
#include "core/http/request_head.h"

namespace tocsin::bridge {
namespace {

namespace asio = boost::asio;
using Error = boost::system::error_code;
using http::HttpResponse;

// After a last answer the rest of what the client sends is read, so that a reset does not take the
// answer away.
constexpr absl::Duration kLinger = absl::Seconds(1);
constexpr absl::Duration kWriteTimeout = absl::Seconds(5);
constexpr std::string_view kHeadEnd = "\r\n\r\n";

class HttpConnection final : public Connection {
 public:
  HttpConnection(Worker& worker, const Routes& routes, ws::Socket socket,
                 ConnectionLimits::Ticket ticket, std::optional<HttpResponse> refusal)
      : worker_(worker),
        routes_(routes),
        socket_(std::move(socket)),
        ticket_(std::move(ticket)),
        refusal_(std::move(refusal)) {}

  void Start() {
    Guard([&] { ReadHead(); });
  }

  void ReadHead() {
    SetDeadline(limits::kHeaderReadTimeout);
    Read();
  }

  // Connection.
  void Tick() override {
    if (worker_.clock().Monotonic() >= deadline_) {
      Abort();
    }
  }
  // An answer in progress is finished; one that waits for a request has nothing to say.
  void Drain(absl::Duration /*slot*/) override {
    draining_ = true;
    if (!answering_) {
      Abort();
    }
  }
  void Abort() override {
    Error ignored;
    socket_.close(ignored);
  }
  size_t MemoryBytes() const override { return sizeof(*this) + HeapBytes(in_) + HeapBytes(out_); }

 private:
  std::shared_ptr<HttpConnection> self() {
    return std::static_pointer_cast<HttpConnection>(shared_from_this());
  }

  template <class Call>
  void Guard(Call call) {
    try {
      call();
    } catch (const std::exception& error) {
      LogError("a request failed", {{"error", error.what()}});
      Finish();
    }
  }

  void SetDeadline(absl::Duration time) { deadline_ = worker_.clock().Monotonic() + time; }

  static_assert(Worker::kReadBytes >= http::kMaxHeadBytes);

  // At once, since the request has often come with the connection.
  void Read() {
    Error error;
    const std::span<char> room = worker_.read_buffer();
    const size_t bytes =
        ws::ReadAvailable(socket_, room.first(http::kMaxHeadBytes - in_.size()), error);
    if (!error) {
      OnRead({room.data(), bytes});
    } else if (error != asio::error::would_block) {
      Finish();
    } else {
      Wait();
    }
  }

  void Wait() {
    socket_.async_wait(ws::Socket::wait_read, [self = self()](Error error) {
      self->Guard([&] { error ? self->Finish() : self->Read(); });
    });
  }

  // A head that has come whole is looked at where it is; of another, what there is is kept.
  void OnRead(std::string_view bytes) {
    std::string kept;
    size_t looked_at = 0;
    if (!in_.empty()) {
      looked_at = in_.size() - std::min(in_.size(), kHeadEnd.size() - 1);
      in_ += bytes;
      kept = std::exchange(in_, {});
      bytes = kept;
    }
    const size_t end = bytes.find(kHeadEnd, looked_at);
    if (end != std::string_view::npos) {
      const size_t head = end + kHeadEnd.size();
      return OnHead(bytes.substr(0, head), bytes.substr(head));
    }
    if (bytes.size() >= http::kMaxHeadBytes) {
      return Respond(http::ProblemResponse(http::HeadTooLarge()), /*last=*/true);
    }
    in_ = kept.empty() ? std::string(bytes) : std::move(kept);
    Wait();
  }

  void OnHead(std::string_view head, std::string_view rest) {
    if (const auto refusal = http::ParseHead(head, request_)) {
      return Respond(http::ProblemResponse(*refusal), /*last=*/true);
    }
    Route(/*nothing_follows=*/rest.empty());
  }

  void Route(bool nothing_follows) {
    if (refusal_.has_value()) {
      return Respond(*std::exchange(refusal_, std::nullopt), /*last=*/true);
    }
    if (request_.content_length > 0) {
      return Respond(http::ProblemResponse(http::Refusal{
                         413, "no request here takes a body: Content-Length must be 0"}),
                     /*last=*/true);
    }
    if (!Routes::WantsWebSocket(request_)) {
      // What was sent before it was asked for is not answered.
      return Respond(routes_.Answer(request_), /*last=*/!request_.keep_alive || !nothing_follows);
    }
    auto refusal = routes_.RefuseUpgrade(request_);
    if (!refusal.has_value() && !nothing_follows) {
      refusal = http::ProblemResponse(
          http::Refusal{400, "nothing may follow the handshake before it is answered"});
    }
    if (refusal.has_value()) {
      worker_.sessions().metrics.connection_errors.Increment();
      return Respond(*std::move(refusal), /*last=*/true);
    }
    const auto keep = self();
    worker_.Remove(*this);
    ws::ServeWebSocket(worker_, std::move(socket_), request_, std::move(ticket_));
  }

  void Respond(HttpResponse response, bool last) {
    answering_ = true;
    last_ = last || draining_ || response.close;
    response.close = last_;
    const bool head_only = request_.method == "HEAD";
    out_ = http::Serialize(response, request_, head_only);
    SetDeadline(kWriteTimeout);
    asio::async_write(socket_, asio::buffer(out_), [self = self()](Error error, size_t) {
      self->Guard([&] { self->OnResponded(error); });
    });
  }

  void OnResponded(Error error) {
    answering_ = false;
    if (error) {
      Finish();
    } else if (last_ || draining_) {
      Error ignored;
      socket_.shutdown(ws::Socket::shutdown_send, ignored);
      SetDeadline(kLinger);
      Linger();
    } else {
      ReadHead();
    }
  }

  void Linger() {
    Error error;
    ws::ReadAvailable(socket_, worker_.read_buffer(), error);
    if (error && error != asio::error::would_block) {
      return Finish();
    }
    socket_.async_wait(ws::Socket::wait_read, [self = self()](Error failed) {
      self->Guard([&] { failed ? self->Finish() : self->Linger(); });
    });
  }

  void Finish() {
    Abort();
    worker_.Remove(*this);
  }

  Worker& worker_;
  const Routes& routes_;
  ws::Socket socket_;
  ConnectionLimits::Ticket ticket_;
  std::optional<HttpResponse> refusal_;
  http::HttpRequest request_;
  std::string in_;  // a head that has not come whole
  std::string out_;
  absl::Duration deadline_;
  bool answering_ = false;
  bool last_ = false;
  bool draining_ = false;
};

}  // namespace

void ServeHttp(Worker& worker, const Routes& routes, ws::Socket socket,
               ConnectionLimits::Ticket ticket, std::optional<HttpResponse> refusal) {
  auto connection = std::make_shared<HttpConnection>(worker, routes, std::move(socket),
                                                     std::move(ticket), std::move(refusal));
  worker.Add(connection);
  connection->Start();
}

}  // namespace tocsin::bridge
