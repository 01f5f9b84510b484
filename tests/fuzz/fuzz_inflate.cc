// A client's compressed message is inflated within its bounds, and the same after any other; what was
// inflated goes through our own compressor and back. So does any bytes' own text. The same bytes are
// read as an offer of extensions, which is answered with permessage-deflate or not at all.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "bridge/ws/deflate.h"
#include "bridge/ws/extensions.h"
#include "core/base/check.h"

namespace {

using namespace tocsin::bridge::ws;

constexpr size_t kLimit = 256 << 10;
constexpr std::string_view kAnswer =
    "permessage-deflate; server_no_context_takeover; client_no_context_takeover";

void ThereAndBack(std::string_view text) {
  static Deflater deflater;
  static Inflater inflater;
  const size_t half = text.size() / 2;
  std::string packed;
  deflater.Append(packed, text.substr(0, half), text.substr(half));
  TOCSIN_CHECK(packed.size() <= Inflater::MaxCompressedBytes(text.size()));
  const auto outcome = inflater.Inflate(packed, kLimit);
  // Our own may be denser than a client's may.
  TOCSIN_CHECK(outcome == Inflater::Outcome::kTooDense ||
               (outcome == Inflater::Outcome::kDone && inflater.text() == text));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static Inflater used;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  Inflater fresh;
  const auto outcome = fresh.Inflate(bytes, kLimit);
  TOCSIN_CHECK(used.Inflate(bytes, kLimit) == outcome);
  TOCSIN_CHECK(fresh.text().size() <= kLimit + 1);
  if (outcome == Inflater::Outcome::kDone) {
    TOCSIN_CHECK(used.text() == fresh.text() && fresh.text().size() <= kLimit);
    ThereAndBack(fresh.text());
  }
  ThereAndBack(bytes);
  if (const auto answer = AgreeOnDeflate(bytes)) {
    TOCSIN_CHECK(answer->starts_with(kAnswer));
    const std::string_view rest = std::string_view(*answer).substr(kAnswer.size());
    TOCSIN_CHECK(rest.empty() || rest == "; server_max_window_bits=12");
  }
  return 0;
}
