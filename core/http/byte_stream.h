// byte_stream.h: one connection's bytes, whatever carries them: a socket, or two ends in memory.
//
// Shape:   nothing blocks. A call moves what it can and, where it cannot go on, says what to wait
//          for. An encrypted stream may have to write before it can read on, and the other way
//          round: so wait for what the result names, whichever way you were going. One virtual
//          call a read or a gathered send, never one a frame.
// Threads: one, that of the io_context it was made with.
// Errors:  kEnd when the peer has shut its sending side; kFailed when the connection is gone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
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
  // Calls `woken` once, from the io_context and never from inside Wait. Any number may wait.
  virtual void Wait(Readiness readiness, Woken woken) = 0;
  // The peer reads to the end of what has been sent, and then the end.
  virtual void ShutdownSend() = 0;
  // At once; those that wait are woken with false.
  virtual void Close() = 0;
  virtual bool is_open() const = 0;
  // Bytes sent that the peer's side has not acknowledged. 0 where that cannot be known.
  virtual size_t BytesUnacknowledged() = 0;
};

}  // namespace tocsin::http
