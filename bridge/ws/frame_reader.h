// frame_reader.h: a client's bytes in; its messages, pings, pongs and close out.
//
// Shape:   a state machine without a socket. Next takes bytes off the front of what it is given
//          until something is complete. A message that lies whole in one frame within those bytes
//          is unmasked in place and not copied; of any other, only what has come is kept. A length
//          beyond the limit is seen in the header, before any of it is kept. A compressed message
//          is kept as it comes and inflated when it is whole.
// Threads: one.
// Owns:    an unfinished header, message and control frame; between messages nothing.
// Errors:  kFailed for what breaks the protocol, after which nothing is read; kTooLarge, after
//          which messages are passed over and control frames are still read.
// Source:  RFC 6455, sections 5 and 7.4; RFC 7692, section 6.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "core/base/heap_bytes.h"

namespace tocsin::bridge::ws {

struct Received {
  enum class Kind : uint8_t {
    kNothing,  // all bytes are taken, and nothing is complete
    kText,
    kBinary,
    kPing,
    kPong,
    kClose,     // `code`, 1005 when it has none; `payload` is the reason
    kTooLarge,  // a message beyond a limit; `payload` says which, or nothing: max_message_bytes
    kFailed,    // `code` is 1002 or 1007; `payload` says what is wrong
  };
  Kind kind = Kind::kNothing;
  uint16_t code = 0;
  std::string_view payload = {};  // until the next call, and as long as the bytes given
};

class Inflater;

class FrameReader {
 public:
  // `inflater`: where permessage-deflate has been agreed on; shared by the readers of a thread.
  explicit FrameReader(size_t max_message_bytes, Inflater* inflater = nullptr)
      : max_message_bytes_(max_message_bytes), inflater_(inflater) {}

  // `bytes` is left with what has not been looked at; it is written to.
  Received Next(std::span<char>& bytes);

  // Messages are passed over from here on; control frames are not.
  void Discard() { discarding_ = true; }

  // Bytes kept of what is unfinished.
  size_t held_bytes() const { return message_.size() + control_.size(); }
  size_t heap_bytes() const { return HeapBytes(message_) + HeapBytes(control_); }

 private:
  bool TakeHeader(std::span<char>& bytes);
  // nullptr, or what is wrong.
  const char* CheckStart() const;
  Received BeginFrame();
  Received TakePayload(std::span<char>& bytes);
  Received Control(std::string_view payload);
  Received Message(std::string_view payload);
  Received Inflate(Received::Kind kind, std::string_view payload);
  // Of the message that has begun, as it comes.
  size_t max_bytes() const;
  Received Fail(uint16_t code, const char* why);
  void Release();

  uint8_t opcode() const { return first_ & 0x0f; }
  bool final() const { return (first_ & 0x80) != 0; }
  bool control() const { return (first_ & 0x08) != 0; }

  size_t max_message_bytes_;
  Inflater* inflater_;
  std::string message_;  // the parts that have come of one that is not whole in one piece
  std::string control_;  // as message_
  uint64_t left_ = 0;    // of the frame's payload
  std::array<uint8_t, 14> header_;
  uint8_t header_bytes_ = 0;
  uint8_t first_ = 0;         // the frame's first byte
  uint8_t message_type_ = 0;  // the opcode of the message that is unfinished; 0: none is
  std::array<uint8_t, 4> key_{};
  bool compressed_ = false;  // the unfinished message is
  bool in_payload_ = false;
  bool given_ = false;  // message_ or control_ has been given out
  bool discarding_ = false;
  bool failed_ = false;
};

// Applies a frame's masking key, and turns the key so that the bytes that follow can be unmasked by
// it.
void Unmask(std::span<char> bytes, std::array<uint8_t, 4>& key);

}  // namespace tocsin::bridge::ws
