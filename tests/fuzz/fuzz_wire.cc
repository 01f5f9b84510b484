// No bytes from a damaged log or a hostile publisher bring the decoder, the checks, the facts or
// the writer down.
#include <boost/json/value.hpp>
#include <cstddef>
#include <cstdint>
#include <string>

#include "core/base/check.h"
#include "core/event/filter.h"
#include "core/event/json_reader.h"
#include "core/event/json_writer.h"
#include "core/event/stored_record.h"
#include "core/event/validate.h"
#include "core/event/wire.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  const auto matched = tocsin::MakeStoredRecordIf(*tocsin::Filter::MatchAll(), bytes);
  const auto stored = tocsin::MakeStoredRecord(bytes);
  const auto whole = tocsin::MakeWireRecord(bytes);
  TOCSIN_CHECK((stored.ok() && matched.ok()) || !whole.ok());
  if (whole.ok()) {
    TOCSIN_CHECK((*stored)->cursor == (*whole)->cursor && (*stored)->payload == (*whole)->payload);
  }
  // What is written from the bytes is JSON, and the JSON of the message where they are one.
  const auto body = tocsin::UnwrapEventField(bytes);
  std::string from_bytes;
  const bool written = body.ok() && tocsin::AppendJsonEvent(from_bytes, *body).ok();
  boost::json::value value;
  TOCSIN_CHECK(!written || tocsin::ParseJson(from_bytes, value).ok());
  TOCSIN_CHECK(written || from_bytes.empty());
  if (!whole.ok()) {
    return 0;
  }
  TOCSIN_CHECK(written);
  tocsin::v1::Event event = tocsin::DecodeEventField(bytes).value();
  std::string text;
  event.DiscardUnknownFields();
  tocsin::AppendJsonEvent(text, event);
  TOCSIN_CHECK(text == from_bytes);
  if (tocsin::NormalizeEvent(event, "event").ok()) {
    TOCSIN_CHECK(tocsin::DecodeEventField(tocsin::EncodeEventField(event)).ok());
  }
  return 0;
}
