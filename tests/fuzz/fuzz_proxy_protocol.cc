// No PROXY protocol header brings the reader down; it never asks for more than the header has, and
// what it has read whole it reads again the same.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/base/check.h"
#include "core/http/proxy_protocol.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tocsin::http;
  const std::string_view all(reinterpret_cast<const char*>(data), size);
  size_t taken = 0;
  while (true) {
    const auto step = ReadProxyHeader(all.substr(0, taken));
    if (!step.ok()) {
      TOCSIN_CHECK(taken <= kMaxProxyHeaderBytes);
      return 0;
    }
    if (step->needs == 0) {
      TOCSIN_CHECK(BeginsProxyHeader(all));
      TOCSIN_CHECK(!ReadProxyHeader(all.substr(0, taken - 1)).ok() ||
                   ReadProxyHeader(all.substr(0, taken - 1))->needs > 0);
      return 0;
    }
    TOCSIN_CHECK(taken + step->needs <= kMaxProxyHeaderBytes);
    if (taken + step->needs > all.size()) {
      return 0;
    }
    taken += step->needs;
  }
}
