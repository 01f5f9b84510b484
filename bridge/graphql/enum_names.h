// enum_names.h: how GraphQL writes the enumerations: P0, AUTO_ASSISTED_MANUAL, INCIDENT_CREATED.
//
// Shape:   as the schema of Protocol Buffers has them, without the enum's own name before them.
// Threads: pure.
#pragma once

#include <google/protobuf/descriptor.h>
#include <google/protobuf/generated_enum_reflection.h>

#include <string>
#include <string_view>
#include <vector>

namespace tocsin::bridge::graphql {

// "INCIDENT_STATE_" for IncidentState.
std::string EnumPrefix(std::string_view type);
// By number; "" for UNSPECIFIED.
std::vector<std::string_view> EnumNames(const google::protobuf::EnumDescriptor& type);

// "" for UNSPECIFIED and unknown numbers.
template <class Enum>
std::string_view EnumName(Enum value) {
  static const auto* const names =
      new std::vector<std::string_view>(EnumNames(*google::protobuf::GetEnumDescriptor<Enum>()));
  const auto index = static_cast<size_t>(value);
  return index < names->size() ? (*names)[index] : std::string_view();
}

}  // namespace tocsin::bridge::graphql
