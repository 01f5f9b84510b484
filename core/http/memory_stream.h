// memory_stream.h: two ends of a connection in memory, so that a server is tested without sockets.
//
// Shape:   what one end sends the other reads; each direction holds at most `capacity` bytes, and
//          then its sender is blocked. A test may make reads and sends want the opposite readiness
//          for a while, as an encrypted stream does.
// Threads: one, that of the io_context.
// Owns:    both directions, shared by the ends. An end may outlive the other.
#pragma once

#include <boost/asio/io_context.hpp>
#include <memory>
#include <utility>

#include "core/http/byte_stream.h"

namespace tocsin::http {

class MemoryStream final : public ByteStream {
 public:
  static std::pair<std::unique_ptr<MemoryStream>, std::unique_ptr<MemoryStream>> MakePair(
      boost::asio::io_context& io, size_t capacity = 64 * 1024);
  ~MemoryStream() override { Close(); }

  IoResult TryRead(std::span<char> room) override;
  IoResult TrySend(std::span<const std::string_view> parts) override;
  void Wait(Readiness readiness, Woken woken) override;
  void ShutdownSend() override;
  void Close() override;
  bool is_open() const override { return open_; }
  size_t BytesUnacknowledged() override;

  // The next `reads` reads are blocked until the stream is writable, and the next `sends` sends
  // until it is readable: what a renegotiation of keys looks like from above.
  void WantOpposite(int reads, int sends) {
    reads_that_want_writable_ = reads;
    sends_that_want_readable_ = sends;
  }
  // How many calls of TrySend moved bytes, to see what went out in one piece.
  int sends() const { return sends_; }

 private:
  struct Direction;
  MemoryStream(std::shared_ptr<Direction> in, std::shared_ptr<Direction> out)
      : in_(std::move(in)), out_(std::move(out)) {}

  std::shared_ptr<Direction> in_;
  std::shared_ptr<Direction> out_;
  int reads_that_want_writable_ = 0;
  int sends_that_want_readable_ = 0;
  int sends_ = 0;
  bool open_ = true;
};

}  // namespace tocsin::http
