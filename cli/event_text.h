// event_text.h: an event as one line for people.
//
// Shape:   time, severity, type, the incident's title, what the type adds, labels, the incident's
//          id. Every text of others is cleaned: no control character of theirs reaches a terminal.
// Threads: pure.
#pragma once

#include <string>
#include <string_view>

#include "tocsin/v1/event.pb.h"

namespace tocsin::cli {

struct TextStyle {
  bool color = false;
  bool cursor = false;  // append the event's cursor
};

// Without a line break at its end.
std::string EventText(const v1::Event& event, const TextStyle& style);

// Control characters (C0, C1, DEL) as \xNN; line breaks as \n; the rest as it is.
std::string Clean(std::string_view text);

}  // namespace tocsin::cli
