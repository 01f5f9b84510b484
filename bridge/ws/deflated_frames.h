// deflated_frames.h: the compressed frames of the latest events, each made once for all sessions
// that receive the event with the same head.
//
// Shape:   sessions receive the same events in different batches, so frames are shared by event.
//          The last kKeptFrames are kept, and at most kKeptBytes.
// Threads: a worker's.
// Owns:    the compressor and the frames.
// Source:  RFC 7692, section 7.2.1.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "bridge/ws/deflate.h"
#include "core/event/cursor.h"

namespace tocsin::bridge::ws {

class DeflatedFrames {
 public:
  static constexpr size_t kKeptFrames = 1'024;
  static constexpr size_t kKeptBytes = 4 * limits::kMiB;

  // Appends the text frame of `head` and the tail of the event at `cursor` (bridge/event_json.h):
  // compressed, unless it is short or does not shrink.
  void Append(std::string& out, std::string_view head, const Cursor& cursor, std::string_view tail);

  // The same for one client alone: nothing is kept.
  void AppendOnce(std::string& out, std::string_view head, std::string_view tail);

  // How many messages have been compressed.
  uint64_t made() const { return made_; }
  size_t kept_bytes() const { return bytes_; }

 private:
  struct Frame {
    Cursor cursor;
    std::string head;
    std::string bytes;
  };

  static size_t BytesOf(const Frame& frame);
  void Forget();
  void Make(Frame& frame, std::string_view head, const Cursor& cursor, std::string_view tail);

  Deflater deflater_;
  std::string payload_;
  std::array<Frame, kKeptFrames> frames_;  // by cursor and head
  size_t bytes_ = frames_.size() * BytesOf(Frame{});
  uint64_t made_ = 0;
};

}  // namespace tocsin::bridge::ws
