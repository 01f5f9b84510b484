// pub_event.h: the flags of `tocsin pub TYPE` as one table, and the event that they make.
//
// Shape:   a row says which types a flag belongs to and where its value goes in the JSON of an
//          event; the event is then read by the reader that every client's JSON goes through, so
//          that a flag means what the field means.
// Threads: pure.
// Errors:  INVALID_ARGUMENT that names the flag and what is allowed.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "tocsin/v1/event.pb.h"

namespace tocsin::cli {

struct PubFlag {
  enum class Place { kEvent, kIncident, kAlert, kResolution };
  enum class Shape { kText, kTexts, kPairs, kNumber, kTrue, kFalse };

  const char* name;         // without dashes
  const char* placeholder;  // "" for kTrue and kFalse
  const char* help;
  uint32_t types;  // bit n: the EventType with number n
  Place place;
  const char* key;
  Shape shape;
};

// A name may stand in several rows, for different types.
std::span<const PubFlag> PubFlags();

// The flags that were given, with their values in order. A flag that takes no value has one value,
// which is ignored.
using GivenFlags = std::map<std::string, std::vector<std::string>>;

// "incident-created", "INCIDENT_CREATED". The error lists the types, and the closest.
absl::StatusOr<v1::EventType> ParseEventType(std::string_view text);

// Returns a valid event with an id; the id is made here when the flags give none.
absl::StatusOr<v1::Event> MakeEvent(v1::EventType type, const GivenFlags& given);

}  // namespace tocsin::cli
