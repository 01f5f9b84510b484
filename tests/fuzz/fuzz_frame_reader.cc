// A client's bytes, with and without compression: the same comes out however they are split, what
// is given out keeps to its bounds, and text is UTF-8.
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "bridge/ws/deflate.h"
#include "bridge/ws/frame_reader.h"
#include "core/base/check.h"
#include "core/base/utf8.h"

namespace {

using tocsin::IsUtf8;
using tocsin::bridge::ws::FrameReader;
using tocsin::bridge::ws::Inflater;
using tocsin::bridge::ws::Received;

constexpr size_t kLimit = 4'096;
constexpr size_t kMaxControlBytes = 125;

struct Said {
  Received::Kind kind;
  uint16_t code;
  std::string payload;
  friend bool operator==(const Said&, const Said&) = default;
};

void Check(const Received& received) {
  const bool control =
      received.kind == Received::Kind::kPing || received.kind == Received::Kind::kPong;
  TOCSIN_CHECK(received.payload.size() <= (control ? kMaxControlBytes : kLimit));
  if (received.kind == Received::Kind::kText || received.kind == Received::Kind::kClose) {
    TOCSIN_CHECK(IsUtf8(received.payload));
  }
}

void Feed(FrameReader& reader, std::string bytes, std::vector<Said>& said) {
  std::span<char> rest(bytes);
  while (true) {
    const Received received = reader.Next(rest);
    if (received.kind == Received::Kind::kNothing) {
      TOCSIN_CHECK(rest.empty());
      TOCSIN_CHECK(reader.held_bytes() <= Inflater::MaxCompressedBytes(kLimit) + kMaxControlBytes);
      return;
    }
    Check(received);
    said.push_back({received.kind, received.code, std::string(received.payload)});
  }
}

}  // namespace

// The first byte says whether compression was agreed on, and in what pieces the rest comes.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static Inflater inflater;
  if (size == 0) {
    return 0;
  }
  Inflater* const shared = (data[0] & 1) != 0 ? &inflater : nullptr;
  const size_t piece = 1 + data[0] / 2;
  const std::string bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  std::vector<Said> whole;
  std::vector<Said> pieces;
  FrameReader at_once(kLimit, shared);
  Feed(at_once, bytes, whole);
  FrameReader bit_by_bit(kLimit, shared);
  for (size_t at = 0; at < bytes.size(); at += piece) {
    Feed(bit_by_bit, bytes.substr(at, piece), pieces);
  }
  TOCSIN_CHECK(whole == pieces);
  return 0;
}
