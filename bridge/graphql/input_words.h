// input_words.h: what a client gives as GraphQL's input, in the words of the contract's JSON, so
// that it is read and checked by the same code as on every other way in; and the errors back again.
//
// Shape:   {"incidentIds":[…],"states":["DETECTED"]} is {"incident_ids":[…],"states":
//          ["INCIDENT_STATE_DETECTED"]}: names in snake case, enums by their full names.
// Threads: pure.
#pragma once

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "bridge/graphql/request.h"
#include "bridge/graphql/schema.h"

namespace tocsin::bridge::graphql {

// `given` has been coerced to `definitions`: the arguments of a field, or an input object's fields.
boost::json::object InContractWords(std::span<const InputValue> definitions,
                                    const boost::json::object& given);

// "filter.event_types[1]" is "filter.eventTypes[1]"; the key of a map stays as it is.
std::string InGraphqlWords(std::string_view path);

// The error with the code that GraphQL's clients look for. The field is in GraphQL's words, below
// `path` where the error is about one.
Error ErrorOf(const absl::Status& status, std::string_view path = "");

}  // namespace tocsin::bridge::graphql
