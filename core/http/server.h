// server.h: a whole HTTP server with one thread, one port and one table of routes.
//
// Shape:   for a program that serves little over HTTP (the hub's operations port). A program whose
//          connections live beside an engine has its own IoThreads and a Listener before them.
// Threads: Start and Stop on any other thread; handlers run on the server's thread.
// Owns:    thread and connections. Stop and the destructor end both at once.
// Errors:  Start fails if it cannot bind; the error names the address and says what to do.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "core/base/listen_address.h"
#include "core/http/route_table.h"

namespace tocsin::http {

struct ServerOptions {
  size_t max_connections = 256;
  size_t max_connections_per_address = 100;  // loopback is exempt
};

class Server {
 public:
  static absl::StatusOr<std::unique_ptr<Server>> Start(const ListenAddress& address,
                                                       RouteTable routes,
                                                       const ServerOptions& options = {});
  ~Server();

  uint16_t port() const;
  void Stop();

 private:
  class Impl;
  explicit Server(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
};

}  // namespace tocsin::http
