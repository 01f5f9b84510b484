#include "core/event/wire.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <memory>
#include <utility>

#include "core/base/check.h"
#include "core/base/status_macros.h"
#include "core/event/error.h"
#include "core/event/time_proto.h"
#include "core/event/wire_scanner.h"
#include "tocsin/v1/hub.pb.h"

namespace tocsin {
namespace {

using google::protobuf::io::ArrayOutputStream;
using google::protobuf::io::CodedOutputStream;

// SubscribeResponse.events, length-delimited.
constexpr uint32_t kEventsField = 1;
constexpr uint32_t kEventsTag = kEventsField << 3 | 2;

absl::Status Damaged() {
  return MakeErrorAs(ErrorCode::kInternal, absl::StatusCode::kDataLoss,
                     "a stored event is damaged: its bytes are not one encoded event");
}

EventPtr MakeRecord(const v1::Event& event, std::string payload) {
  auto record = std::make_shared<EventRecord>();
  record->cursor = {event.epoch(), event.sequence()};
  record->time = ToTime(event.time());
  record->urgent = IsUrgent(event.priority());
  record->facts = EventFacts::Of(event);
  record->payload = std::move(payload);
  return record;
}

}  // namespace

std::string EncodeEventField(const v1::Event& event) {
  const auto size = static_cast<uint32_t>(event.ByteSizeLong());
  std::string bytes(
      CodedOutputStream::VarintSize32(kEventsTag) + CodedOutputStream::VarintSize32(size) + size,
      '\0');
  ArrayOutputStream raw(bytes.data(), static_cast<int>(bytes.size()));
  CodedOutputStream out(&raw);
  out.SetSerializationDeterministic(true);
  out.WriteTag(kEventsTag);
  out.WriteVarint32(size);
  event.SerializeWithCachedSizes(&out);
  TOCSIN_CHECK(!out.HadError());
  return bytes;
}

void AppendFieldHead(std::string& out, int field, size_t size) {
  uint8_t head[16];
  uint8_t* end = CodedOutputStream::WriteTagToArray(static_cast<uint32_t>(field) << 3 | 2, head);
  end = CodedOutputStream::WriteVarint32ToArray(static_cast<uint32_t>(size), end);
  out.append(reinterpret_cast<const char*>(head), static_cast<size_t>(end - head));
}

void AppendIncidentField(std::string& out, std::string_view incident) {
  AppendFieldHead(out, v1::SnapshotMark::kIncidentsFieldNumber, incident.size());
  out.append(incident);
}

absl::StatusOr<std::string> WithCursor(std::string_view bytes, std::string_view cursor) {
  ASSIGN_OR_RETURN(const std::string_view body, UnwrapEventField(bytes));
  std::string field;
  AppendFieldHead(field, v1::Event::kCursorFieldNumber, cursor.size());
  field += cursor;
  std::string out;
  out.reserve(bytes.size() + field.size() + 1);
  AppendFieldHead(out, kEventsField, body.size() + field.size());
  return out.append(body).append(field);
}

absl::StatusOr<std::string_view> UnwrapEventField(std::string_view bytes) {
  WireScanner scan(bytes);
  if (!scan.Next() || scan.number() != kEventsField || !scan.is_bytes()) {
    return Damaged();
  }
  const std::string_view body = scan.bytes();
  return scan.Next() || !scan.ok() ? absl::StatusOr<std::string_view>(Damaged()) : body;
}

absl::StatusOr<v1::Event> DecodeEventField(std::string_view bytes) {
  ASSIGN_OR_RETURN(const std::string_view body, UnwrapEventField(bytes));
  v1::Event event;
  if (!event.ParseFromArray(body.data(), static_cast<int>(body.size()))) {
    return Damaged();
  }
  return event;
}

namespace {

// Fields come in the order of their numbers: what is before the incident is short.
std::string_view IncidentIn(std::string_view event) {
  for (WireScanner scan(event); scan.Next() && scan.number() <= v1::Event::kIncidentFieldNumber;) {
    if (scan.number() == v1::Event::kIncidentFieldNumber && scan.is_bytes()) {
      return scan.bytes();
    }
  }
  return {};
}

}  // namespace

std::string_view IncidentBytesOf(std::string_view bytes) {
  const absl::StatusOr<std::string_view> body = UnwrapEventField(bytes);
  TOCSIN_CHECK(body.ok());
  return IncidentIn(*body);
}

std::string_view EventIncidentId(std::string_view bytes) {
  const absl::StatusOr<std::string_view> body = UnwrapEventField(bytes);
  return body.ok() ? IncidentIdIn(IncidentIn(*body)) : std::string_view();
}

std::string_view IncidentIdIn(std::string_view incident) {
  for (WireScanner scan(incident); scan.Next();) {
    if (scan.number() == v1::Incident::kIdFieldNumber && scan.is_bytes()) {
      return scan.bytes();
    }
  }
  return {};
}

EventPtr MakeWireRecord(const v1::Event& event) {
  return MakeRecord(event, EncodeEventField(event));
}

absl::StatusOr<EventPtr> MakeWireRecord(std::string bytes) {
  ASSIGN_OR_RETURN(const v1::Event event, DecodeEventField(bytes));
  return MakeRecord(event, std::move(bytes));
}

}  // namespace tocsin
