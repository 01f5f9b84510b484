// What is read and valid is written as JSON that reads back as the same event.
#include <cstddef>
#include <cstdint>
#include <string>

#include "core/base/check.h"
#include "core/event/facts.h"
#include "core/event/filter.h"
#include "core/event/json_reader.h"
#include "core/event/json_writer.h"
#include "core/event/validate.h"
#include "core/event/wire.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto event = tocsin::ReadJsonEvent({reinterpret_cast<const char*>(data), size});
  if (!event.ok() || !tocsin::NormalizeEvent(*event, "event").ok()) {
    return 0;
  }
  TOCSIN_CHECK(tocsin::Filter::MatchAll()->Matches(tocsin::EventFacts::Of(*event)));
  std::string text;
  tocsin::AppendJsonEvent(text, *event);
  auto again = tocsin::ReadJsonEvent(text);
  TOCSIN_CHECK(again.ok());
  TOCSIN_CHECK(tocsin::NormalizeEvent(*again, "event").ok());
  std::string second;
  tocsin::AppendJsonEvent(second, *again);
  TOCSIN_CHECK(second == text);
  return 0;
}
