#include "core/event/wire.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <memory>
#include <utility>

#include "core/base/check.h"
#include "core/base/status_macros.h"
#include "core/event/error.h"
#include "core/event/time_proto.h"

namespace tocsin {
namespace {

using google::protobuf::io::CodedInputStream;
using google::protobuf::io::CodedOutputStream;
using google::protobuf::io::StringOutputStream;

// SubscribeResponse.events: field 1, length-delimited.
constexpr uint32_t kEventsTag = 1 << 3 | 2;

absl::Status Damaged() {
  return MakeErrorAs(ErrorCode::kInternal, absl::StatusCode::kDataLoss,
                     "a stored event is damaged: its bytes are not one encoded event");
}

// Tag and length taken off; the event's own bytes.
absl::StatusOr<std::string_view> Unwrap(std::string_view bytes) {
  CodedInputStream in(reinterpret_cast<const uint8_t*>(bytes.data()),
                      static_cast<int>(bytes.size()));
  uint32_t length = 0;
  if (in.ReadTag() != kEventsTag || !in.ReadVarint32(&length)) {
    return Damaged();
  }
  const auto head = static_cast<size_t>(in.CurrentPosition());
  if (bytes.size() - head != length) {
    return Damaged();
  }
  return bytes.substr(head);
}

EventPtr MakeRecord(const v1::Event& event, std::string payload) {
  auto record = std::make_shared<EventRecord>();
  record->cursor = {event.epoch(), event.sequence()};
  record->time = ToTime(event.time());
  record->facts = EventFacts::Of(event);
  record->payload = std::move(payload);
  return record;
}

}  // namespace

std::string EncodeEventField(const v1::Event& event) {
  const size_t size = event.ByteSizeLong();
  std::string bytes;
  bytes.reserve(size + 6);
  {
    StringOutputStream raw(&bytes);
    CodedOutputStream out(&raw);
    out.SetSerializationDeterministic(true);
    out.WriteTag(kEventsTag);
    out.WriteVarint32(static_cast<uint32_t>(size));
    event.SerializeWithCachedSizes(&out);
    TOCSIN_CHECK(!out.HadError());
  }
  bytes.shrink_to_fit();
  return bytes;
}

absl::StatusOr<v1::Event> DecodeEventField(std::string_view bytes) {
  ASSIGN_OR_RETURN(const std::string_view body, Unwrap(bytes));
  v1::Event event;
  if (!event.ParseFromArray(body.data(), static_cast<int>(body.size()))) {
    return Damaged();
  }
  return event;
}

EventPtr MakeWireRecord(const v1::Event& event) {
  return MakeRecord(event, EncodeEventField(event));
}

absl::StatusOr<EventPtr> MakeWireRecord(std::string bytes) {
  ASSIGN_OR_RETURN(const v1::Event event, DecodeEventField(bytes));
  return MakeRecord(event, std::move(bytes));
}

}  // namespace tocsin
