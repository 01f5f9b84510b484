// Whatever is read as a place in the log is written back as the same place.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/base/check.h"
#include "core/event/cursor.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto cursor = tocsin::ParseCursor(text); cursor.ok()) {
    TOCSIN_CHECK(tocsin::FormatCursor(*cursor) == text);
  }
  const auto start = tocsin::ParseStartPoint(text, "from");
  if (start.ok()) {
    const auto again = tocsin::ParseStartPoint(tocsin::FormatStartPoint(*start), "from");
    TOCSIN_CHECK(again.ok() && *again == *start);
  }
  return 0;
}
