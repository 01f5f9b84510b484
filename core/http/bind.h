// bind.h: opens a listening TCP socket. Includes Asio: for .cc files of HTTP servers only.
//
// Threads: any.
// Errors:  UNAVAILABLE or INVALID_ARGUMENT, naming the address and what to do.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cstdint>
#include <string_view>

#include "absl/status/statusor.h"

namespace tocsin::http {

// `host` is an IPv4 or IPv6 address, or a name that resolves to one; port 0 picks a free one.
absl::StatusOr<boost::asio::ip::tcp::acceptor> BindTcp(boost::asio::io_context& context,
                                                       std::string_view host, uint16_t port);

}  // namespace tocsin::http
