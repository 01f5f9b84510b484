// event_text.h: an event as one line for people.
//
// Shape:   time, severity, type, the incident's title, what the type adds, labels, the incident's
//          id. Text from events is cleaned: none of its control characters reaches a terminal.
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

// The line, without a line break at its end.
std::string EventText(const v1::Event& event, const TextStyle& style);

// Control characters (C0, C1, DEL) as \xNN, invisible and direction-changing ones as \uNNNN, line
// breaks as \n, everything else as it is.
std::string Clean(std::string_view text);

}  // namespace tocsin::cli
