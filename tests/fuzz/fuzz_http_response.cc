// A server's bytes as the answer to a request of ours: the same body or refusal however they are split,
// and never more than the bound. The first byte says in what pieces they come.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/check.h"
#include "core/http/response_reader.h"

namespace {

using tocsin::http::ResponseReader;

constexpr ResponseReader::Bounds kBounds{.head = 512, .body = 256};

// The body, or "refused". Only how much came before a refusal depends on the pieces.
std::string Read(std::string_view bytes, size_t piece) {
  ResponseReader reader(kBounds);
  while (!bytes.empty() && !reader.done()) {
    if (!reader.Take(bytes.substr(0, piece)).ok()) {
      return "refused";
    }
    bytes.remove_prefix(std::min(piece, bytes.size()));
  }
  if (!reader.done() && !reader.End().ok()) {
    return "refused";
  }
  TOCSIN_CHECK(reader.done());
  std::string body = std::move(reader).body();
  TOCSIN_CHECK(body.size() <= kBounds.body);
  return "body " + body;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  // What is sent beyond an answer is not looked at when it comes later, and may be too much when it
  // comes at once.
  if (size == 0 || size > kBounds.head) {
    return 0;
  }
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::string whole = Read(bytes, bytes.size() + 1);
  const std::string pieces = Read(bytes, size_t{1} + data[0]);
  TOCSIN_CHECK(whole == pieces);
  return 0;
}
