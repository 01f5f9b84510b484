// event_choice.h: which events a field of the subscription's root is for.
//
// Threads: pure.
// Errors:  BAD_USER_INPUT with the argument or the extension that is wrong.
// Source:  docs/protocol.md, sections 2, 3 and 6
#pragma once

#include <boost/json/object.hpp>
#include <optional>
#include <variant>

#include "bridge/graphql/request.h"
#include "bridge/graphql/selection_plan.h"
#include "core/event/cursor.h"
#include "core/event/filter.h"

namespace tocsin::bridge::graphql {

struct EventChoice {
  FilterPtr filter;
  std::optional<StartPoint> from;
  bool snapshot = false;
  bool leaves = false;
};

// `extensions` are the request's.
std::variant<EventChoice, Error> ChooseEvents(const PlannedField& root,
                                              const boost::json::object& extensions);

}  // namespace tocsin::bridge::graphql
