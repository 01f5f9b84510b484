#include "bridge/http/http_connection.h"

#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <memory>
#include <string>
#include <utility>

#include "bridge/ws/ws_connection.h"
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

class HttpConnection final : public Connection {
 public:
  HttpConnection(Worker& worker, const Routes& routes, ws::Socket socket,
                 ConnectionLimits::Ticket ticket, std::optional<HttpResponse> refusal)
      : worker_(worker),
        routes_(routes),
        socket_(std::move(socket)),
        ticket_(std::move(ticket)),
        refusal_(std::move(refusal)) {}

  void ReadHead() {
    SetDeadline(limits::kHeaderReadTimeout);
    asio::async_read_until(socket_, asio::dynamic_buffer(in_, http::kMaxHeadBytes), "\r\n\r\n",
                           [self = self()](Error error, size_t bytes) {
                             self->Guard([&] { self->OnHead(error, bytes); });
                           });
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

  void OnHead(Error error, size_t bytes) {
    if (error == asio::error::not_found) {
      return Respond(http::ProblemResponse(http::HeadTooLarge()), /*last=*/true);
    }
    if (error) {
      return Finish();
    }
    const auto refusal = http::ParseHead(std::string_view(in_).substr(0, bytes), request_);
    in_.erase(0, bytes);
    if (refusal.has_value()) {
      return Respond(http::ProblemResponse(*refusal), /*last=*/true);
    }
    Route();
  }

  void Route() {
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
      return Respond(routes_.Answer(request_), /*last=*/!request_.keep_alive || !in_.empty());
    }
    auto refusal = routes_.RefuseUpgrade(request_);
    if (!refusal.has_value() && !in_.empty()) {
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
      in_.resize(1024);
      Linger();
    } else {
      ReadHead();
    }
  }

  void Linger() {
    socket_.async_read_some(asio::buffer(in_), [self = self()](Error error, size_t) {
      self->Guard([&] { error ? self->Finish() : self->Linger(); });
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
  std::string in_;
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
  connection->ReadHead();
}

}  // namespace tocsin::bridge
