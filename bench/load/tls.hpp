// What lies between a connection and its bytes: the socket itself, or TLS (--tls) on it. The certificate of the server is not
// looked at: it was made a moment ago by whoever started both.
#pragma once
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <utility>

namespace bench {

// Of all connections. 64 KiB of records are read from a socket at a time, as without TLS.
inline SSL_CTX* tls_context() {
  static SSL_CTX* context = [] {
    SSL_CTX* made = SSL_CTX_new(TLS_client_method());
    if (!made) {
      fprintf(stderr, "no TLS context\n");
      exit(2);
    }
    SSL_CTX_set_mode(made, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_read_ahead(made, 1);
    SSL_CTX_set_default_read_buffer_len(made, 65536);
    return made;
  }();
  return context;
}

// A non-blocking connection. send and receive are as those of sockets: -1 and EAGAIN when it is not possible now.
class Channel {
 public:
  Channel() = default;
  explicit Channel(int fd, bool tls) : fd_(fd) {
    if (!tls) return;
    ssl_ = SSL_new(tls_context());
    SSL_set_fd(ssl_, fd);
    SSL_set_connect_state(ssl_);
  }
  Channel(Channel&& other) noexcept : fd_(std::exchange(other.fd_, -1)), ssl_(std::exchange(other.ssl_, nullptr)) {}
  Channel& operator=(Channel&& other) noexcept {
    std::swap(fd_, other.fd_);
    std::swap(ssl_, other.ssl_);
    return *this;
  }
  ~Channel() { shut(); }

  int fd() const { return fd_; }
  void shut() {
    SSL_free(std::exchange(ssl_, nullptr));
    if (fd_ >= 0) close(std::exchange(fd_, -1));
  }

  ssize_t send(const char* p, size_t n) {
    if (!ssl_) return ::send(fd_, p, n, MSG_NOSIGNAL);
    const int w = SSL_write(ssl_, p, int(n));
    return w > 0 ? w : failed(w);
  }
  // Whole records as long as there are some: what TLS holds back is not told by epoll.
  ssize_t receive(char* p, size_t n) {
    if (!ssl_) return ::recv(fd_, p, n, 0);
    size_t got = 0;
    while (got < n) {
      const int r = SSL_read(ssl_, p + got, int(n - got));
      if (r <= 0) return got > 0 ? ssize_t(got) : failed(r);
      got += size_t(r);
    }
    return ssize_t(got);
  }
  // More can be had without another event of the socket's.
  bool holds_more() const { return ssl_ && SSL_has_pending(ssl_); }
  // What could not be sent waits for the socket to take more, not for the other side's part of a handshake.
  bool waits_to_send() const { return !ssl_ || SSL_want_write(ssl_); }

 private:
  ssize_t failed(int r) {
    const int why = SSL_get_error(ssl_, r);
    if (why == SSL_ERROR_ZERO_RETURN) return 0;
    if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE) errno = EAGAIN;
    else if (why == SSL_ERROR_SSL) errno = EPROTO;
    else if (errno == 0) return 0;
    return -1;
  }

  int fd_ = -1;
  SSL* ssl_ = nullptr;
};

}  // namespace bench
