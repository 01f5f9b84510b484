// https_client.h: fetches a small text from an https address.
//
// Shape:   one request on one new connection, by a thread that may wait; an io_context of its own.
//          No redirect is followed and no proxy is used: what the setting names is what is asked.
//          Only status 200 is an answer. Of a host's several addresses each gets a share of the
//          time, so that one that is dead leaves time for the others.
// Threads: Get from one; Interrupt from any.
// Bounds:  the body, the head, all bytes of the answer with its framing, and the time for the
//          whole. Only the system's look-up of a name may outlast it, in the background; the
//          destructor waits for that one.
// Errors:  UNAVAILABLE, DEADLINE_EXCEEDED, INVALID_ARGUMENT (the answer cannot be used), CANCELLED
//          (interrupted); each begins with the address, without its query.
// Source:  RFC 9110, RFC 9112.
#pragma once

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <cstddef>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "core/http/https_address.h"
#include "core/tls/ssl_ptr.h"

namespace tocsin::http {

class HttpsClient {
 public:
  static constexpr size_t kMaxHeadBytes = size_t{16} << 10;

  struct Options {
    size_t most_bytes;   // of the body
    std::string accept;  // media types
    absl::Duration timeout = absl::Seconds(10);
  };

  HttpsClient(HttpsAddress address, Options options)
      : address_(std::move(address)), options_(std::move(options)) {}

  // The body. `context` decides whom to trust.
  absl::StatusOr<std::string> Get(SSL_CTX& context);
  // The Get that is under way ends, and every later one, with CANCELLED.
  void Interrupt();

  const HttpsAddress& address() const { return address_; }

 private:
  const HttpsAddress address_;
  const Options options_;
  std::atomic<bool> interrupted_ = false;
  boost::asio::io_context io_;
};

}  // namespace tocsin::http
