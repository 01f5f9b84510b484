#include "bridge/ws/frames.h"

#include "bridge/ws/close_code.h"
#include "core/base/check.h"

namespace tocsin::bridge::ws {
namespace {

constexpr uint8_t kFinal = 0x80;
constexpr uint8_t kRsv1 = 0x40;

void AppendBigEndian(std::string& out, uint64_t value, int bytes) {
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) {
    out += static_cast<char>((value >> shift) & 0xff);
  }
}

bool ContinuesCharacter(char c) { return (static_cast<uint8_t>(c) & 0xc0) == 0x80; }

}  // namespace

void AppendFrameHeader(std::string& out, Opcode opcode, size_t payload_bytes, Deflated deflated) {
  const uint8_t rsv1 = deflated == Deflated::kYes ? kRsv1 : 0;
  out += static_cast<char>(kFinal | rsv1 | static_cast<uint8_t>(opcode));
  if (payload_bytes < 126) {
    out += static_cast<char>(payload_bytes);
  } else if (payload_bytes <= 0xffff) {
    out += static_cast<char>(126);
    AppendBigEndian(out, payload_bytes, 2);
  } else {
    out += static_cast<char>(127);
    AppendBigEndian(out, payload_bytes, 8);
  }
}

void AppendTextFrame(std::string& out, std::string_view payload) {
  AppendFrameHeader(out, Opcode::kText, payload.size());
  out += payload;
}

void AppendTextFrame(std::string& out, std::string_view head, std::string_view tail) {
  AppendFrameHeader(out, Opcode::kText, head.size() + tail.size());
  out += head;
  out += tail;
}

void AppendControlFrame(std::string& out, Opcode opcode, std::string_view payload) {
  TOCSIN_CHECK(payload.size() <= kMaxControlBytes);
  AppendFrameHeader(out, opcode, payload.size());
  out += payload;
}

FrameShape ShapeOf(std::string_view frames) {
  const auto byte = [&](size_t at) { return static_cast<uint8_t>(frames[at]); };
  FrameShape shape{.header_bytes = 2,
                   .payload_bytes = byte(1),
                   .deflated = (byte(0) & kRsv1) != 0 ? Deflated::kYes : Deflated::kNo};
  const size_t length_bytes = shape.payload_bytes == 126 ? 2 : shape.payload_bytes == 127 ? 8 : 0;
  if (length_bytes != 0) {
    shape.payload_bytes = 0;
    for (size_t i = 0; i < length_bytes; ++i) {
      shape.payload_bytes = shape.payload_bytes << 8 | byte(2 + i);
    }
    shape.header_bytes += length_bytes;
  }
  return shape;
}

std::string CloseFrame(uint16_t code, std::string_view reason) {
  if (code == kNoCloseCode) {
    std::string empty;
    AppendFrameHeader(empty, Opcode::kClose, 0);
    return empty;
  }
  const std::string_view text = CutUtf8(reason, kMaxReasonBytes);
  std::string out;
  AppendFrameHeader(out, Opcode::kClose, 2 + text.size());
  AppendBigEndian(out, code, 2);
  out += text;
  return out;
}

std::string_view CutUtf8(std::string_view text, size_t bytes) {
  if (text.size() <= bytes) {
    return text;
  }
  while (bytes > 0 && ContinuesCharacter(text[bytes])) {
    --bytes;
  }
  return text.substr(0, bytes);
}

}  // namespace tocsin::bridge::ws
