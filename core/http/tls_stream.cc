#include "core/http/tls_stream.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/sslerr.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <exception>
#include <new>
#include <utility>

#include "core/base/check.h"
#include "core/tls/openssl_error.h"

namespace tocsin::http {
namespace {

using State = IoResult::State;

// OpenSSL's state of a connection that is idle, measured
// (docs/benchmarks.md).
constexpr size_t kIdleBytes = 13 * 1024;

std::string& ThreadBuffer() {
  thread_local std::string buffer;
  return buffer;
}

// Goes through a list of parts in pieces, each of bytes that lie together.
class Pieces {
 public:
  Pieces(std::span<const std::string_view> parts, size_t from) : parts_(parts) { Skip(from); }

  // At most `most` bytes; none at the end. Valid until the next call.
  std::string_view Next(size_t most) {
    if (parts_.empty()) {
      return {};
    }
    std::string_view piece = parts_[0].substr(at_, most);
    if (piece.size() < most && parts_.size() > 1) {
      piece = Join(most);
    } else {
      Skip(piece.size());
    }
    return piece;
  }

 private:
  std::string_view Join(size_t most) {
    thread_local std::string joined;
    joined.clear();
    while (joined.size() < most && !parts_.empty()) {
      const std::string_view piece = parts_[0].substr(at_, most - joined.size());
      joined += piece;
      Skip(piece.size());
    }
    return joined;
  }
  void Skip(size_t bytes) {
    at_ += bytes;
    while (!parts_.empty() && at_ >= parts_[0].size()) {
      at_ -= parts_[0].size();
      parts_ = parts_.subspan(1);
    }
  }

  std::span<const std::string_view> parts_;
  size_t at_ = 0;  // in the first of them
};

}  // namespace

// OpenSSL calls these from within its own functions, which no exception may leave.
class TlsStream::Carried {
 public:
  static BIO* New(TlsStream& stream) {
    static BIO_METHOD* const method = MakeMethod();
    BIO* const bio = BIO_new(method);
    if (bio == nullptr) {
      throw std::bad_alloc();
    }
    BIO_set_data(bio, &stream);
    BIO_set_init(bio, 1);
    return bio;
  }

 private:
  static BIO_METHOD* MakeMethod() {
    BIO_METHOD* const method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "carrier");
    TOCSIN_CHECK(method != nullptr);
    BIO_meth_set_read(method, Read);
    BIO_meth_set_write(method, Write);
    BIO_meth_set_ctrl(method, Control);
    return method;
  }
  static int Read(BIO* bio, char* room, int size) {
    auto& stream = *static_cast<TlsStream*>(BIO_get_data(bio));
    BIO_clear_retry_flags(bio);
    if (!stream.begun_.empty()) {
      return stream.TakeBegun({room, static_cast<size_t>(size)});
    }
    const IoResult result = stream.carrier_->TryRead({room, static_cast<size_t>(size)});
    switch (result.state) {
      case State::kDone:
        return static_cast<int>(result.bytes);
      case State::kBlocked:
        BIO_set_retry_read(bio);
        return -1;
      case State::kEnd:
        stream.peer_ended_ = true;
        return 0;
      case State::kFailed:
        return -1;
    }
    return -1;
  }
  static int Write(BIO* bio, const char* bytes, int size) {
    auto& stream = *static_cast<TlsStream*>(BIO_get_data(bio));
    BIO_clear_retry_flags(bio);
    if (stream.unsent_.size() + static_cast<size_t>(size) > kMaxUnsent) {
      BIO_set_retry_write(bio);
      return -1;
    }
    try {
      stream.unsent_.append(bytes, static_cast<size_t>(size));
    } catch (const std::exception&) {
      return -1;
    }
    return size;
  }
  static long Control(BIO* bio, int command, long, void*) {
    auto& stream = *static_cast<TlsStream*>(BIO_get_data(bio));
    switch (command) {
      case BIO_CTRL_FLUSH:
      case BIO_CTRL_DUP:
        return 1;
      case BIO_CTRL_EOF:
        return stream.peer_ended_ ? 1 : 0;
      default:
        return 0;
    }
  }
};

TlsStream::TlsStream(boost::asio::io_context& io, std::unique_ptr<ByteStream> carrier,
                     SSL_CTX& context, std::string begun)
    : io_(io), carrier_(std::move(carrier)), begun_(std::move(begun)), ssl_(SSL_new(&context)) {
  if (ssl_ == nullptr) {
    throw std::bad_alloc();
  }
  BIO* const bio = Carried::New(*this);
  SSL_set_bio(ssl_.get(), bio, bio);  // OpenSSL's now
  if (SSL_is_server(ssl_.get()) == 1) {
    SSL_set_accept_state(ssl_.get());
  } else {
    SSL_set_connect_state(ssl_.get());
  }
}

TlsStream::~TlsStream() = default;

int TlsStream::TakeBegun(std::span<char> room) {
  const size_t taken = begun_.copy(room.data(), room.size());
  begun_.erase(0, taken);
  if (begun_.empty()) {
    std::string().swap(begun_);
  }
  return static_cast<int>(taken);
}

