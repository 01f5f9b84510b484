// names.h: how JSON writes the enumerations (docs/protocol.md, section 1), and reads them: without
// regard to case.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tocsin/v1/event.pb.h"

namespace tocsin {

// "incident_created", "P0", "Detected", "Firing", "AutoAssistedManual", "Critical"; "" for
// UNSPECIFIED and unknown numbers.
std::string_view NameOf(v1::EventType type);
std::string_view NameOf(v1::Severity severity);
std::string_view NameOf(v1::IncidentState state);
std::string_view NameOf(v1::IncidentType type);
std::string_view NameOf(v1::AlertStatus status);
std::string_view NameOf(v1::ResolutionMethod method);
std::string_view NameOf(v1::Priority priority);

// By descriptor, for readers that walk messages. Nothing for an unknown name, or an enum that is
// not of Tocsin's.
std::string_view EnumName(const google::protobuf::EnumDescriptor& type, int number);
std::optional<int> EnumNumber(const google::protobuf::EnumDescriptor& type, std::string_view name);
// What is allowed, in the enum's order.
std::vector<std::string> EnumNames(const google::protobuf::EnumDescriptor& type);

}  // namespace tocsin
