// json_writer.h: events, incidents, alerts and filters as JSON, by hand: once an event, in one pass
// (bench/json).
//
// Shape:   appends to a string; fields in the order of the schema. What the contract promises is
//          always there, empty or null if need be; the rest when it is set (json_writer.cc has the
//          table). Strings are valid UTF-8 by the schema; control characters and U+2028/9 are
//          escaped.
// Threads: pure.
// Errors:  none: a number that is not finite is written as null.
#pragma once

#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "tocsin/v1/event.pb.h"

namespace tocsin {

void AppendJsonString(std::string& out, std::string_view text);
// The shortest text that reads back as the same number; null when it is not finite.
void AppendJsonNumber(std::string& out, double number);
// RFC 3339, UTC, microseconds: "2026-01-02T03:04:05.678901Z", without the quotes.
void AppendJsonTime(std::string& out, absl::Time time);

void AppendJsonIncident(std::string& out, const v1::Incident& incident);
void AppendJsonAlert(std::string& out, const v1::Alert& alert);
void AppendJsonFilter(std::string& out, const v1::Filter& filter);
// {"event_type":…, then the payload's fields, incident, id, priority, actor, traceparent}: the
// `event` of an event message (docs/protocol.md, section 5).
void AppendJsonEventBody(std::string& out, const v1::Event& event);
// The whole event: id, sequence, epoch, time, type, priority, actor, traceparent, cursor, then the
// payload's fields: the form of section 1, which ReadJsonEvent reads.
void AppendJsonEvent(std::string& out, const v1::Event& event);

}  // namespace tocsin
