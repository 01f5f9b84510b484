#include "tests/core/https_server.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "core/base/openssl_ptr.h"
#include "core/base/strings.h"

namespace tocsin::testing {
namespace {

// Longer than any test waits.
constexpr timeval kStuck{.tv_sec = 20, .tv_usec = 0};

bool Readable(int fd, int wait_ms) {
  pollfd polled{.fd = fd, .events = POLLIN, .revents = 0};
  return ::poll(&polled, 1, wait_ms) > 0;
}

int Listen(int& port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  EXPECT_EQ(::bind(fd, reinterpret_cast<sockaddr*>(&address), size), 0);
  EXPECT_EQ(::listen(fd, 16), 0);
  EXPECT_EQ(::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size), 0);
  port = ntohs(address.sin_port);
  return fd;
}

}  // namespace

bool HttpsPeer::Write(std::string_view bytes) {
  ERR_clear_error();
  return SSL_write(&ssl_, bytes.data(), static_cast<int>(bytes.size())) > 0;
}

bool HttpsPeer::ClientGone(int wait_ms) {
  char room[64];
  return Readable(SSL_get_fd(&ssl_), wait_ms) && SSL_read(&ssl_, room, sizeof(room)) <= 0;
}

HttpsServer::HttpsServer(const MadeCertificate& certificate, Answer answer)
    : answer_(std::move(answer)), context_(SSL_CTX_new(TLS_server_method())) {
  const BioPtr chain = BioOf(certificate.chain);
  const BioPtr key_text = BioOf(certificate.key);
  const X509Ptr own(PEM_read_bio_X509(chain.get(), nullptr, nullptr, nullptr));
  const PkeyPtr key(PEM_read_bio_PrivateKey(key_text.get(), nullptr, nullptr, nullptr));
  EXPECT_EQ(SSL_CTX_use_certificate(context_.get(), own.get()), 1);
  EXPECT_EQ(SSL_CTX_use_PrivateKey(context_.get(), key.get()), 1);
  listener_ = Listen(port_);
  thread_ = std::thread([this] { Run(); });
}

HttpsServer::~HttpsServer() {
  stop_ = true;
  ::shutdown(listener_, SHUT_RDWR);
  thread_.join();
  ::close(listener_);
}

void HttpsServer::SpeakAtMost(int version) {
  SSL_CTX_set_security_level(context_.get(), 0);
  SSL_CTX_set_min_proto_version(context_.get(), TLS1_VERSION);
  SSL_CTX_set_max_proto_version(context_.get(), version);
}

std::string HttpsServer::Url(const std::string& host, const std::string& target) const {
  return absl::StrCat("https://", host, ":", port_, target);
}

std::vector<std::string> HttpsServer::requests() const {
  MutexLock lock(mutex_);
  return requests_;
}

std::vector<std::string> HttpsServer::names() const {
  MutexLock lock(mutex_);
  return names_;
}

void HttpsServer::Run() {
  while (!stop_) {
    const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) {
      return;
    }
    ++connections;
    if (silent) {
      while (!stop_ && !Readable(fd, 10)) {
      }
      char hello[4096];
      while (::recv(fd, hello, sizeof(hello), 0) > 0) {
      }
    } else {
      Serve(fd);
    }
    ::close(fd);
  }
}

void HttpsServer::Serve(int fd) {
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &kStuck, sizeof(kStuck));
  ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &kStuck, sizeof(kStuck));
  const tls::SslPtr ssl(SSL_new(context_.get()));
  SSL_set_fd(ssl.get(), fd);
  ERR_clear_error();
  if (SSL_accept(ssl.get()) != 1) {
    return;
  }
  std::string head;
  char room[4096];
  while (head.find("\r\n\r\n") == std::string::npos) {
    const int got = SSL_read(ssl.get(), room, sizeof(room));
    if (got <= 0) {
      return;
    }
    head.append(room, static_cast<size_t>(got));
  }
  const char* const name = SSL_get_servername(ssl.get(), TLSEXT_NAMETYPE_host_name);
  {
    MutexLock lock(mutex_);
    requests_.push_back(head);
    names_.emplace_back(name == nullptr ? "" : name);
  }
  HttpsPeer peer(*ssl);
  answer_(peer);
}

std::string HttpOk(std::string_view body) {
  return absl::StrCat("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ",
                      body.size(), "\r\n\r\n", ToAbsl(body));
}

}  // namespace tocsin::testing
