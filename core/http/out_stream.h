// out_stream.h: a connection and the one queue of what it still has to send: /ws and HTTP alike.
//
// Shape:   every entry is whole (frames, a response, a chunk), so nothing falls between the parts
//          of one. A send is tried at once, in one gathered write; only what the connection does
//          not take is copied and kept, and nothing is held when all has left. One *batch*, the
//          bulk that a subscription delivers, is in flight at a time, and its owner is told when
//          it has left; replies and control frames go beside it, in the order of the calls.
//          Replies made between Gather and Flush leave in one piece.
// Threads: the connection's.
// Owns:    the stream and what waits. The owner keeps it alive; its handlers ask for the owner
//          first.
// Errors:  a failed send closes the stream, drops what waits, and tells the owner once.
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
  // Also from inside a call that sends.
  virtual void OnSendFailed() = 0;
};

class OutStream {
 public:
  using Parts = std::span<const std::string_view>;

  explicit OutStream(std::unique_ptr<ByteStream> stream) : stream_(std::move(stream)) {}

  void SetOwner(std::weak_ptr<OutOwner> owner) { owner_ = std::move(owner); }
  // False once it has failed, or was aborted or released.
  bool is_open() const { return stream_ != nullptr && stream_->is_open(); }

  // Sends one batch; at most one is in flight. True when it has left already; else OnBatchSent
  // follows, unless the stream closes or fails. Ends a Gather, and takes what was gathered along.
  bool SendBatch(Parts parts);
  bool SendBatch(std::string_view bytes) { return SendBatch(Parts(&bytes, 1)); }
  // Sends beside the batch.
  void Send(Parts parts);
  void Send(std::string_view bytes) { Send(Parts(&bytes, 1)); }
  // As Send, and the last: nothing is let in after it.
  void SendLast(std::string_view bytes);
  // Ends this side of the connection once all has left; nothing is let in any more.
  void ShutdownWhenSent();
  // From here to Flush, Send only queues.
  void Gather() { gathering_ = true; }
  void Flush();

  // Nothing waits to be sent.
  bool empty() const { return waiting_bytes() == 0; }
  // Bytes that the peer's side has acknowledged since the beginning; looked up only while something
  // waits.
  uint64_t BytesTaken();
  // Bytes that have not left and are not of the batch in flight.
  size_t ReplyBytesQueued() const;
  // What the out queue holds.
  size_t QueueBytes() const { return queue_.capacity(); }

  IoResult Read(std::span<char> room) { return stream_->TryRead(room); }
  void Wait(Readiness readiness, ByteStream::Woken woken) {
    stream_->Wait(readiness, std::move(woken));
  }

  // Ends everything at once; those that wait are woken.
  void Abort();
  // Gives the stream to somebody else. Nothing may wait to be sent.
  std::unique_ptr<ByteStream> Release();

 private:
  void Enqueue(Parts parts);
  // Sends what is queued and then `parts`; keeps the rest.
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
  bool waiting_ = false;  // for the stream to take more
};

}  // namespace tocsin::http
