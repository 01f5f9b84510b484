// plain_server.h: a small HTTP/1.1 server for health and metrics.
//
// Shape:   GET and HEAD, keep-alive, no bodies in; one thread; a request's head must come within 5
//          s.
// Threads: Start and Stop from any thread. The handler runs on the server's own thread and must not
//          block for long.
// Owns:    its thread and sockets. Stop (and the destructor) ends the thread.
// Errors:  Start binds before it returns; the error names the address and says what to do. A
//          handler that throws answers 500.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

#include "absl/status/statusor.h"
#include "core/http/message.h"

namespace tocsin::http {

class PlainServer {
 public:
  using Handler = std::function<HttpResponse(const HttpRequest&)>;

  // Connections past this are closed as they come.
  static constexpr size_t kMaxConnections = 256;

  static absl::StatusOr<std::unique_ptr<PlainServer>> Start(std::string_view host, uint16_t port,
                                                            Handler handler);
  ~PlainServer();

  uint16_t port() const;
  void Stop();

 private:
  class Impl;
  explicit PlainServer(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
};

}  // namespace tocsin::http
