// tls_pair.h: a server's and a client's end of an encrypted connection, over another connection.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <utility>

#include "core/http/memory_stream.h"
#include "core/http/tls_stream.h"
#include "core/tls/server_context.h"
#include "tests/core/test_certificates.h"

namespace tocsin::http::testing {

// For a certificate that was made once for the process.
inline SSL_CTX& ServerContext() {
  static const std::shared_ptr<SSL_CTX> context = [] {
    const auto made = tocsin::testing::MakeCertificate("localhost");
    return *tls::MakeServerContext({.chain = made.chain, .key = made.key}, tls::NewTicketKeys());
  }();
  return *context;
}

// Takes any certificate.
inline SSL_CTX& ClientContext() {
  static SSL_CTX* const context = SSL_CTX_new(TLS_client_method());
  return *context;
}

using StreamPair = std::pair<std::unique_ptr<ByteStream>, std::unique_ptr<ByteStream>>;

// Encrypts what goes between the ends, and completes the handshake.
inline StreamPair Encrypt(boost::asio::io_context& io, StreamPair carriers) {
  auto server = std::make_unique<TlsStream>(io, std::move(carriers.first), ServerContext());
  auto client = std::make_unique<TlsStream>(io, std::move(carriers.second), ClientContext());
  IoResult at_server{.state = IoResult::State::kBlocked};
  IoResult at_client = at_server;
  for (int turn = 0; turn < 1000 && (at_server.state == IoResult::State::kBlocked ||
                                     at_client.state == IoResult::State::kBlocked);
       ++turn) {
    at_client = client->Handshake();
    at_server = server->Handshake();
  }
  EXPECT_EQ(at_server.state, IoResult::State::kDone) << server->error();
  EXPECT_EQ(at_client.state, IoResult::State::kDone) << client->error();
  return {std::move(server), std::move(client)};
}

}  // namespace tocsin::http::testing
