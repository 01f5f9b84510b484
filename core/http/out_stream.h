// out_stream.h: the sending side of a connection, with one queue. /ws and HTTP both use it.
//
// Shape:   each call sends something whole (frames, a response, a chunk), so nothing gets between
//          its parts. The bytes are sent at once, in one gathered write; only those that the
//          connection does not take are copied into the queue, which holds no memory while it is
//          empty. At most one *batch*, which is what a subscription delivers, is in flight, and the
//          owner is told when it has left. Replies and control frames are sent beside the batch, in
//          the order of the calls. Replies between Gather and Flush leave in one write.
// Threads: the connection's.
// Owns:    the byte stream and the queue. The owner keeps the OutStream alive; handlers check first
//          that the owner still exists.
// Errors:  a failed send closes the stream, empties the queue, and tells the owner once.
// Source:  docs/adr/0005-sockets.md.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "core/http/byte_stream.h"

namespace tocsin::http {

class OutOwner {
 public:
  virtual ~OutOwner() = default;
  // The batch that SendBatch did not send at once has left.
  virtual void OnBatchSent() = 0;
  // What Send could not send at once has left, all of it.
  virtual void OnRepliesSent() {}
  // A send has failed. May be called from inside a call that sends.
  virtual void OnSendFailed() = 0;
};

class OutStream {
 public:
  using Parts = std::span<const std::string_view>;

  explicit OutStream(std::unique_ptr<ByteStream> stream) : stream_(std::move(stream)) {}

  void SetOwner(std::weak_ptr<OutOwner> owner) { owner_ = std::move(owner); }
  // False once a send has failed, and after Abort and Release.
  bool is_open() const { return stream_ != nullptr && stream_->is_open(); }

  // Sends one batch; at most one is in flight. True when it has left already; else OnBatchSent
  // follows, unless the stream closes or fails. Ends a Gather: what was gathered leaves first.
  bool SendBatch(Parts parts);
  bool SendBatch(std::string_view bytes) { return SendBatch(Parts(&bytes, 1)); }
  // Sends beside the batch.
  void Send(Parts parts);
  void Send(std::string_view bytes) { Send(Parts(&bytes, 1)); }
  // Like Send, for the last bytes: later calls send nothing.
  void SendLast(std::string_view bytes);
  // Ends the sending side of the connection once everything has left. Later calls send nothing.
  void ShutdownWhenSent();
  // Until Flush, Send only adds to the queue.
  void Gather() { gathering_ = true; }
  void Flush();

  // Nothing waits to be sent.
  bool empty() const { return waiting_bytes() == 0; }
  // The number of bytes that the peer's side has acknowledged since the connection began. Only kept
  // up to date while something waits to be sent.
  uint64_t BytesTaken();
  // The number of queued bytes that do not belong to the batch in flight.
  size_t ReplyBytesQueued() const;
  // The memory that the queue and the stream hold.
  size_t MemoryBytes() const {
    return queue_.capacity() + (stream_ == nullptr ? 0 : stream_->MemoryBytes());
  }

  std::string PeerAddress() const { return stream_ == nullptr ? "" : stream_->PeerAddress(); }
  IoResult Read(std::span<char> room) { return stream_->TryRead(room); }
  void Wait(Readiness readiness, ByteStream::Woken woken) {
    stream_->Wait(readiness, std::move(woken));
  }

  // Closes the stream at once. Callers that wait are woken.
  void Abort();
  // Gives the byte stream away. Nothing may wait to be sent.
  std::unique_ptr<ByteStream> Release();

 private:
  void Enqueue(Parts parts);
  // Sends the queue and then `parts`, and keeps what the connection does not take.
  void Push(Parts parts);
  void Keep(Parts parts, size_t sent);
  void Pump();
  void WaitFor(Readiness readiness);
  void TellWhoHasLeft();
  void DropQueue();
  void Fail();

  size_t waiting_bytes() const { return queue_.size() - queue_sent_; }
  uint64_t sent_total() const { return queued_total_ - waiting_bytes(); }

  std::unique_ptr<ByteStream> stream_;
  std::weak_ptr<OutOwner> owner_;
  std::string queue_;
  size_t queue_sent_ = 0;      // bytes of queue_ that have been sent
  uint64_t queued_total_ = 0;  // since the connection began
  uint64_t batch_begin_ = 0;
  uint64_t batch_end_ = 0;
  uint64_t taken_ = 0;
  bool gathering_ = false;
  bool closing_ = false;
  bool shutdown_ = false;  // end the sending side once everything has left
  bool failed_ = false;
  bool batch_in_flight_ = false;
  bool replies_wait_ = false;  // some that Send was given
  bool waiting_ = false;       // for the stream to take more
};

}  // namespace tocsin::http
