// request_checks.h: checks the head of a request before anything else reads it.
//
// Shape:   CheckHeadBytes checks the raw bytes up to and including the empty line; CheckRequest
//          checks the parsed head. ParseHead (request_head.h) does both, with Beast's parser
//          between them.
// Threads: pure.
// Errors:  a Refusal. Answer it with application/problem+json and close the connection, because the
//          end of the request cannot be trusted.
// Source:  Boost 1.81's parser throws on long chunk trailers. It accepts Transfer-Encodings that it
//          frames wrongly, several Hosts or none, lists of lengths, and folded lines; each of these
//          is a way to smuggle a request past a proxy.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace tocsin::http {

inline constexpr size_t kMaxHeadBytes = 8 * 1024;  // request line and fields
inline constexpr size_t kMaxFields = 64;
inline constexpr size_t kMaxTargetBytes = 2 * 1024;

struct FieldView {
  std::string_view name;
  std::string_view value;  // without white space around it
};

struct HeadView {
  std::string_view method;
  std::string_view target;
  int version = 11;  // 10 × major + minor
  std::span<const FieldView> fields;
};

struct Refusal {
  int status;          // 400, 413, 414, 417, 431, 501 or 505
  std::string detail;  // names the field and says what is allowed
};

// For a head that does not end within kMaxHeadBytes.
Refusal HeadTooLarge();

// Checks that the head has at most kMaxHeadBytes, that its lines end in CR LF, that it holds no
// other control characters than tabs inside values, and that no line begins with white space (so
// none is folded).
std::optional<Refusal> CheckHeadBytes(std::string_view head);

// Checks that there is
//   - one Host field, which HTTP/1.0 may leave out;
//   - at most one framing of a body: one Content-Length of digits only, or, with HTTP/1.1, the
//     Transfer-Encoding "chunked";
//   - the version HTTP/1.1, or 1.0 for a request without Upgrade;
//   - at most kMaxFields fields and kMaxTargetBytes of target;
//   - a target that is a path, "*" for OPTIONS, or a whole http URL;
//   - no Expect other than 100-continue.
std::optional<Refusal> CheckRequest(const HeadView& head);

}  // namespace tocsin::http
