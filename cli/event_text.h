// event_text.h: an event as one line for people.
//
// Shape:   time, severity, type, the incident's title, what the type adds, labels, the incident's
//          id. Text from events is cleaned: none of its control characters reaches a terminal.
// Threads: pure.
#pragma once

#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "tocsin/v1/hub.pb.h"

namespace tocsin::cli {

struct TextStyle {
  absl::TimeZone zone = absl::UTCTimeZone();
  bool color = false;
  bool cursor = false;  // append the event's cursor
};

// The line, without a line break at its end.
std::string EventText(const v1::Event& event, const TextStyle& style);

// An incident of a snapshot, in the same form, with the time of its last change.
std::string SnapshotText(const v1::Incident& incident, const TextStyle& style);
// The incident that has left the set, in the same form; `cursor` and time are the event's.
std::string LeftText(const v1::Left& left, const TextStyle& style);

// What switches a terminal to the severity's colour, and back; nothing for the mild ones.
std::string_view ColorOf(v1::Severity severity);
inline constexpr std::string_view kPlainText = "\x1b[0m";

// Control characters (C0, C1, DEL) as \xNN, invisible and direction-changing ones as \uNNNN, line
// breaks as \n, everything else as it is.
std::string Clean(std::string_view text);

}  // namespace tocsin::cli
