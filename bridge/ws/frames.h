// frames.h: WebSocket frames as a server sends them. They are final and unmasked, so the same frame
// can be sent to every client.
//
// Threads: pure.
// Source:  RFC 6455, sections 5.2 and 5.5.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace tocsin::bridge::ws {

enum class Opcode : uint8_t { kText = 1, kBinary = 2, kClose = 8, kPing = 9, kPong = 10 };

// Whether a message's payload is compressed; the bit RSV1 says so (RFC 7692).
enum class Deflated : bool { kNo, kYes };

inline constexpr size_t kMaxHeaderBytes = 10;
inline constexpr size_t kMaxControlBytes = 125;
inline constexpr size_t kMaxReasonBytes = kMaxControlBytes - 2;  // two are the code

// Appends the header of a frame whose payload, of so many bytes, is appended next.
void AppendFrameHeader(std::string& out, Opcode opcode, size_t payload_bytes,
                       Deflated deflated = Deflated::kNo);
void AppendTextFrame(std::string& out, std::string_view payload);
// One text frame whose payload is given in two parts.
void AppendTextFrame(std::string& out, std::string_view head, std::string_view tail);
// A ping or pong; the payload has at most 125 bytes.
void AppendControlFrame(std::string& out, Opcode opcode, std::string_view payload);

// The shape of the frame that `frames`, which are a server's own and whole, begin with.
struct FrameShape {
  size_t header_bytes = 0;
  size_t payload_bytes = 0;
  Deflated deflated = Deflated::kNo;
};
FrameShape ShapeOf(std::string_view frames);

// A close frame; kNoCloseCode (close_code.h) makes it empty. A reason that is too long is cut
// between characters.
std::string CloseFrame(uint16_t code, std::string_view reason);
// The longest prefix of `text` that has at most so many bytes and does not cut a UTF-8 character.
std::string_view CutUtf8(std::string_view text, size_t bytes);

}  // namespace tocsin::bridge::ws
