#include "core/http/server.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "core/base/descriptors.h"
#include "core/base/listen_sockets.h"
#include "core/base/status_macros.h"
#include "core/http/io_thread.h"
#include "core/http/listener.h"
#include "core/http/server_connection.h"

namespace tocsin::http {

class Server::Impl {
 public:
  Impl(RouteTable routes, const ServerOptions& options)
      : limits_({.connections = std::min(options.max_connections, OtherDescriptors() / 4),
                 .per_address = options.max_connections_per_address}),
        service_{.routes = std::move(routes)} {}

  absl::Status Start(const ListenAddress& address) {
    ASSIGN_OR_RETURN(ListenSockets sockets, ListenSockets::Open(address));
    port_ = sockets.address().port;
    listener_.emplace(std::move(sockets), std::vector<Listener::Place>{{&io_, &service_}}, limits_,
                      Listener::WhenFull::kEndIdle);
    listener_->Start();
    io_.Start();
    return absl::OkStatus();
  }

  void Stop() {
    io_.Stop();
    listener_.reset();
  }
  uint16_t port() const { return port_; }

 private:
  ConnectionLimits limits_;
  Service service_;
  IoThread io_{Clock::Real()};
  std::optional<Listener> listener_;
  uint16_t port_ = 0;
};

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Server::~Server() { impl_->Stop(); }

absl::StatusOr<std::unique_ptr<Server>> Server::Start(const ListenAddress& address,
                                                      RouteTable routes,
                                                      const ServerOptions& options) {
  auto impl = std::make_unique<Impl>(std::move(routes), options);
  RETURN_IF_ERROR(impl->Start(address));
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

uint16_t Server::port() const { return impl_->port(); }
void Server::Stop() { impl_->Stop(); }

}  // namespace tocsin::http
