// frames.h: WebSocket frames as a server sends them: whole, final, unmasked, so that one is the
// same for everyone.
//
// Threads: pure.
// Source:  RFC 6455, sections 5.2 and 5.5.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace tocsin::bridge::ws {

enum class Opcode : uint8_t { kText = 1, kClose = 8, kPing = 9, kPong = 10 };

inline constexpr size_t kMaxHeaderBytes = 10;
inline constexpr size_t kMaxReasonBytes = 123;  // a control frame holds 125 bytes; two are the code

// Appends the header of a frame whose payload, of so many bytes, is appended next.
void AppendFrameHeader(std::string& out, Opcode opcode, size_t payload_bytes);
void AppendTextFrame(std::string& out, std::string_view payload);
// A text frame in two parts.
void AppendTextFrame(std::string& out, std::string_view head, std::string_view tail);

// A close frame; a reason that is too long is cut between characters.
std::string CloseFrame(uint16_t code, std::string_view reason);
// The longest beginning of `text` that is no longer than `bytes` and does not end within a UTF-8
// character.
std::string_view CutUtf8(std::string_view text, size_t bytes);

// The code of a close frame's bytes as they go on the wire; 0 when it is no close frame, 1005 when
// it has no code.
uint16_t CloseCodeOf(std::string_view frame);

}  // namespace tocsin::bridge::ws
