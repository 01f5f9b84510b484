// mux_stream.h: a TCP socket under Beast's websocket::stream that lets data frames in beside
// Beast's own writes.
//
// Shape:   Beast does the handshake, all reads, control frames and closing through it. Data frames,
//          framed once for everyone, are put straight into the same out queue. Every entry is whole
//          frames, so nothing can fall between the parts of one; after a close frame nothing is let
//          in. Beast's write completes when its bytes have left. A send is tried at once; only what
//          the kernel does not take is kept, and nothing is held when all has left.
// Threads: the shard's, whose io_context the socket belongs to.
// Owns:    the socket and what waits. The owner keeps it alive; its handlers ask for the owner
//          first.
// Errors:  a failed send shuts the socket down, so that the read that is always outstanding ends
//          with an error.
// Source:  docs/adr/0005-sockets.md. Includes Asio and Beast: for .cc files of bridge/ws only.
#pragma once

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/websocket/teardown.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "absl/functional/any_invocable.h"

namespace tocsin::bridge::ws {

// Without a type-erased executor: smaller and cheaper.
using Socket =
    boost::asio::basic_stream_socket<boost::asio::ip::tcp, boost::asio::io_context::executor_type>;

class MuxOwner {
 public:
  virtual ~MuxOwner() = default;
  // The batch that SendBatch did not send at once has left.
  virtual void OnBatchSent() = 0;
  // A close frame is about to be queued: frames to put before it; a reason that is set replaces the
  // frame's own.
  virtual std::string BeforeClose(uint16_t code, std::string& reason) = 0;
  virtual void OnSendFailed() = 0;
};

class MuxStream {
 public:
  using executor_type = boost::asio::io_context::executor_type;
  using Error = boost::system::error_code;

  explicit MuxStream(Socket socket) : socket_(std::move(socket)) {}
  MuxStream(MuxStream&&) = default;

  void SetOwner(std::weak_ptr<MuxOwner> owner) { owner_ = std::move(owner); }
  // The handshake is done: data may follow.
  void Open() { open_ = true; }
  bool closing() const { return closing_; }

  // Queues one batch of whole frames; at most one is in flight. True when it has left already; else
  // OnBatchSent follows, unless the stream closes or fails.
  bool SendBatch(std::string_view frames);
  // Queues whole frames beside it.
  void Send(std::string_view frames);
  // Bytes that the peer's side has acknowledged since the beginning; looked up only while a batch
  // is in flight.
  uint64_t BytesTaken();
  // Bytes not yet taken by the kernel that are not of the batch in flight.
  size_t ReplyBytesQueued() const;
  // What the out queue holds.
  size_t QueueBytes() const { return queue_.capacity(); }
  // Ends everything at once; outstanding operations complete with an error.
  void Abort();

  // What Beast needs.
  executor_type get_executor() { return socket_.get_executor(); }
  Socket& socket() { return socket_; }
  template <class Buffers, class Handler>
  auto async_read_some(const Buffers& buffers, Handler&& handler) {
    return socket_.async_read_some(buffers, std::forward<Handler>(handler));
  }
  template <class Buffers, class Handler>
  auto async_write_some(const Buffers& buffers, Handler&& handler) {
    return boost::asio::async_initiate<Handler, void(Error, size_t)>(
        [this](auto done, const Buffers& bytes) {
          BeastWrites(boost::beast::buffers_to_string(bytes), std::move(done));
        },
        handler, buffers);
  }

 private:
  using Done = absl::AnyInvocable<void(Error, size_t)>;

  void BeastWrites(std::string frame, Done done);
  void Enqueue(std::string_view bytes);
  // Sends what the kernel takes of `bytes`; answers how many.
  size_t TrySend(std::string_view bytes);
  void Pump();
  void WaitWritable();
  void TellWhoHasLeft();
  void CompleteBeast(Error error);
  void Fail(Error error);

  size_t waiting_bytes() const { return queue_.size() - queue_sent_; }
  uint64_t sent_total() const { return queued_total_ - waiting_bytes(); }

  Socket socket_;
  std::weak_ptr<MuxOwner> owner_;
  std::string queue_;
  size_t queue_sent_ = 0;      // of queue_
  uint64_t queued_total_ = 0;  // since the beginning
  uint64_t batch_begin_ = 0;
  uint64_t batch_end_ = 0;
  uint64_t taken_ = 0;
  uint64_t beast_end_ = 0;
  size_t beast_bytes_ = 0;
  Done beast_done_;
  bool open_ = false;
  bool closing_ = false;
  bool failed_ = false;
  bool batch_in_flight_ = false;
  bool waiting_ = false;
};

// Beast finds these by argument.
template <class Handler>
void async_teardown(boost::beast::role_type role, MuxStream& stream, Handler&& handler) {
  boost::beast::websocket::async_teardown(role, stream.socket(), std::forward<Handler>(handler));
}
void teardown(boost::beast::role_type role, MuxStream& stream, boost::system::error_code& error);
void beast_close_socket(MuxStream& stream);

}  // namespace tocsin::bridge::ws