IoResult TlsStream::Handshake() {
  BorrowBuffer();
  ERR_clear_error();
  const int outcome = SSL_do_handshake(ssl_.get());
  IoResult result = outcome == 1 ? IoResult() : OnResult(outcome);
  const IoResult sent = SendSealed();
  ReturnBuffer();
  if (sent.state == State::kFailed) {
    return sent;
  }
  if (result.state == State::kBlocked && sent.state == State::kBlocked) {
    result.wait_for = sent.wait_for;
  }
  return result;
}

IoResult TlsStream::TryRead(std::span<char> room) {
  size_t got = 0;
  int outcome = 1;
  BorrowBuffer();
  ERR_clear_error();
  while (outcome == 1 && got < room.size() && (got == 0 || SSL_has_pending(ssl_.get()) == 1)) {
    size_t more = 0;
    outcome = SSL_read_ex(ssl_.get(), room.data() + got, room.size() - got, &more);
    got += more;
  }
  more_to_read_ = got == room.size() && SSL_has_pending(ssl_.get()) == 1;
  IoResult result = got > 0 ? IoResult{.bytes = got} : OnResult(outcome);
  // What OpenSSL answers by itself. If data waits before it, whoever sends that sends this too.
  if (sealed_.empty() && !unsent_.empty()) {
    const IoResult sent = SendSealed();
    if (result.state == State::kBlocked && sent.state == State::kBlocked) {
      result.wait_for = sent.wait_for;
    }
  }
  ReturnBuffer();
  return result;
}

IoResult TlsStream::TrySend(std::span<const std::string_view> parts) {
  size_t total = 0;
  for (const std::string_view part : parts) {
    total += part.size();
  }
  IoResult result = SendSealed();
  size_t sent = result.bytes;
  while (result.state == State::kDone && sent < total) {
    BorrowBuffer();
    result = Seal(parts, sent) ? SendSealed() : IoResult{.state = State::kFailed};
    ReturnBuffer();
    sent += result.bytes;
  }
  result.bytes = sent;
  return result;
}

bool TlsStream::Seal(std::span<const std::string_view> parts, size_t from) {
  Pieces pieces(parts, from);
  ERR_clear_error();
  for (size_t room = kSealedAtOnce; room > 0;) {
    const std::string_view piece = pieces.Next(std::min(room, kRecordBytes));
    if (piece.empty()) {
      break;
    }
    size_t written = 0;
    const int outcome = SSL_write_ex(ssl_.get(), piece.data(), piece.size(), &written);
    if (outcome != 1) {
      OnResult(outcome);
      return false;
    }
    sealed_.push_back({.end = unsent_.size(), .plain = piece.size()});
    room -= piece.size();
  }
  return true;
}

IoResult TlsStream::SendSealed() {
  if (unsent_.empty()) {
    return {};
  }
  const std::string_view all = unsent_;
  IoResult result = carrier_->TrySend({&all, 1});
  size_t plain = 0;
  auto left = sealed_.begin();
  for (; left != sealed_.end() && left->end <= result.bytes; ++left) {
    plain += left->plain;
  }
  sealed_.erase(sealed_.begin(), left);
  for (Sealed& record : sealed_) {
    record.end -= result.bytes;
  }
  unsent_.erase(0, result.bytes);
  result.bytes = plain;
  return result;
}

IoResult TlsStream::OnResult(int outcome) {
  switch (SSL_get_error(ssl_.get(), outcome)) {
    case SSL_ERROR_WANT_READ:
      return {.state = State::kBlocked, .wait_for = Readiness::kReadable};
    case SSL_ERROR_WANT_WRITE:
      return {.state = State::kBlocked, .wait_for = Readiness::kWritable};
    case SSL_ERROR_ZERO_RETURN:
      return {.state = State::kEnd};
    default:
      plain_http_ = ERR_GET_REASON(ERR_peek_error()) == SSL_R_HTTP_REQUEST;
      error_ = ERR_peek_error() == 0 ? "the connection broke" : tls::TakeOpenSslError();
      return {.state = State::kFailed};
  }
}

void TlsStream::BorrowBuffer() {
  if (unsent_.empty()) {
    unsent_.swap(ThreadBuffer());
  }
}

void TlsStream::ReturnBuffer() {
  if (unsent_.empty()) {
    unsent_.swap(ThreadBuffer());
    std::string().swap(unsent_);
  } else if (ThreadBuffer().capacity() < kRecordBytes) {
    std::string rest(unsent_);  // of its own size
    unsent_.swap(ThreadBuffer());
    unsent_.swap(rest);
    ThreadBuffer().clear();
  }
}

void TlsStream::Wait(Readiness readiness, Woken woken) {
  if (readiness == Readiness::kReadable && more_to_read_) {
    boost::asio::post(io_, [woken = std::move(woken)]() mutable { woken(true); });
  } else {
    carrier_->Wait(readiness, std::move(woken));
  }
}

void TlsStream::ShutdownSend() {
  if (SSL_is_init_finished(ssl_.get()) == 1 && error_.empty()) {
    ERR_clear_error();
    SSL_shutdown(ssl_.get());
  }
  SendSealed();
  carrier_->ShutdownSend();
}

size_t TlsStream::BytesUnacknowledged() { return unsent_.size() + carrier_->BytesUnacknowledged(); }

size_t TlsStream::MemoryBytes() const {
  return sizeof(*this) + kIdleBytes + begun_.capacity() + unsent_.capacity();
}

}  // namespace tocsin::http
