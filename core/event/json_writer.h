// json_writer.h: events, incidents, alerts and filters as JSON, straight from their encoded bytes:
// once an event, in one pass, without making a message (bench/json).
//
// Shape:   appends to a string; fields in the order of the schema. What the contract promises is
//          always there, empty or null if need be; the rest when it is set (json_plan.cc has the
//          tables). Fields that the schema does not have are passed over. Control characters and
//          U+2028/9 are escaped. Maps are sorted by key: equal events have equal JSON.
// Threads: pure.
// Errors:  bytes that are no such message, or a text in them that is not UTF-8: DATA_LOSS, and
//          nothing is appended. A number that is not finite is written as null. A message's texts
//          are UTF-8: it was read from the wire or from JSON, which look.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "tocsin/v1/event.pb.h"

namespace tocsin {

void AppendJsonString(std::string& out, std::string_view text);
// The shortest text that reads back as the same number; null when it is not finite.
void AppendJsonNumber(std::string& out, double number);
// RFC 3339, UTC, microseconds: "2026-01-02T03:04:05.678901Z", without the quotes.
void AppendJsonTime(std::string& out, absl::Time time);

// {"event_type":…, then the payload's fields, incident, id, priority, actor, traceparent}: the
// `event` of an event message (docs/protocol.md, section 5). `event` is an encoded v1.Event.
absl::Status AppendJsonEventBody(std::string& out, std::string_view event);
// The whole event: id, sequence, epoch, time, type, priority, actor, traceparent, cursor, then the
// payload's fields: the form of section 1, which ReadJsonEvent reads.
absl::Status AppendJsonEvent(std::string& out, std::string_view event);

// `incident` is an encoded v1.Incident.
absl::Status AppendJsonIncident(std::string& out, std::string_view incident);

void AppendJsonEvent(std::string& out, const v1::Event& event);
void AppendJsonIncident(std::string& out, const v1::Incident& incident);
void AppendJsonAlert(std::string& out, const v1::Alert& alert);
void AppendJsonFilter(std::string& out, const v1::Filter& filter);

}  // namespace tocsin
