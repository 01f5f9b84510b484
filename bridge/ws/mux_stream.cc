#include "bridge/ws/mux_stream.h"

#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "bridge/ws/frames.h"
#include "core/base/check.h"

namespace tocsin::bridge::ws {
namespace asio = boost::asio;

bool MuxStream::SendBatch(std::string_view frames) {
  TOCSIN_CHECK(!batch_in_flight_);
  if (!open_ || closing_ || failed_) {
    return false;
  }
  batch_begin_ = queued_total_;
  batch_end_ = queued_total_ + frames.size();
  Enqueue(frames);
  batch_in_flight_ = failed_ || sent_total() < batch_end_;
  return !batch_in_flight_;
}

void MuxStream::Send(std::string_view frames) {
  if (open_ && !closing_ && !failed_) {
    Enqueue(frames);
  }
}

uint64_t MuxStream::BytesTaken() {
  int unsent = 0;
  if (batch_in_flight_ && !failed_ && ::ioctl(socket_.native_handle(), SIOCOUTQ, &unsent) == 0) {
    const auto in_kernel = std::min<uint64_t>(sent_total(), static_cast<uint64_t>(unsent));
    taken_ = std::max(taken_, sent_total() - in_kernel);
  }
  return taken_;
}

size_t MuxStream::ReplyBytesQueued() const {
  const uint64_t of_batch =
      batch_in_flight_ ? batch_end_ - std::max(batch_begin_, std::min(sent_total(), batch_end_))
                       : 0;
  return waiting_bytes() - static_cast<size_t>(std::min<uint64_t>(of_batch, waiting_bytes()));
}

void MuxStream::Abort() {
  Error ignored;
  socket_.close(ignored);
  Fail(asio::error::operation_aborted);
}

void MuxStream::BeastWrites(std::string frame, Done done) {
  TOCSIN_CHECK(!beast_done_);
  beast_bytes_ = frame.size();
  beast_done_ = std::move(done);
  if (failed_) {
    CompleteBeast(asio::error::operation_aborted);
    return;
  }
  const uint16_t close_code = open_ ? CloseCodeOf(frame) : 0;
  if (close_code != 0 && !closing_) {
    std::string reason;
    if (auto owner = owner_.lock()) {
      const std::string before = owner->BeforeClose(close_code, reason);
      frame.insert(0, before);
      if (!reason.empty()) {
        frame = before + CloseFrame(close_code, reason);
      }
    }
  }
  Enqueue(frame);
  closing_ |= close_code != 0;
  beast_end_ = queued_total_;
  TellWhoHasLeft();
}

void MuxStream::Enqueue(std::string_view bytes) {
  queued_total_ += bytes.size();
  if (waiting_bytes() == 0) {
    bytes.remove_prefix(TrySend(bytes));
    if (failed_ || bytes.empty()) {
      return;
    }
  }
  if (queue_sent_ > queue_.size() / 2) {
    queue_.erase(0, queue_sent_);
    queue_sent_ = 0;
  }
  queue_ += bytes;
  WaitWritable();
}

size_t MuxStream::TrySend(std::string_view bytes) {
  size_t sent = 0;
  while (sent < bytes.size()) {
    const ssize_t n = ::send(socket_.native_handle(), bytes.data() + sent, bytes.size() - sent,
                             MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n >= 0) {
      sent += static_cast<size_t>(n);
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      break;
    } else if (errno != EINTR) {
      Fail(Error(errno, boost::system::system_category()));
      break;
    }
  }
  return sent;
}

void MuxStream::Pump() {
  queue_sent_ += TrySend(std::string_view(queue_).substr(queue_sent_));
  if (failed_) {
    return;
  }
  if (waiting_bytes() == 0) {
    std::string().swap(queue_);
    queue_sent_ = 0;
  } else {
    WaitWritable();
  }
  TellWhoHasLeft();
}

void MuxStream::WaitWritable() {
  if (waiting_) {
    return;
  }
  waiting_ = true;
  socket_.async_wait(Socket::wait_write, [this, weak = owner_](Error error) {
    const auto owner = weak.lock();  // without it there is no `this` either
    if (owner == nullptr) {
      return;
    }
    waiting_ = false;
    if (error) {
      Fail(error);
    } else if (!failed_) {
      Pump();
    }
  });
}

void MuxStream::TellWhoHasLeft() {
  if (beast_done_ && sent_total() >= beast_end_) {
    CompleteBeast({});
  }
  if (batch_in_flight_ && sent_total() >= batch_end_) {
    batch_in_flight_ = false;
    if (auto owner = owner_.lock()) {
      owner->OnBatchSent();
    }
  }
}

// Posted: Beast does not expect its handler from inside the call that starts the operation.
void MuxStream::CompleteBeast(Error error) {
  asio::post(socket_.get_executor(),
             [done = std::move(beast_done_), error, bytes = beast_bytes_]() mutable {
               done(error, error ? 0 : bytes);
             });
  beast_done_ = nullptr;
}

void MuxStream::Fail(Error error) {
  if (failed_) {
    return;
  }
  failed_ = true;
  std::string().swap(queue_);
  queue_sent_ = 0;
  Error ignored;
  socket_.shutdown(Socket::shutdown_both, ignored);
  if (beast_done_) {
    CompleteBeast(error);
  }
  if (error != asio::error::operation_aborted) {
    if (auto owner = owner_.lock()) {
      owner->OnSendFailed();
    }
  }
}

void teardown(boost::beast::role_type role, MuxStream& stream, boost::system::error_code& error) {
  boost::beast::websocket::teardown(role, stream.socket(), error);
}

void beast_close_socket(MuxStream& stream) { stream.Abort(); }

}  // namespace tocsin::bridge::ws
