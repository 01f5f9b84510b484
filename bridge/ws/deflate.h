// deflate.h: permessage-deflate's compression of one message, without context takeover.
//
// Shape:   no message refers to an earlier one. So one compressor and one decompressor serve all
//          connections of a thread, and a message compressed for one client serves all of them.
// Threads: a worker's.
// Owns:    zlib's states, and the text that was inflated last.
// Source:  RFC 7692, section 7.2; docs/adr/0005-sockets.md.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "core/event/limits.h"

struct z_stream_s;

namespace tocsin::bridge::ws {

// The compression window: 4 KiB. A larger one finds no more repetitions in messages of a few KiB,
// and this one also serves clients that ask for a small window.
inline constexpr int kDeflateWindowBits = 12;
// A message shorter than this is sent uncompressed, because it hardly shrinks.
inline constexpr size_t kDeflateFrom = 128;
// An inflated message may be kMaxInflateRatio times as long as its compressed form. Up to
// kInflateFreely bytes the ratio is not looked at.
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
    kTooDense,  // more than kMaxInflateRatio allows
    kCorrupt,   // not in deflate's format, or cut off
  };

  Inflater();
  ~Inflater();
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  // Inflates a message's payload into text(). Stops soon after a bound is passed, so that little
  // more memory than the bound is used.
  Outcome Inflate(std::string_view payload, size_t max_bytes);
  // The inflated message. Valid until the next call.
  std::string_view text() const { return text_; }

  // Upper bound on the compressed size that an honest client's message of so many bytes has.
  static size_t MaxCompressedBytes(size_t message_bytes);

 private:
  Outcome Take(std::string_view part, size_t max_bytes, size_t payload_bytes);

  std::unique_ptr<z_stream_s> stream_;
  std::string text_;
};

}  // namespace tocsin::bridge::ws
