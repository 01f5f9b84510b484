// frame_reader.h: takes a client's bytes apart into messages, pings, pongs and the close.
//
// Shape:   a state machine without a socket. Next consumes bytes from the front of its argument
//          until something is complete. A message that is whole in one frame within those bytes is
//          unmasked in place and not copied; of any other message, the part that has come is kept.
//          A length beyond the limit is noticed in the header, before any of the payload is kept. A
//          compressed message is kept compressed and inflated once it is whole. Any other text is
//          checked as it comes, and fails at its first byte that is wrong.
// Threads: one.
// Owns:    an unfinished header, message and control frame; nothing between messages, nor once
//          it has failed.
// Errors:  kFailed when the client breaks the protocol; nothing is read after it. kTooLarge when a
//          message passes a limit; messages are skipped after it, control frames are still read.
// Source:  RFC 6455, sections 5 and 7.4; RFC 7692, section 6.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "core/base/heap_bytes.h"
#include "core/base/utf8.h"

namespace tocsin::bridge::ws {

struct Received {
  enum class Kind : uint8_t {
    kNothing,  // all bytes are consumed, and nothing is complete
    kText,
    kBinary,
    kPing,
    kPong,
    kClose,     // `code` is 1005 when the frame has none; `payload` is the reason
    kTooLarge,  // a message beyond a limit; `payload` says which, empty for max_message_bytes
    kFailed,    // `code` is 1002 or 1007; `payload` says what is wrong
  };
  Kind kind = Kind::kNothing;
  uint16_t code = 0;
  std::string_view payload = {};  // valid until the next call, while the given bytes live
};

class Inflater;

class FrameReader {
 public:
  // `inflater`: null unless permessage-deflate has been agreed on; the readers of a thread share
  // it.
  explicit FrameReader(size_t max_message_bytes, Inflater* inflater = nullptr)
      : max_message_bytes_(max_message_bytes), inflater_(inflater) {}

  // Shortens `bytes` to the part that was not looked at. Unmasking writes to the bytes.
  Received Next(std::span<char>& bytes);

  // From here on messages are skipped, but control frames are read.
  void Discard() { discarding_ = true; }

  // Frames that have begun, of all kinds.
  uint64_t frames() const { return frames_; }
  // Bytes kept of unfinished messages and frames.
  size_t held_bytes() const { return message_.size() + control_.size(); }
  size_t heap_bytes() const { return HeapBytes(message_) + HeapBytes(control_); }

 private:
  bool TakeHeader(std::span<char>& bytes);
  // What is wrong with the first two bytes of the header; nullptr when nothing is.
  const char* CheckStart() const;
  Received BeginFrame();
  Received TakePayload(std::span<char>& bytes);
  // Whether the part of the unfinished message, unless it is compressed, is such as its type allows.
  bool IsTextSoFar(std::string_view part, bool ends);
  Received Control(std::string_view payload);
  Received Message(std::string_view payload);
  Received Inflate(Received::Kind kind, std::string_view payload);
  // The bound on the message that has begun, in the form in which it comes (compressed or not).
  size_t max_bytes() const;
  Received Fail(uint16_t code, const char* why);
  void Release();

  uint8_t opcode() const { return first_ & 0x0f; }
  bool final() const { return (first_ & 0x80) != 0; }
  bool control() const { return (first_ & 0x08) != 0; }

  size_t max_message_bytes_;
  Inflater* inflater_;
  std::string message_;  // the parts that have come of a message in several pieces
  std::string control_;  // likewise of a control frame
  uint64_t left_ = 0;    // of the frame's payload
  uint64_t frames_ = 0;
  std::array<uint8_t, 14> header_;
  uint8_t header_bytes_ = 0;
  uint8_t first_ = 0;         // the frame's first byte
  uint8_t message_type_ = 0;  // the opcode of the unfinished message; 0 when there is none
  std::array<uint8_t, 4> key_{};
  Utf8Check utf8_;           // of the unfinished message
  bool compressed_ = false;  // it is
  bool in_payload_ = false;
  bool given_ = false;  // message_ or control_ has been given out
  bool discarding_ = false;
  bool failed_ = false;
};

// Applies a frame's masking key, and rotates the key so that it fits the bytes that follow.
void Unmask(std::span<char> bytes, std::array<uint8_t, 4>& key);

}  // namespace tocsin::bridge::ws
