// An encrypted stream: records, what waits, and peers that break the protocol. What it shares with
// other streams is in http_out_stream_test.cc.
#include <gtest/gtest.h>

#include <array>
#include <boost/asio/io_context.hpp>

#include "core/http/out_stream.h"
#include "tests/core/allocated_bytes.h"
#include "tests/core/tls_pair.h"

namespace tocsin::http {
namespace {

using State = IoResult::State;

class TlsStreamTest : public ::testing::Test {
 protected:
  void Connect(size_t capacity = 1 << 20) {
    auto [server_end, client_end] = MemoryStream::MakePair(io, capacity);
    server_carrier = server_end.get();
    client_carrier = client_end.get();
    std::tie(server, client) = testing::Encrypt(io, {std::move(server_end), std::move(client_end)});
    Read(*client);  // the ticket
  }
  std::string Read(ByteStream& stream, size_t most = 1 << 20) {
    std::string got(most, '\0');
    size_t size = 0;
    while (size < most) {
      const IoResult result = stream.TryRead({got.data() + size, most - size});
      if (result.state != State::kDone) break;
      size += result.bytes;
    }
    got.resize(size);
    return got;
  }
  IoResult Send(ByteStream& stream, std::string_view bytes) { return stream.TrySend({&bytes, 1}); }

