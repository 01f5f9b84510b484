// deflate.h: permessage-deflate's compression of one message, without context takeover.
//
// Shape:   every message is compressed from nothing, so one compressor and one decompressor serve
//          all connections of a thread, and what was compressed for one client is right for all.
// Threads: one: a worker's.
// Owns:    zlib's states, and the text inflated last.
// Source:  RFC 7692, section 7.2; docs/adr/0005-sockets.md.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "core/event/limits.h"

struct z_stream_s;

namespace tocsin::bridge::ws {

// The window of what is sent: 4 KiB. In a message of a few KiB a larger one finds no more, and a
// client that asks for a small one can be served.
inline constexpr int kDeflateWindowBits = 12;
// A shorter message is sent as it is: it hardly shrinks.
inline constexpr size_t kDeflateFrom = 128;
// An inflated message may be so many times as long as it came, or kInflateFreely whatever it came
// as.
inline constexpr size_t kMaxInflateRatio = 100;
inline constexpr size_t kInflateFreely = 64 * limits::kKiB;

class Deflater {
 public:
  Deflater();
  ~Deflater();
  Deflater(const Deflater&) = delete;
  Deflater& operator=(const Deflater&) = delete;

  // Appends a message, given in two parts, as a frame's payload.
  void Append(std::string& out, std::string_view head, std::string_view tail);

 private:
  void Add(std::string& out, std::string_view part, int flush);

  std::unique_ptr<z_stream_s> stream_;
};

class Inflater {
 public:
  enum class Outcome {
    kDone,
    kTooLarge,  // more than `max_bytes`
    kTooDense,  // past kMaxInflateRatio
    kCorrupt,   // not deflate's format, or cut off
  };

  Inflater();
  ~Inflater();
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  // Of a message's payload. Stops, with little more memory used, once a bound is passed.
  Outcome Inflate(std::string_view payload, size_t max_bytes);
  // What was inflated; until the next call.
  std::string_view text() const { return text_; }

  // The most that a message of so many bytes is compressed to by who means no harm.
  static size_t MaxCompressedBytes(size_t message_bytes);

 private:
  Outcome Take(std::string_view part, size_t max_bytes, size_t payload_bytes);

  std::unique_ptr<z_stream_s> stream_;
  std::string text_;
};

}  // namespace tocsin::bridge::ws
