// byte_stream.h: the interface of a connection that carries bytes: a socket, or a pair in memory.
//
// Shape:   no call blocks. A call moves the bytes that it can move and says what to wait for if
//          some are left. An encrypted stream may have to write before it can read on, and the
//          reverse, so the caller must wait for what the result names. A read or a gathered send
//          costs one virtual call, whatever the number of frames in it.
// Threads: one, that of the io_context it was made with.
// Errors:  kEnd once the peer has shut its sending side; kFailed when the connection is gone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "absl/functional/any_invocable.h"

namespace tocsin::http {

enum class Readiness : uint8_t { kReadable, kWritable };

struct IoResult {
  enum class State : uint8_t {
    kDone,     // read: at least one byte; send: everything
    kBlocked,  // try again once `wait_for` holds; some bytes may have been sent
    kEnd,      // read only: nothing more will come
    kFailed,
  };
  State state = State::kDone;
  Readiness wait_for = Readiness::kReadable;
  size_t bytes = 0;
};

class ByteStream {
 public:
  // False when the stream was closed meanwhile.
  using Woken = absl::AnyInvocable<void(bool ok)>;

  virtual ~ByteStream() = default;
  virtual IoResult TryRead(std::span<char> room) = 0;
  // Sends the parts one after the other, as one write where the carrier can.
  virtual IoResult TrySend(std::span<const std::string_view> parts) = 0;
  // Calls `woken` once, from the io_context and never from inside Wait. Several callers may wait at
  // the same time.
  virtual void Wait(Readiness readiness, Woken woken) = 0;
  // Ends the sending side: after everything that was sent, the peer reads the end.
  virtual void ShutdownSend() = 0;
  // Ends the connection at once. Callers that wait are woken with false.
  virtual void Close() = 0;
  virtual bool is_open() const = 0;
  // The number of sent bytes that the peer's side has not acknowledged; 0 if it cannot be known.
  virtual size_t BytesUnacknowledged() = 0;
  // Who is at the other end, as "192.0.2.1:40000"; also after it has gone. Empty where there is no
  // such address.
  virtual std::string PeerAddress() const { return ""; }
  // The memory that the stream holds beyond a socket's.
  virtual size_t MemoryBytes() const { return 0; }
};

}  // namespace tocsin::http
