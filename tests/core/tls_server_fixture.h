// tls_server_fixture.h: a server's encrypted connections over two ends in memory.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "core/http/tls_server.h"
#include "tests/core/http_server_fixture.h"
#include "tests/core/test_certificates.h"

namespace tocsin::http::testing {

inline tls::Certificate CertificateFor(const std::string& name) {
  const auto made = tocsin::testing::MakeCertificate(name);
  return {.chain = made.chain, .key = made.key};
}

// Also over IoThread's sweeps: ServerFixture's Turn reads from `client`, which here is the carrier.
class TlsServerFixture : public ServerFixture {
 protected:
  ~TlsServerFixture() override { io.Stop(); }  // before the server that the handshakes belong to

  void Dial() {
    auto [server_end, client_end] = MemoryStream::MakePair(io.io());
    client = std::move(client_end);
    ServeTls(io, service, *server, std::move(server_end), {});
  }

  int failures = 0;
  std::unique_ptr<TlsServer> server =
      *TlsServer::Make(CertificateFor("first"), clock, [this] { ++failures; });
};

}  // namespace tocsin::http::testing
