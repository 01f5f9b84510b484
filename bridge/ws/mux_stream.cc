#include "bridge/ws/mux_stream.h"

#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/error.hpp>
#include <cerrno>

#include "core/base/check.h"

namespace tocsin::bridge::ws {
namespace asio = boost::asio;

size_t ReadAvailable(Socket& socket, std::span<char> room, boost::system::error_code& error) {
  while (true) {
    const ssize_t n = ::recv(socket.native_handle(), room.data(), room.size(), MSG_DONTWAIT);
    if (n > 0) {
      error = {};
      return static_cast<size_t>(n);
    }
    if (n == 0) {
      error = asio::error::eof;
      return 0;
    }
    if (errno != EINTR) {
      error = errno == EAGAIN ? boost::system::error_code(asio::error::would_block)
                              : boost::system::error_code(errno, boost::system::system_category());
      return 0;
    }
  }
}

bool MuxStream::SendBatch(std::string_view frames) {
  TOCSIN_CHECK(!batch_in_flight_);
  if (closing_ || failed_) {
    return false;
  }
  Flush();
  batch_begin_ = queued_total_;
  batch_end_ = queued_total_ + frames.size();
  Enqueue(frames);
  batch_in_flight_ = failed_ || sent_total() < batch_end_;
  return !batch_in_flight_;
}

void MuxStream::Send(std::string_view frames) {
  if (!closing_ && !failed_) {
    Enqueue(frames);
  }
}

void MuxStream::SendClose(std::string_view frame) {
  Send(frame);
  closing_ = true;
}

void MuxStream::ShutdownWhenSent() {
  closing_ = shutdown_ = true;
  Flush();
  TellWhoHasLeft();
}

void MuxStream::Flush() {
  if (std::exchange(gathering_, false) && waiting_bytes() > 0 && !waiting_) {
    Pump();
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
  failed_ = true;
  DropQueue();
}

void MuxStream::Enqueue(std::string_view bytes) {
  queued_total_ += bytes.size();
  if (waiting_bytes() == 0 && !gathering_) {
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
  if (!gathering_) {
    WaitWritable();
  }
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
      Fail();
      break;
    }
  }
  return sent;
}

void MuxStream::Pump() {
  const size_t sent = TrySend(std::string_view(queue_).substr(queue_sent_));
  if (failed_) {
    return;
  }
  queue_sent_ += sent;
  if (waiting_bytes() == 0) {
    DropQueue();
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
      Fail();
    } else if (!failed_) {
      Pump();
    }
  });
}

void MuxStream::TellWhoHasLeft() {
  if (shutdown_ && waiting_bytes() == 0) {
    Error ignored;
    socket_.shutdown(Socket::shutdown_send, ignored);
  }
  if (batch_in_flight_ && sent_total() >= batch_end_) {
    batch_in_flight_ = false;
    if (auto owner = owner_.lock()) {
      owner->OnBatchSent();
    }
  }
}

void MuxStream::DropQueue() {
  std::string().swap(queue_);
  queue_sent_ = 0;
}

void MuxStream::Fail() {
  if (failed_) {
    return;
  }
  failed_ = true;
  DropQueue();
  Error ignored;
  socket_.shutdown(Socket::shutdown_both, ignored);
  if (auto owner = owner_.lock()) {
    owner->OnSendFailed();
  }
}

}  // namespace tocsin::bridge::ws
