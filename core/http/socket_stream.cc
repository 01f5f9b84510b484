#include "core/http/socket_stream.h"

#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "absl/strings/str_cat.h"

namespace tocsin::http {
namespace {

using State = IoResult::State;

// The most parts that one system call sends. The next call sends more.
constexpr size_t kPartsAtOnce = 16;

// The part of a list of views that has not been sent yet.
class Rest {
 public:
  explicit Rest(std::span<const std::string_view> parts) : parts_(parts) { SkipEmpty(); }

  bool empty() const { return parts_.empty(); }

  size_t Fill(std::array<iovec, kPartsAtOnce>& list) const {
    const size_t count = std::min(parts_.size(), list.size());
    for (size_t i = 0; i < count; ++i) {
      const std::string_view part = i == 0 ? parts_[0].substr(offset_) : parts_[i];
      list[i] = {.iov_base = const_cast<char*>(part.data()), .iov_len = part.size()};
    }
    return count;
  }

  void Drop(size_t bytes) {
    offset_ += bytes;
    SkipEmpty();
  }

 private:
  void SkipEmpty() {
    while (!parts_.empty() && offset_ >= parts_[0].size()) {
      offset_ -= parts_[0].size();
      parts_ = parts_.subspan(1);
    }
  }

  std::span<const std::string_view> parts_;
  size_t offset_ = 0;  // into the first of them
};

// Most batches are a single part, which the cheaper call sends.
ssize_t SendSome(int fd, const Rest& rest) {
  constexpr int kFlags = MSG_DONTWAIT | MSG_NOSIGNAL;
  std::array<iovec, kPartsAtOnce> list;
  const size_t count = rest.Fill(list);
  if (count == 1) {
    return ::send(fd, list[0].iov_base, list[0].iov_len, kFlags);
  }
  msghdr message{};
  message.msg_iov = list.data();
  message.msg_iovlen = count;
  return ::sendmsg(fd, &message, kFlags);
}

bool WouldBlock() { return errno == EAGAIN || errno == EWOULDBLOCK; }

}  // namespace

SocketStream::SocketStream(Socket socket) : socket_(std::move(socket)) {
  boost::system::error_code gone;
  peer_ = socket_.remote_endpoint(gone);
}

std::string SocketStream::PeerAddress() const {
  const boost::asio::ip::address address = peer_.address();
  const bool mapped = address.is_v6() && address.to_v6().is_v4_mapped();
  const std::string text =
      mapped ? boost::asio::ip::make_address_v4(boost::asio::ip::v4_mapped, address.to_v6())
                   .to_string()
             : address.to_string();
  const bool bare = mapped || address.is_v4();
  return peer_.port() == 0 ? ""
                           : absl::StrCat(bare ? "" : "[", text, bare ? ":" : "]:", peer_.port());
}

IoResult SocketStream::TryRead(std::span<char> room) {
  while (true) {
    const ssize_t n = ::recv(socket_.native_handle(), room.data(), room.size(), MSG_DONTWAIT);
    if (n > 0) {
      return {.state = State::kDone, .bytes = static_cast<size_t>(n)};
    }
    if (n == 0) {
      return {.state = State::kEnd};
    }
    if (errno != EINTR) {
      return {.state = WouldBlock() ? State::kBlocked : State::kFailed,
              .wait_for = Readiness::kReadable};
    }
  }
}

IoResult SocketStream::TrySend(std::span<const std::string_view> parts) {
  Rest rest(parts);
  IoResult result{.wait_for = Readiness::kWritable};
  while (!rest.empty()) {
    const ssize_t n = SendSome(socket_.native_handle(), rest);
    if (n >= 0) {
      result.bytes += static_cast<size_t>(n);
      rest.Drop(static_cast<size_t>(n));
    } else if (errno != EINTR) {
      result.state = WouldBlock() ? State::kBlocked : State::kFailed;
      break;
    }
  }
  return result;
}

void SocketStream::Wait(Readiness readiness, Woken woken) {
  socket_.async_wait(
      readiness == Readiness::kReadable ? Socket::wait_read : Socket::wait_write,
      [woken = std::move(woken)](boost::system::error_code error) mutable { woken(!error); });
}

void SocketStream::ShutdownSend() {
  boost::system::error_code ignored;
  socket_.shutdown(Socket::shutdown_send, ignored);
}

void SocketStream::Close() {
  boost::system::error_code ignored;
  socket_.close(ignored);
}

size_t SocketStream::BytesUnacknowledged() {
  int unsent = 0;
  return ::ioctl(socket_.native_handle(), SIOCOUTQ, &unsent) == 0 && unsent > 0
             ? static_cast<size_t>(unsent)
             : 0;
}

}  // namespace tocsin::http
