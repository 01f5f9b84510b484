// An exchange is four steps: look up, connect, shake hands, ask and read. Each waits by running the
// io_context until what it waits for has come, the deadline has, or someone interrupts. What was
// begun and given up is completed by a later step, or never; it therefore shares what it writes to.

#include "core/http/https_client.h"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <chrono>
#include <memory>
#include <optional>

#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"
#include "core/base/strings.h"
#include "core/base/version.h"
#include "core/http/response_reader.h"
#include "core/http/socket_stream.h"
#include "core/http/tls_stream.h"
#include "core/tls/client_context.h"

namespace tocsin::http {
namespace {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;
using State = IoResult::State;
using SteadyTime = std::chrono::steady_clock::time_point;
using Endpoints = tcp::resolver::results_type;

absl::Status Unavailable(std::string_view what, std::string_view why) {
  return absl::UnavailableError(absl::StrCat(ToAbsl(what), ": ", ToAbsl(why)));
}

// What an operation of the io_context leaves; shared with it.
struct Outcome {
  bool done = false;
  boost::system::error_code error;
};

class Exchange {
 public:
  Exchange(asio::io_context& io, const std::atomic<bool>& interrupted, absl::Duration timeout)
      : io_(io),
        interrupted_(interrupted),
        deadline_(std::chrono::steady_clock::now() + absl::ToChronoNanoseconds(timeout)) {}

  absl::StatusOr<Endpoints> LookUp(const HttpsAddress& address) {
    struct Found : Outcome {
      Endpoints endpoints;
    };
    const auto found = std::make_shared<Found>();
    tcp::resolver resolver(io_);
    resolver.async_resolve(address.host, address.port,
                           [found](boost::system::error_code error, Endpoints endpoints) {
                             found->error = error;
                             found->endpoints = std::move(endpoints);
                             found->done = true;
                           });
    RETURN_IF_ERROR(Await(*found, deadline_, "its name is looked up"));
    return found->error ? absl::StatusOr<Endpoints>(
                              Unavailable("its name cannot be looked up", found->error.message()))
                        : found->endpoints;
  }

  absl::Status Connect(const Endpoints& endpoints) {
    absl::Status last = absl::UnavailableError("its name has no address");
    auto left = static_cast<std::ptrdiff_t>(endpoints.size());
    for (const auto& endpoint : endpoints) {
      const auto now = std::chrono::steady_clock::now();
      last = ConnectTo(endpoint, now + (deadline_ - now) / left--);
      if (last.ok() || absl::IsCancelled(last)) {
        break;
      }
    }
    return last;
  }

  absl::Status ShakeHands(SSL_CTX& context, const std::string& host) {
    stream_ = std::make_unique<TlsStream>(io_, std::make_unique<SocketStream>(*std::move(socket_)),
                                          context);
    RETURN_IF_ERROR(tls::ExpectHost(*stream_->ssl(), host));
    ASSIGN_OR_RETURN(const IoResult result,
                     Until([&] { return stream_->Handshake(); }, "the TLS handshake goes on"));
    if (result.state == State::kDone) {
      return absl::OkStatus();
    }
    const std::string untrusted = tls::WhyUntrusted(*stream_->ssl());
    return untrusted.empty() ? Unavailable("the TLS handshake failed", stream_->error())
                             : Unavailable("its certificate is refused", untrusted);
  }

  absl::Status Send(std::string_view request) {
    const auto send = [&] {
      const IoResult result = stream_->TrySend({&request, 1});
      request.remove_prefix(result.bytes);
      return result;
    };
    ASSIGN_OR_RETURN(const IoResult result, Until(send, "the request is sent"));
    return result.state == State::kDone ? absl::OkStatus()
                                        : Unavailable("the connection broke", stream_->error());
  }

  absl::StatusOr<std::string> Read(size_t most_bytes) {
    ResponseReader reader({.head = HttpsClient::kMaxHeadBytes, .body = most_bytes});
    char room[4096];
    while (!reader.done()) {
      ASSIGN_OR_RETURN(const IoResult result,
                       Until([&] { return stream_->TryRead(room); }, "its answer comes"));
      if (result.state == State::kFailed) {
        return Unavailable("the connection broke in its answer", stream_->error());
      }
      RETURN_IF_ERROR(result.state == State::kEnd ? reader.End()
                                                  : reader.Take({room, result.bytes}));
    }
    return std::move(reader).body();
  }

 private:
  absl::Status ConnectTo(const tcp::endpoint& endpoint, SteadyTime until) {
    socket_.emplace(io_);
    const auto connected = std::make_shared<Outcome>();
    socket_->async_connect(endpoint, [connected](boost::system::error_code error) {
      connected->error = error;
      connected->done = true;
    });
    RETURN_IF_ERROR(Await(*connected, until, "the connection is made"));
    if (!connected->error) {
      socket_->non_blocking(true, connected->error);
    }
    return connected->error ? Unavailable("no connection", connected->error.message())
                            : absl::OkStatus();
  }

  // Repeats `step` until it is not blocked.
  template <class Step>
  absl::StatusOr<IoResult> Until(Step step, std::string_view doing) {
    while (true) {
      const IoResult result = step();
      if (result.state != State::kBlocked) {
        return result;
      }
      const auto woken = std::make_shared<Outcome>();
      stream_->Wait(result.wait_for, [woken](bool) { woken->done = true; });
      RETURN_IF_ERROR(Await(*woken, deadline_, doing));
    }
  }

  absl::Status Await(const Outcome& outcome, SteadyTime until, std::string_view doing) {
    while (!outcome.done) {
      if (interrupted_) {
        return absl::CancelledError("no longer wanted");
      }
      if (std::chrono::steady_clock::now() >= until) {
        return absl::DeadlineExceededError(absl::StrCat("the time is over while ", ToAbsl(doing)));
      }
      io_.restart();
      io_.run_one_until(until);
    }
    return absl::OkStatus();
  }

  asio::io_context& io_;
  const std::atomic<bool>& interrupted_;
  const SteadyTime deadline_;
  std::optional<Socket> socket_;
  std::unique_ptr<TlsStream> stream_;
};

std::string RequestFor(const HttpsAddress& address, const std::string& accept) {
  return absl::StrCat("GET ", address.target, " HTTP/1.1\r\nHost: ", address.authority,
                      "\r\nUser-Agent: tocsin/", ToAbsl(Version()), "\r\nAccept: ", accept,
                      "\r\nAccept-Encoding: identity\r\nConnection: close\r\n\r\n");
}

}  // namespace

absl::StatusOr<std::string> HttpsClient::Get(SSL_CTX& context) {
  const auto all = [&]() -> absl::StatusOr<std::string> {
    Exchange exchange(io_, interrupted_, options_.timeout);
    ASSIGN_OR_RETURN(const Endpoints endpoints, exchange.LookUp(address_));
    RETURN_IF_ERROR(exchange.Connect(endpoints));
    RETURN_IF_ERROR(exchange.ShakeHands(context, address_.host));
    RETURN_IF_ERROR(exchange.Send(RequestFor(address_, options_.accept)));
    return exchange.Read(options_.most_bytes);
  };
  absl::StatusOr<std::string> body = all();
  if (!body.ok()) {
    return absl::Status(body.status().code(),
                        absl::StrCat(address_.shown, ": ", body.status().message()));
  }
  return body;
}

void HttpsClient::Interrupt() {
  interrupted_ = true;
  asio::post(io_, [] {});  // wakes who waits
}

}  // namespace tocsin::http
