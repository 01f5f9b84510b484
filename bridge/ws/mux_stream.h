// mux_stream.h: a session's TCP socket: one batch of data frames in flight, replies and control
// frames beside it, and reading into a buffer that is somebody else's.
//
// Shape:   Every entry of the out queue is whole frames, so nothing falls between the parts of one;
//          after a close frame nothing is let in. A send is tried at once; only what the kernel
//          does not take is kept, and nothing is held when all has left. Replies made between
//          Gather and Flush leave in one piece.
// Threads: the shard's, whose io_context the socket belongs to.
// Owns:    the socket and what waits. The owner keeps it alive; its handlers ask for the owner
//          first.
// Errors:  a failed send shuts the socket down and drops what waits.
// Source:  docs/adr/0005-sockets.md. Includes Asio: for .cc files of the bridge only.
#pragma once

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace tocsin::bridge::ws {

// Without a type-erased executor: smaller and cheaper.
using Socket =
    boost::asio::basic_stream_socket<boost::asio::ip::tcp, boost::asio::io_context::executor_type>;

// What has come, at most what `room` holds; never waits. would_block: nothing has; eof: the end.
size_t ReadAvailable(Socket& socket, std::span<char> room, boost::system::error_code& error);

class MuxOwner {
 public:
  virtual ~MuxOwner() = default;
  // The batch that SendBatch did not send at once has left.
  virtual void OnBatchSent() = 0;
  // Also from inside a call that sends.
  virtual void OnSendFailed() = 0;
};

class MuxStream {
 public:
  using Error = boost::system::error_code;

  explicit MuxStream(Socket socket) : socket_(std::move(socket)) {}

  void SetOwner(std::weak_ptr<MuxOwner> owner) { owner_ = std::move(owner); }
  // False from Abort on.
  bool is_open() const { return socket_.is_open(); }
  boost::asio::io_context::executor_type executor() { return socket_.get_executor(); }

  // Queues one batch of whole frames; at most one is in flight. True when it has left already; else
  // OnBatchSent follows, unless the stream closes or fails.
  bool SendBatch(std::string_view frames);
  // Queues whole frames beside it, or the handshake's answer.
  void Send(std::string_view frames);
  // As Send, and the last: nothing is let in after it.
  void SendClose(std::string_view frame);
  // Ends this side of the connection once all has left.
  void ShutdownWhenSent();
  // From here to Flush, Send only queues.
  void Gather() { gathering_ = true; }
  void Flush();

  // Bytes that the peer's side has acknowledged since the beginning; looked up only while a batch
  // is in flight.
  uint64_t BytesTaken();
  // Bytes not yet taken by the kernel that are not of the batch in flight.
  size_t ReplyBytesQueued() const;
  // What the out queue holds.
  size_t QueueBytes() const { return queue_.capacity(); }

  // `handler(Error)`, once there is something to read, or nothing more will come.
  template <class Handler>
  void WaitReadable(Handler&& handler) {
    socket_.async_wait(Socket::wait_read, std::forward<Handler>(handler));
  }
  size_t Read(std::span<char> room, Error& error) { return ReadAvailable(socket_, room, error); }

  // Ends everything at once; outstanding operations complete with an error.
  void Abort();

 private:
  void Enqueue(std::string_view bytes);
  // Sends what the kernel takes of `bytes`; answers how many.
  size_t TrySend(std::string_view bytes);
  void Pump();
  void WaitWritable();
  void TellWhoHasLeft();
  void DropQueue();
  void Fail();

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
  bool gathering_ = false;
  bool closing_ = false;
  bool shutdown_ = false;  // once all has left
  bool failed_ = false;
  bool batch_in_flight_ = false;
  bool waiting_ = false;
};

}  // namespace tocsin::bridge::ws
