#include "core/http/bind.h"

#include <boost/asio/error.hpp>
#include <boost/asio/ip/address.hpp>

#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"
#include "core/base/strings.h"

namespace tocsin::http {
namespace {

using boost::asio::ip::tcp;
using boost::system::error_code;

absl::StatusOr<tcp::endpoint> Resolve(boost::asio::io_context& context, std::string_view host,
                                      uint16_t port) {
  error_code error;
  const auto address = boost::asio::ip::make_address(std::string(host), error);
  if (!error) {
    return tcp::endpoint(address, port);
  }
  tcp::resolver resolver(context);
  const auto found =
      resolver.resolve(std::string(host), std::to_string(port), tcp::resolver::passive, error);
  if (error || found.empty()) {
    return absl::InvalidArgumentError(absl::StrCat("cannot listen on ", ToAbsl(host), ":", port,
                                                   ": no such host: ", error.message()));
  }
  return found.begin()->endpoint();
}

std::string Advice(const error_code& error) {
  if (error == boost::asio::error::address_in_use) {
    return "; another program listens there: stop it, or choose another port (0 picks a free one)";
  }
  if (error == boost::asio::error::access_denied) {
    return "; ports below 1024 need a privilege: choose a higher one";
  }
  return "; is it an address of this machine?";
}

}  // namespace

absl::StatusOr<tcp::acceptor> BindTcp(boost::asio::io_context& context, std::string_view host,
                                      uint16_t port) {
  ASSIGN_OR_RETURN(const tcp::endpoint endpoint, Resolve(context, host, port));
  tcp::acceptor acceptor(context);
  error_code error;
  acceptor.open(endpoint.protocol(), error);
  if (!error) {
    acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  }
  if (!error) {
    acceptor.bind(endpoint, error);
  }
  if (!error) {
    acceptor.listen(boost::asio::socket_base::max_listen_connections, error);
  }
  if (error) {
    return absl::UnavailableError(absl::StrCat("cannot listen on ", ToAbsl(host), ":", port, ": ",
                                               error.message(), Advice(error)));
  }
  return acceptor;
}

}  // namespace tocsin::http
