// case.h: what a client sends over a WebSocket, and what must come back: each a case with a name.
#pragma once

#include <cstddef>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "tests/bridge/client_frames.h"

namespace tocsin::bridge::conformance {

using testing::ClientFrame;

// What a server said, a line each: "text hello", "ping x", "pong x", "close", "close 1000", and
// "end" once it has shut its sending side.
using Lines = std::vector<std::string>;

struct Case {
  std::string name;
  std::string bytes;
  Lines wanted;
  // The server must close after so many bytes: not a byte earlier, not one later.
  std::optional<size_t> closes_after = {};
};

inline std::ostream& operator<<(std::ostream& out, const Case& each) { return out << each.name; }

inline constexpr int kContinue = 0;
inline constexpr int kText = 1;
inline constexpr int kBinary = 2;
inline constexpr int kClose = 8;
inline constexpr int kPing = 9;
inline constexpr int kPong = 10;

// A fragment that is not the last.
inline std::string Part(int opcode, std::string_view payload) {
  return ClientFrame(opcode, payload, {.final = false});
}

inline std::string CloseOf(int code, std::string_view reason = "") {
  return ClientFrame(kClose, std::string({static_cast<char>(code >> 8), static_cast<char>(code)}) +
                                 std::string(reason));
}

inline const Lines kFailed = {"close 1002", "end"};
inline const Lines kNotText = {"close 1007", "end"};

inline Lines Then(Lines first, const Lines& more) {
  first.insert(first.end(), more.begin(), more.end());
  return first;
}

std::vector<Case> FramingCases();
std::vector<Case> PingCases();
std::vector<Case> ReservedCases();
std::vector<Case> FragmentCases();
std::vector<Case> Utf8Cases();
std::vector<Case> CloseCases();
std::vector<Case> LimitCases();
std::vector<Case> DeflateCases();

}  // namespace tocsin::bridge::conformance
