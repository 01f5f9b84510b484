// socket_stream.h: a plain TCP socket as a ByteStream. Includes Asio: for .cc files of servers.
//
// Threads: that of the socket's io_context.
// Owns:    the socket.
#pragma once

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <utility>

#include "core/http/byte_stream.h"

namespace tocsin::http {

// Has no type-erased executor, which makes it smaller and faster.
using Socket =
    boost::asio::basic_stream_socket<boost::asio::ip::tcp, boost::asio::io_context::executor_type>;

class SocketStream final : public ByteStream {
 public:
  // The socket must be non-blocking.
  explicit SocketStream(Socket socket);

  IoResult TryRead(std::span<char> room) override;
  IoResult TrySend(std::span<const std::string_view> parts) override;
  void Wait(Readiness readiness, Woken woken) override;
  void ShutdownSend() override;
  void Close() override;
  bool is_open() const override { return socket_.is_open(); }
  size_t BytesUnacknowledged() override;
  std::string PeerAddress() const override;

 private:
  Socket socket_;
  // Kept, because a socket whose peer has gone does not know it any more.
  boost::asio::ip::tcp::endpoint peer_;
};

}  // namespace tocsin::http