  boost::asio::io_context io;
  std::unique_ptr<ByteStream> server;
  std::unique_ptr<ByteStream> client;
  MemoryStream* server_carrier = nullptr;
  MemoryStream* client_carrier = nullptr;
};

TEST_F(TlsStreamTest, AWriteOfManyRecordsIsOneSendOfTheCarrier) {
  Connect();
  const int before = server_carrier->sends();
  const std::string batch(TlsStream::kSealedAtOnce, 'x');
  EXPECT_EQ(Send(*server, batch).bytes, batch.size());
  EXPECT_EQ(server_carrier->sends(), before + 1);
  EXPECT_EQ(Read(*client), batch);
}

TEST_F(TlsStreamTest, WhatTheCarrierCarriesIsNotWhatWasSent) {
  auto [server_end, client_end] = MemoryStream::MakePair(io);
  TlsStream encrypted(io, std::move(client_end), testing::ClientContext());
  encrypted.Handshake();
  const std::string hello = Read(*server_end);
  EXPECT_EQ(hello.substr(0, 2), "\x16\x03") << "a handshake's record";
}

// The count of bytes sent is what a caller drops, so a record counts when it has left as a whole.
TEST_F(TlsStreamTest, ARecordThatIsCutInTheMiddleCountsWhenItHasLeft) {
  Connect(20'000);
  std::string all(40'000, 'a');
  for (size_t i = 0; i < all.size(); ++i) all[i] = static_cast<char>('a' + i / 1'000 % 26);
  size_t sent = 0;
  std::string received;
  for (int turn = 0; turn < 1000 && received.size() < all.size(); ++turn) {
    const IoResult result = Send(*server, std::string_view(all).substr(sent));
    sent += result.bytes;
    EXPECT_TRUE(sent == all.size() || sent % TlsStream::kRecordBytes == 0) << sent;
    EXPECT_EQ(result.state, sent == all.size() ? State::kDone : State::kBlocked);
    received += Read(*client, 777);
  }
  EXPECT_EQ(received, all);
}

TEST_F(TlsStreamTest, AReaderWithLittleRoomIsWokenForTheRestOfARecord) {
  Connect();
  Send(*client, std::string(1'000, 'x'));
  EXPECT_EQ(Read(*server, 600).size(), 600u);
  bool woken = false;
  server->Wait(Readiness::kReadable, [&](bool ok) { woken = ok; });
  EXPECT_FALSE(woken) << "never from inside";
  io.poll();
  EXPECT_TRUE(woken);
  EXPECT_EQ(Read(*server, 600).size(), 400u);
}

TEST_F(TlsStreamTest, ManySmallPartsBecomeFewRecords) {
  Connect();
  const std::vector<std::string_view> parts(1'000, "seven b");
  const IoResult result = server->TrySend(parts);
  EXPECT_EQ(result.bytes, 7'000u);
  EXPECT_LT(server_carrier->BytesUnacknowledged(), 7'000u + 100) << "one record's frame";
  EXPECT_EQ(Read(*client).size(), 7'000u);
}

TEST_F(TlsStreamTest, TheEndIsToldToThePeer) {
  Connect();
  Send(*server, "bye");
  server->ShutdownSend();
  std::array<char, 10> room;
  EXPECT_EQ(Read(*client), "bye");
  EXPECT_EQ(client->TryRead(room).state, State::kEnd);
}

TEST_F(TlsStreamTest, ARecordThatWasChangedOnTheWayEndsTheConnection) {
  Connect();
  std::string record(100, '\0');
  Send(*client, "pay 100");
  const IoResult taken = server_carrier->TryRead(record);
  record.resize(taken.bytes);
  record.back() = static_cast<char>(record.back() ^ 1);
  const std::string_view changed = record;
  client_carrier->TrySend({&changed, 1});
  std::array<char, 100> room;
  EXPECT_EQ(server->TryRead(room).state, State::kFailed);
}

// A peer may ask for new keys as often as it likes and read none of the answers.
TEST_F(TlsStreamTest, AFloodOfKeyUpdatesIsBounded) {
  auto [server_end, client_end] = MemoryStream::MakePair(io, 1'000);
  TlsStream flooded(io, std::move(server_end), testing::ServerContext());
  const tls::SslPtr peer(SSL_new(&testing::ClientContext()));
  BIO* const in = BIO_new(BIO_s_mem());
  BIO* const out = BIO_new(BIO_s_mem());
  SSL_set_bio(peer.get(), in, out);
  SSL_set_connect_state(peer.get());
  const auto to_server = [&, &end = *client_end] {
    char bytes[700];
    const int n = BIO_read(out, bytes, sizeof(bytes));
    const std::string_view part(bytes, n > 0 ? static_cast<size_t>(n) : 0);
    return end.TrySend({&part, 1}).bytes;
  };
  for (int turn = 0; turn < 100 && flooded.Handshake().state != State::kDone; ++turn) {
    SSL_do_handshake(peer.get());
    to_server();
    std::array<char, 1'000> room;
    const IoResult read = client_end->TryRead(room);
    BIO_write(in, room.data(), static_cast<int>(read.bytes));
  }
  ASSERT_EQ(SSL_is_init_finished(peer.get()), 1);
  std::array<char, 100> room;
  for (int i = 0; i < 20'000; ++i) {
    SSL_key_update(peer.get(), SSL_KEY_UPDATE_REQUESTED);
    SSL_do_handshake(peer.get());
    to_server();
    const IoResult read = flooded.TryRead(room);
    if (read.state != State::kBlocked) {
      break;
    }
  }
  EXPECT_LE(flooded.BytesUnacknowledged(), TlsStream::kMaxUnsent + 1'000);
}

#ifndef TOCSIN_SANITIZED
TEST_F(TlsStreamTest, AnIdleConnectionHoldsWhatItSaysItHolds) {
  Connect();
  const std::string batch(50'000, 'x');
  Send(*server, batch);  // the thread's buffer is there from now on
  Read(*client);
  constexpr int kConnections = 50;
  std::vector<std::pair<std::unique_ptr<ByteStream>, std::unique_ptr<ByteStream>>> pairs;
  for (int i = 0; i < kConnections; ++i) {
    auto [server_end, client_end] = MemoryStream::MakePair(io);
    pairs.push_back(testing::Encrypt(io, {std::move(server_end), std::move(client_end)}));
    Send(*pairs.back().first, batch);
    Read(*pairs.back().second);
    Send(*pairs.back().second, "pong");
    Read(*pairs.back().first);
  }
  const size_t before = tocsin::testing::AllocatedBytes();
  size_t told = 0;
  for (auto& [server_end, client_end] : pairs) {
    told += server_end->MemoryBytes();
    server_end.reset();
  }
  const size_t freed = before - tocsin::testing::AllocatedBytes();
  EXPECT_LT(freed / kConnections, 16'000u);
  EXPECT_NEAR(static_cast<double>(told), static_cast<double>(freed),
              0.25 * static_cast<double>(freed))
      << freed / kConnections << " a connection";
}
#endif

}  // namespace
}  // namespace tocsin::http
