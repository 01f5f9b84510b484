// event_samples.h: events for tests: one of each type, with fixed values.
#pragma once

#include <random>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "tocsin/v1/event.pb.h"

namespace tocsin {

inline constexpr char kIncidentId[] = "0190b6a5-7c1e-7000-8000-000000000001";
inline constexpr char kOtherIncidentId[] = "0190b6a5-7c1e-7000-8000-000000000002";
inline constexpr char kPlaybookId[] = "0190b6a5-7c1e-7000-8000-0000000000aa";

v1::Incident SampleIncident();
v1::Alert SampleAlert();
// As the hub would store it: sequence, epoch, time, cursor and priority are set.
v1::Event SampleEvent(v1::EventType type);
std::vector<v1::EventType> AllEventTypes();

// Sets every field of the message, and of the messages in it, to a valid value that differs from
// the default. Of a oneof, the field of `event`'s type; without a type, none.
void FillEveryField(google::protobuf::Message& message);

// An event of any type with values from a small set, so that random filters often match.
v1::Event RandomEvent(std::mt19937& random);
// A valid filter over the same values.
v1::Filter RandomFilter(std::mt19937& random);

// True when the status is an error with this code's name, field and something allowed.
std::string Describe(const absl::Status& status);  // "INVALID_FILTER filter.severities[0]"

}  // namespace tocsin
