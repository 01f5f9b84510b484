// https_server.h: an https server on a loopback port, whose answers a test writes byte by byte.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "core/base/mutex.h"
#include "core/tls/ssl_ptr.h"
#include "tests/core/test_certificates.h"

namespace tocsin::testing {

// One connection of the server, on the server's thread.
class HttpsPeer {
 public:
  explicit HttpsPeer(SSL& ssl) : ssl_(ssl) {}
  // False when the client is gone.
  bool Write(std::string_view bytes);
  // True when the client has gone within `wait_ms`.
  bool ClientGone(int wait_ms);
  // Ends the connection as TLS has it, with a close_notify.
  void Close() { SSL_shutdown(&ssl_); }

 private:
  SSL& ssl_;
};

class HttpsServer {
 public:
  using Answer = std::function<void(HttpsPeer& peer)>;

  // `answer` is called with each request once its head has come.
  HttpsServer(const MadeCertificate& certificate, Answer answer);
  ~HttpsServer();

  int port() const { return port_; }
  std::string Url(const std::string& host = "localhost", const std::string& target = "/jwks") const;
  // The heads that came, and the names that clients said by SNI.
  std::vector<std::string> requests() const;
  std::vector<std::string> names() const;
  std::atomic<int> connections = 0;
  // Connections are taken, and nothing is said.
  std::atomic<bool> silent = false;
  // The latest protocol spoken.
  void SpeakAtMost(int version);

 private:
  void Run();
  void Serve(int fd);

  const Answer answer_;
  tls::ContextPtr context_;
  int listener_ = -1;
  int port_ = 0;
  std::atomic<bool> stop_ = false;
  mutable Mutex mutex_;
  std::vector<std::string> requests_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::string> names_ ABSL_GUARDED_BY(mutex_);
  std::thread thread_;
};

// A whole response with that body.
std::string HttpOk(std::string_view body);

}  // namespace tocsin::testing
