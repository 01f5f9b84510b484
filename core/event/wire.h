// wire.h: an event as field 1 of SubscribeResponse, so that encoded events concatenate to a
// response; an incident as a field of SnapshotMark, so that they do to a part of a snapshot.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "core/event/record.h"
#include "tocsin/v1/event.pb.h"

namespace tocsin {

// Tag, length and bytes of `event` as SubscribeResponse.events. Deterministic.
std::string EncodeEventField(const v1::Event& event);
// The inverse. DATA_LOSS when the bytes are not exactly one such field.
absl::StatusOr<v1::Event> DecodeEventField(std::string_view bytes);

// Appends tag and length of a field of so many bytes, which are appended next.
void AppendFieldHead(std::string& out, int field, size_t size);
// Appends `incident`, encoded, as one of SnapshotMark.incidents.
void AppendIncidentField(std::string& out, std::string_view incident);

// Tag and length taken off: the event's own bytes. DATA_LOSS as DecodeEventField.
absl::StatusOr<std::string_view> UnwrapEventField(std::string_view bytes);

// The same event with another `cursor`: it is appended, because of a field that comes twice the
// last value holds. DATA_LOSS as DecodeEventField.
absl::StatusOr<std::string> WithCursor(std::string_view bytes, std::string_view cursor);

// The bytes of the event's incident within an encoded event; empty when it has none. The bytes are
// EncodeEventField's.
std::string_view IncidentBytesOf(std::string_view bytes);

// The id in an encoded incident; empty when it has none.
std::string_view IncidentIdIn(std::string_view incident);

// The id of the incident of an encoded event; empty when it has none, or is damaged.
std::string_view EventIncidentId(std::string_view bytes);

// A record with the wire form as its payload. The event has its sequence, epoch, time and cursor.
EventPtr MakeWireRecord(const v1::Event& event);
// From stored bytes. DATA_LOSS as DecodeEventField.
absl::StatusOr<EventPtr> MakeWireRecord(std::string bytes);

}  // namespace tocsin
