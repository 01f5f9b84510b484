// tls_stream.h: an encrypted connection as a ByteStream, over another one that carries it.
//
// Shape:   what a call encrypts leaves in one send of the carrier, up to kSealedAtOnce. What the
//          carrier does not take waits here, and the plaintext of a record counts as sent when the
//          carrier has the whole record; until then a caller gives the same bytes again, as
//          OutStream does with everything that was not sent.
// Threads: the IoThread's.
// Owns:    the carrier and OpenSSL's state. While the connection is idle it holds no buffers.
// Bounds:  of what OpenSSL sends by itself (tickets, answers to a peer's new keys) kMaxUnsent waits.
// Errors:  kFailed also when the peer breaks the protocol; error() then says how.
// Source:  RFC 8446; OpenSSL 3.0, SSL_read(3), BIO_meth_new(3).
#pragma once

#include <boost/asio/io_context.hpp>
#include <memory>
#include <string>
#include <utility>

#include "absl/container/inlined_vector.h"
#include "core/http/byte_stream.h"
#include "core/tls/ssl_ptr.h"

namespace tocsin::http {

class TlsStream final : public ByteStream {
 public:
  // The most plaintext that a record holds.
  static constexpr size_t kRecordBytes = 16 * 1024;
  // The most plaintext that is encrypted for one send: a write of the engine.
  static constexpr size_t kSealedAtOnce = 64 * 1024;
  static constexpr size_t kMaxUnsent = 256 * 1024;

  // The context says whether this is the server or the client. `begun` are bytes of the peer's that
  // the carrier has given already.
  TlsStream(boost::asio::io_context& io, std::unique_ptr<ByteStream> carrier, SSL_CTX& context,
            std::string begun = {});
  ~TlsStream() override;

  // Goes on with the handshake. TryRead and TrySend are for afterwards.
  IoResult Handshake();
  // The peer began to speak HTTP without encryption.
  bool peer_spoke_plain_http() const { return plain_http_; }
  const std::string& error() const { return error_; }
  // The stream is of no use afterwards.
  std::unique_ptr<ByteStream> ReleaseCarrier() { return std::move(carrier_); }
  SSL* ssl() const { return ssl_.get(); }

  IoResult TryRead(std::span<char> room) override;
  IoResult TrySend(std::span<const std::string_view> parts) override;
  void Wait(Readiness readiness, Woken woken) override;
  void ShutdownSend() override;
  void Close() override { carrier_->Close(); }
  bool is_open() const override { return carrier_->is_open(); }
  size_t BytesUnacknowledged() override;
  std::string PeerAddress() const override { return carrier_->PeerAddress(); }
  size_t MemoryBytes() const override;

 private:
  // A record that was encrypted and has not left.
  struct Sealed {
    size_t end;    // in unsent_
    size_t plain;  // bytes
  };
  class Carried;  // the carrier as OpenSSL sees it

  int TakeBegun(std::span<char> room);
  // Between the two, `unsent_` grows in a buffer of the thread's, so that a connection whose peer
  // takes everything allocates nothing.
  void BorrowBuffer();
  void ReturnBuffer();
  // Encrypts the parts' bytes from `from` on, at most kSealedAtOnce of them. False: it failed.
  bool Seal(std::span<const std::string_view> parts, size_t from);
  // Sends what was encrypted. kDone: nothing waits. `bytes`: the plaintext that has now left.
  IoResult SendSealed();
  IoResult Failed();
  // What OpenSSL says of a call that did not succeed.
  IoResult OnResult(int result);

  boost::asio::io_context& io_;
  std::unique_ptr<ByteStream> carrier_;
  std::string begun_;   // what OpenSSL has not read of it
  std::string unsent_;  // encrypted
  absl::InlinedVector<Sealed, kSealedAtOnce / kRecordBytes> sealed_;
  std::string error_;
  bool plain_http_ = false;
  bool more_to_read_ = false;  // OpenSSL has decrypted more than the last reader had room for
  bool peer_ended_ = false;
  const tls::SslPtr ssl_;  // last: OpenSSL's end may still write
};

}  // namespace tocsin::http
