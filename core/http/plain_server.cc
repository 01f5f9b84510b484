// One io_context and one thread. A connection lives as long as an operation of it is under way:
// each holds a share. An exception that leaves a handler ends that connection and no more, because
// the share is lost with the handler.
#include "core/http/plain_server.h"

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <exception>
#include <string>
#include <thread>
#include <utility>

#include "core/base/status_macros.h"
#include "core/http/bind.h"
#include "core/http/problem.h"
#include "core/http/request_head.h"

namespace tocsin::http {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

constexpr auto kHeadTimeout = std::chrono::seconds(5);
constexpr auto kIdleTimeout =
    std::chrono::seconds(30);  // between requests of a kept-alive connection

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(tcp::socket socket, const PlainServer::Handler& handler, std::shared_ptr<size_t> open)
      : socket_(std::move(socket)),
        timer_(socket_.get_executor()),
        handler_(handler),
        open_(std::move(open)) {
    ++*open_;
  }
  ~Connection() { --*open_; }

  void Start() { ReadHead(kHeadTimeout); }

 private:
  void ReadHead(std::chrono::seconds timeout) {
    Arm(timeout);
    asio::async_read_until(
        socket_, asio::dynamic_buffer(input_, kMaxHeadBytes), "\r\n\r\n",
        [self = shared_from_this()](error_code error, size_t size) { self->OnHead(error, size); });
  }

  void OnHead(error_code error, size_t size) {
    if (error == asio::error::not_found) {
      return Refuse(HeadTooLarge());
    }
    if (error) {
      return Close();
    }
    HttpRequest request;
    const std::optional<Refusal> refusal =
        ParseHead(std::string_view(input_).substr(0, size), request);
    input_.erase(0, size);
    if (refusal) {
      return Refuse(*refusal);
    }
    Answer(request);
  }

  void Refuse(const Refusal& refusal) { Write(Serialize(ProblemResponse(refusal), {}), true); }

  void Answer(const HttpRequest& request) {
    HttpResponse response = Handle(request);
    if (request.content_length > 0) response.close = true;  // a body nobody reads
    const bool close = response.close || !request.keep_alive;
    Write(Serialize(response, request, request.method == "HEAD"), close);
  }

  HttpResponse Handle(const HttpRequest& request) {
    if (request.method != "GET" && request.method != "HEAD") {
      return MethodNotAllowed("GET, HEAD");
    }
    try {
      return handler_(request);
    } catch (const std::exception&) {
      return ProblemResponse(absl::InternalError("the request could not be answered"));
    }
  }

  void Write(std::string bytes, bool close) {
    output_ = std::move(bytes);
    Arm(kHeadTimeout);
    asio::async_write(socket_, asio::buffer(output_),
                      [self = shared_from_this(), close](error_code error, size_t) {
                        if (error || close) {
                          return self->Close();
                        }
                        self->ReadHead(kIdleTimeout);
                      });
  }

  void Arm(std::chrono::seconds timeout) {
    timer_.expires_after(timeout);
    timer_.async_wait([weak = weak_from_this()](error_code error) {
      const auto self = weak.lock();
      if (self && !error) {
        self->Close();
      }
    });
  }

  void Close() {
    timer_.cancel();
    error_code ignored;  // a socket that cannot be closed is gone already
    socket_.shutdown(tcp::socket::shutdown_both, ignored);
    socket_.close(ignored);
  }

  tcp::socket socket_;
  asio::steady_timer timer_;
  const PlainServer::Handler& handler_;
  const std::shared_ptr<size_t> open_;
  std::string input_;
  std::string output_;
};

}  // namespace

class PlainServer::Impl {
 public:
  explicit Impl(Handler handler)
      : handler_(std::move(handler)), acceptor_(context_), retry_(context_) {}

  ~Impl() { Stop(); }

  absl::Status Start(std::string_view host, uint16_t port) {
    ASSIGN_OR_RETURN(acceptor_, BindTcp(context_, host, port));
    port_ = acceptor_.local_endpoint().port();
    Accept();
    thread_ = std::thread([this] { Run(); });
    return absl::OkStatus();
  }

  void Stop() {
    context_.stop();
    if (thread_.joinable()) {
      thread_.join();
    }
    error_code ignored;  // closing a listener twice is no harm
    acceptor_.close(ignored);
  }

  uint16_t port() const { return port_; }

 private:
  void Run() {
    while (true) {
      try {
        context_.run();
        return;
      } catch (const std::exception&) {
        // The connection whose handler threw has gone with it.
      }
    }
  }

  void Accept() {
    acceptor_.async_accept([this](error_code error, tcp::socket socket) {
      if (error == asio::error::operation_aborted) {
        return;
      }
      if (error) {
        return AcceptLater();
      }
      Accept();
      if (*open_ < kMaxConnections) {
        std::make_shared<Connection>(std::move(socket), handler_, open_)->Start();
      }
    });
  }

  // Out of descriptors, most likely: trying again at once would spin.
  void AcceptLater() {
    retry_.expires_after(std::chrono::milliseconds(100));
    retry_.async_wait([this](error_code error) {
      if (!error) {
        Accept();
      }
    });
  }

  const Handler handler_;
  const std::shared_ptr<size_t> open_ = std::make_shared<size_t>(0);
  asio::io_context context_{1};
  tcp::acceptor acceptor_;
  asio::steady_timer retry_;
  uint16_t port_ = 0;
  std::thread thread_;
};

PlainServer::PlainServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
PlainServer::~PlainServer() = default;

absl::StatusOr<std::unique_ptr<PlainServer>> PlainServer::Start(std::string_view host,
                                                                uint16_t port, Handler handler) {
  auto impl = std::make_unique<Impl>(std::move(handler));
  RETURN_IF_ERROR(impl->Start(host, port));
  return std::unique_ptr<PlainServer>(new PlainServer(std::move(impl)));
}

uint16_t PlainServer::port() const { return impl_->port(); }
void PlainServer::Stop() { impl_->Stop(); }

}  // namespace tocsin::http
