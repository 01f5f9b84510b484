#include "bridge/ws/deflated_frames.h"

#include "absl/hash/hash.h"
#include "bridge/ws/frames.h"
#include "core/base/strings.h"

namespace tocsin::bridge::ws {

void DeflatedFrames::Append(std::string& out, std::string_view head, const Cursor& cursor,
                            std::string_view tail) {
  // With the same head, consecutive events never share a place in the table.
  Frame& frame = frames_[(absl::HashOf(ToAbsl(head)) + cursor.sequence) % kKeptFrames];
  if (frame.cursor != cursor || frame.head != head) {
    Make(frame, head, cursor, tail);
  }
  out += frame.bytes;
  if (bytes_ > kKeptBytes) {
    Forget();
  }
}

void DeflatedFrames::Make(Frame& frame, std::string_view head, const Cursor& cursor,
                          std::string_view tail) {
  bytes_ -= BytesOf(frame);
  frame.cursor = {};  // matches no event if the code below throws
  frame.head = head;
  frame.bytes.clear();
  AppendOnce(frame.bytes, head, tail);
  frame.cursor = cursor;
  bytes_ += BytesOf(frame);
}

void DeflatedFrames::AppendOnce(std::string& out, std::string_view head, std::string_view tail) {
  payload_.clear();
  const size_t plain_bytes = head.size() + tail.size();
  if (plain_bytes >= kDeflateFrom) {
    deflater_.Append(payload_, head, tail);
    ++made_;
  }
  if (payload_.empty() || payload_.size() >= plain_bytes) {
    AppendTextFrame(out, head, tail);
  } else {
    AppendFrameHeader(out, Opcode::kText, payload_.size(), Deflated::kYes);
    out += payload_;
  }
}

size_t DeflatedFrames::BytesOf(const Frame& frame) {
  return frame.bytes.capacity() + frame.head.capacity();
}

void DeflatedFrames::Forget() {
  for (Frame& frame : frames_) {
    frame.cursor = {};
    std::string().swap(frame.head);
    std::string().swap(frame.bytes);
  }
  std::string().swap(payload_);
  bytes_ = frames_.size() * BytesOf(Frame{});
}

}  // namespace tocsin::bridge::ws
