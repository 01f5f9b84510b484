// client_frames.h: WebSocket frames as a client sends them, right and wrong.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace tocsin::bridge::testing {

struct FrameOptions {
  bool final = true;
  int reserved = 0;  // the three bits
  bool masked = true;
  std::string_view key = "\x37\xfa\x21\x3d";
};

inline std::string ClientFrame(int opcode, std::string_view payload, FrameOptions options = {}) {
  std::string frame;
  frame += static_cast<char>((options.final ? 0x80 : 0) | options.reserved << 4 | opcode);
  const int flag = options.masked ? 0x80 : 0;
  const auto length = [&](int bytes) {
    for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) {
      frame += static_cast<char>(payload.size() >> shift);
    }
  };
  if (payload.size() < 126) {
    frame += static_cast<char>(flag | static_cast<int>(payload.size()));
  } else {
    const bool wide = payload.size() > 0xffff;
    frame += static_cast<char>(flag | (wide ? 127 : 126));
    length(wide ? 8 : 2);
  }
  if (!options.masked) {
    return frame.append(payload);
  }
  frame += options.key;
  for (size_t i = 0; i < payload.size(); ++i) {
    frame += static_cast<char>(payload[i] ^ options.key[i % 4]);
  }
  return frame;
}

inline std::string Hex(std::string_view bytes) {
  std::string text;
  for (const char byte : bytes) {
    text += "0123456789abcdef"[static_cast<uint8_t>(byte) >> 4];
    text += "0123456789abcdef"[static_cast<uint8_t>(byte) & 15];
  }
  return text;
}

// Without a look at whether it is allowed.
inline std::string EncodeUtf8(uint32_t point) {
  const auto later = [&](int shift) { return static_cast<char>(0x80 | ((point >> shift) & 0x3f)); };
  if (point < 0x80) return {static_cast<char>(point)};
  if (point < 0x800) return {static_cast<char>(0xc0 | point >> 6), later(0)};
  if (point < 0x10000) return {static_cast<char>(0xe0 | point >> 12), later(6), later(0)};
  return {static_cast<char>(0xf0 | point >> 18), later(12), later(6), later(0)};
}

}  // namespace tocsin::bridge::testing
