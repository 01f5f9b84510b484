// memory_stream.h: a connection in memory, so that servers can be tested without sockets.
//
// Shape:   each end reads what the other sends. A direction holds at most `capacity` bytes; its
//          sender is blocked while it is full. A test may make reads wait until the stream is
//          writable and sends until it is readable, as an encrypted stream sometimes does.
// Threads: that of the io_context.
// Owns:    both directions, shared by the ends. Either end may outlive the other.
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

  // Blocks the next `reads` reads until the stream is writable, and the next `sends` sends until it
  // is readable, as an encrypted stream does while it negotiates new keys.
  void WantOpposite(int reads, int sends) {
    reads_that_want_writable_ = reads;
    sends_that_want_readable_ = sends;
  }
  // The number of calls of TrySend that moved bytes, so that a test sees what left in one piece.
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
